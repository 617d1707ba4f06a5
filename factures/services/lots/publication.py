"""Publier un lot : des brouillons invisibles préparés par paquets, puis un seul ``UPDATE`` qui les montre tous."""

from itertools import islice
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Max, Sum
from django.utils import timezone

from comptes.models import Redevable
from factures.argent import en_centimes
from factures.etats import Avis, EtatLot, SortLigne, Statut
from factures.models import Facture, FactureQuerySet, LigneImport, LotImport
from factures.services.lots.comparaison import COPIES, IDENTITE
from factures.services.lots.corrections import Perime, corriger_les_factures, corriger_les_redevables
from factures.services.lots.etapes import PATIENCE_SECONDES, exiger, passer, verrouiller
from portail.taches import lancer, progresser

PAR_TRANCHE = 5000
PREVENIR = "factures.tasks.prevenir_les_habitants"

# La base recopie elle-même les lignes étagées ; « DO NOTHING » rend la préparation rejouable, et laisse au compte
# final le soin de voir qu'une autre facture a pris entre-temps le même numéro ou la même référence.
_COPIES = (*COPIES, "nature", "pdf")
_BROUILLONS = f"""
INSERT INTO factures_facture (uuid, collectivite_id, regie_id, redevable_id, lot_id, statut, motif_annulation,
    reste_du, trop_percu, {", ".join(_COPIES)})
SELECT l.facture, l.collectivite_id, %s, r.id, l.lot_id, 'brouillon', '',
    CASE WHEN l.montant > 0 THEN l.montant ELSE 0 END, 0, {", ".join(f"l.{nom}" for nom in _COPIES)}
FROM factures_ligneimport l
JOIN comptes_redevable r
    ON r.collectivite_id = l.collectivite_id AND r.source = l.source AND r.code = l.code_redevable
WHERE l.lot_id = %s AND l.sort = 'nouvelle' AND l.rang > %s AND l.rang <= %s
ORDER BY l.rang
ON CONFLICT DO NOTHING
"""  # noqa: S608  # des noms de colonnes écrits plus haut


class PublicationImpossible(Exception):
    """La phrase dit pourquoi, et quoi faire ; rien n'est publié."""


def publier(*, lot: LotImport, malgre_les_rejets: bool = False) -> bool:
    """Publie tout le lot ou rien ; vrai pour l'unique appel qui l'a fait, faux s'il l'était déjà.

    Interrompue, la publication reprend où elle en était ; jusqu'au dernier ``UPDATE`` personne ne voit rien.
    ``malgre_les_rejets`` laisse de côté les lignes rejetées ou en conflit, que quelqu'un a acceptées de perdre.
    """
    if not _commencer(lot, malgre_les_rejets=malgre_les_rejets):
        return False
    dernier = _dernier_rang(lot)
    for debut in range(0, dernier, PAR_TRANCHE):
        progresser()
        if not _preparer(lot, debut, debut + PAR_TRANCHE):
            return False
        LotImport.objects.filter(pk=lot.pk).update(avancement=min(99, (debut + PAR_TRANCHE) * 100 // dernier))
    progresser(pour=PATIENCE_SECONDES)
    try:
        return _montrer(lot)
    except Perime as perime:
        _revenir_a_l_apercu(lot, str(perime))
        raise PublicationImpossible(str(perime)) from perime


@transaction.atomic
def _commencer(lot: LotImport, *, malgre_les_rejets: bool) -> bool:
    tenu = verrouiller(lot)
    if tenu.etat == EtatLot.PUBLIE:
        lot.refresh_from_db()
        return False
    exiger(tenu, EtatLot.A_VERIFIER, EtatLot.EN_PUBLICATION)
    if tenu.etat == EtatLot.A_VERIFIER:
        exiger_complet(tenu, malgre_les_rejets=malgre_les_rejets)
    passer(lot, vers=EtatLot.EN_PUBLICATION)
    return True


def exiger_complet(lot: LotImport, *, malgre_les_rejets: bool) -> None:
    """``PublicationImpossible`` si des lignes seraient perdues sans que quelqu'un l'ait accepté."""
    if lot.a_corriger and not malgre_les_rejets:
        raise PublicationImpossible(f"{lot.a_corriger} ligne(s) à corriger : rien n'est publié.")


def _dernier_rang(lot: LotImport) -> int:
    return LigneImport.objects.filter(lot=lot).aggregate(dernier=Max("rang", default=0))["dernier"] or 0


@transaction.atomic
def _preparer(lot: LotImport, apres: int, jusqu_a: int) -> bool:
    """Les redevables et les brouillons d'une tranche ; faux si un autre appel a déjà publié."""
    tenu = verrouiller(lot)
    if tenu.etat == EtatLot.PUBLIE:
        return False
    exiger(tenu, EtatLot.EN_PUBLICATION)
    _creer_les_redevables(lot, rang__gt=apres, rang__lte=jusqu_a)
    with connection.cursor() as curseur:
        curseur.execute(_BROUILLONS, [tenu.regie_id, tenu.pk, apres, jusqu_a])
    return True


def _creer_les_redevables(lot: LotImport, **rangs: int) -> None:
    """Ceux qu'aucun fichier n'avait nommés ; tous au papier, même ceux dont le fichier donne une adresse mail."""
    lignes = LigneImport.objects.filter(lot=lot, sort=SortLigne.NOUVELLE, redevable_nouveau=True, **rangs)
    # La dernière ligne d'un redevable est la plus récente.
    par_code = {(ligne.source, ligne.code_redevable): ligne for ligne in lignes.order_by("rang")}
    Redevable.objects.bulk_create(
        (
            Redevable(
                collectivite_id=ligne.collectivite_id,
                source=source,
                code=code,
                **{champ: getattr(ligne, champ) for champ in IDENTITE},
            )
            for (source, code), ligne in par_code.items()
        ),
        batch_size=1000,
        ignore_conflicts=True,
    )


@transaction.atomic
def _montrer(lot: LotImport) -> bool:
    """L'instant où tout devient visible ; ``Perime`` si la base a changé depuis l'analyse."""
    tenu = verrouiller(lot)
    if tenu.etat != EtatLot.EN_PUBLICATION:
        return False
    brouillons = Facture.objects.filter(lot=lot, statut=Statut.BROUILLON)
    if _totaux(brouillons) != tenu.bilan[SortLigne.NOUVELLE]:
        raise Perime
    corriger_les_factures(lot)
    corriger_les_redevables(lot)
    maintenant = timezone.now()
    brouillons.update(statut=Statut.PUBLIEE, publiee_le=maintenant)
    if tenu.avis == Avis.ENVOYES:
        lancer(PREVENIR, lot=tenu.pk)
    progresser()
    return passer(lot, vers=EtatLot.PUBLIE, publie_le=maintenant, bilan=tenu.bilan, motif="", avancement=0)


def _totaux(factures: Any) -> dict[str, int]:
    totaux = factures.aggregate(nombre=Count("pk"), total=Sum("montant"))
    return {"nombre": totaux["nombre"], "centimes": en_centimes(totaux["total"]) if totaux["nombre"] else 0}


@transaction.atomic
def _revenir_a_l_apercu(lot: LotImport, motif: str) -> None:
    exiger(verrouiller(lot), EtatLot.EN_PUBLICATION)
    retirer_les_brouillons(lot)
    passer(lot, vers=EtatLot.A_VERIFIER, motif=motif, avancement=0)


def retirer_les_brouillons(lot: LotImport) -> None:
    """Ce que personne n'a vu, et qui n'a jamais porté d'argent, disparaît."""
    effacer(Facture.objects.filter(lot=lot, statut=Statut.BROUILLON))


def effacer(factures: FactureQuerySet) -> None:
    """Par paquets : les effacer demande à Django de les tenir en mémoire."""
    cles = iter(list(factures.order_by("pk").values_list("pk", flat=True)))
    while paquet := list(islice(cles, 1000)):
        Facture.objects.filter(pk__in=paquet).delete()
