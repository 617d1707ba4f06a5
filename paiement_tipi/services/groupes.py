"""Plusieurs factures en un seul paiement : ce qui va ensemble, ce qui n'y va pas et pourquoi, et le départ."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from comptes.models import Usager
from factures.etats import Empechement
from factures.etats.explications import EXPLICATIONS
from factures.models import Facture, FactureQuerySet
from paiement_tipi import references
from paiement_tipi.client import Guichet
from paiement_tipi.models import ContratTipi, Paiement, PartPaiement
from paiement_tipi.services.demarrage import meme_envoi, partir
from paiement_tipi.valeurs import LONGUEUR_OBJET, nettoyer_objet
from portail.bornes import FACTURES_PAR_PAIEMENT
from portail.journal import noter
from portail.models import Collectivite, ModeRegie, Regie

SEULE = _("Ce service ne permet pas de payer plusieurs factures à la fois.")
AUTRE_SERVICE = _("Elle est d'un autre service : payez-la ensuite.")
TROP_NOMBREUSES = _("Il y a trop de factures pour un seul paiement : payez-la ensuite.")
SOMME_TROP_ELEVEE = _("La somme serait trop élevée pour un seul paiement : payez-la ensuite.")


@dataclass(frozen=True)
class Ecartee:
    """Une facture qui ne peut pas partir avec les autres, et pourquoi."""

    facture: Facture
    raison: Promise


@dataclass(frozen=True)
class Groupe:
    """Les factures qui partent ensemble, dans l'ordre de leur échéance, et celles qui restent."""

    retenues: list[Facture]
    ecartees: list[Ecartee]

    @property
    def total(self) -> Decimal:
        """Ce qui sera demandé à PayFiP."""
        return sum((facture.reste_du for facture in self.retenues), Decimal(0))

    @property
    def regie(self) -> Regie | None:
        """Le service qu'elles ont en commun."""
        return self.retenues[0].regie if self.retenues else None

    @property
    def en_essai(self) -> bool:
        """Vrai si les payer ne les réglera pas."""
        return self.regie is not None and bool(self.regie.contrat_tipi.en_essai)

    @property
    def choix(self) -> str:
        """La sélection, telle que l'écrit l'adresse de la page qui la confirme."""
        return urlencode([("facture", str(facture.uuid)) for facture in self.retenues])

    @property
    def possible(self) -> bool:
        """Seule, une facture se paie sous sa propre référence."""
        return len(self.retenues) > 1


class GroupeChange(Exception):
    """Ce qui partirait n'est plus ce que la personne a vu ; ``groupe`` est ce qui peut partir."""

    def __init__(self, groupe: Groupe) -> None:
        super().__init__("le groupe a changé")
        self.groupe = groupe


def composer(factures: Iterable[Facture]) -> Groupe:
    """Retient, par échéance, celles qui se paient ensemble ; chacune des autres dit pourquoi (``avec_etat``)."""
    retenues: list[Facture] = []
    ecartees: list[Ecartee] = []
    for facture in sorted(factures, key=par_echeance):
        raison = _raison(facture, retenues)
        if raison:
            ecartees.append(Ecartee(facture, raison))
        else:
            retenues.append(facture)
    return Groupe(retenues, ecartees)


def par_echeance(facture: Facture) -> tuple[date, date, int]:
    """La plus urgente d'abord."""
    return facture.date_echeance or date.max, facture.date_emission, facture.pk


def _raison(facture: Facture, retenues: list[Facture]) -> Promise | None:
    """Pourquoi elle ne peut pas rejoindre celles-ci."""
    if facture.empechement:
        return EXPLICATIONS[Empechement(facture.empechement)].phrase
    if not facture.groupable:
        return SEULE
    somme = sum((autre.reste_du for autre in retenues), facture.reste_du)
    refus = {
        AUTRE_SERVICE: bool(retenues) and facture.regie_id != retenues[0].regie_id,
        TROP_NOMBREUSES: len(retenues) >= FACTURES_PAR_PAIEMENT,
        SOMME_TROP_ELEVEE: bool(retenues) and somme > facture.regie.contrat_tipi.maximum,
    }
    return next((raison for raison, vraie in refus.items() if vraie), None)


def demarrer_groupe(*, factures: list[Facture], usager: Usager, formulaire: UUID, vu: Decimal, guichet: Guichet) -> str:
    """L'adresse de la page PayFiP d'un paiement de toutes ces ``factures``, pour la somme ``vu`` et pas une autre.

    GroupeChange si l'une ne peut plus partir ou si la somme n'est plus la même : rien n'est commencé. Pour le reste,
    comme ``demarrer_paiement``.
    """
    adresse = meme_envoi(factures[0], usager, formulaire)
    if adresse is not None:
        return adresse
    try:
        paiement = _ouvrir(factures, usager, formulaire, vu)
    except GroupeChange:
        # L'autre clic a pu s'ouvrir juste avant nous.
        adresse = meme_envoi(factures[0], usager, formulaire)
        if adresse is None:
            raise
        return adresse
    return partir(paiement, factures[0].collectivite, guichet)


def _ouvrir(factures: list[Facture], usager: Usager, formulaire: UUID, vu: Decimal) -> Paiement:
    """La tentative et ses parts. Le verrou, pris dans l'ordre des clés, fige les sommes ; l'index unique tient."""
    collectivite, cles = factures[0].collectivite, [facture.pk for facture in factures]
    try:
        with transaction.atomic():
            list(Facture.objects.select_for_update(of=("self",)).filter(pk__in=cles).order_by("pk"))
            groupe = relire(cles, usager, collectivite)
            if len(groupe.retenues) != len(cles) or groupe.total != vu or not groupe.possible:
                raise GroupeChange(groupe)
            return _creer(groupe, usager, formulaire)
    except IntegrityError as erreur:
        raise GroupeChange(relire(cles, usager, collectivite)) from erreur


def relire(cles: list[int], usager: Usager, chez: Collectivite) -> Groupe:
    """Le groupe que font maintenant ces factures, de celles que cette personne voit encore."""
    return composer(a_composer(usager, chez).filter(pk__in=cles))


def a_composer(usager: Usager, chez: Collectivite) -> FactureQuerySet:
    """Les factures de cette personne, avec leur état et ce que le contrat de leur service permet."""
    siennes = Facture.objects.de(usager, chez=chez).select_related("regie__contrat_tipi")
    return siennes.avec_etat(chez.aujourd_hui(), pour=usager)


def _creer(groupe: Groupe, usager: Usager, formulaire: UUID) -> Paiement:
    premiere, identifiant = groupe.retenues[0], uuid4()
    contrat = ContratTipi.objects.get(regie=premiere.regie_id)
    paiement = Paiement.objects.create(
        uuid=identifiant,
        collectivite_id=premiere.collectivite_id,
        contrat=contrat,
        usager=usager,
        formulaire=formulaire,
        transport=contrat.transport,
        numcli=contrat.numcli,
        saisie=contrat.saisie,
        exer=str(max(facture.exercice or facture.date_emission.year for facture in groupe.retenues)),
        refdet=references.groupee(identifiant),
        objet=_objet(premiere.regie, groupe.retenues),
        montant=groupe.total,
        mel=usager.email,
    )
    PartPaiement.objects.bulk_create(
        PartPaiement(
            paiement=paiement, facture=facture, collectivite_id=facture.collectivite_id, montant=facture.reste_du
        )
        for facture in groupe.retenues
    )
    return paiement


def _objet(regie: Regie, factures: list[Facture]) -> str:
    """« Eau et assainissement 3 factures 2026 1 2026 2 2026 3 » : autant de numéros entiers qu'il en tient."""
    nombre = ngettext("%(nombre)d facture", "%(nombre)d factures", len(factures)) % {"nombre": len(factures)}
    objet = nettoyer_objet(f"{regie.libelle} {nombre}")
    for facture in factures:
        suite = f"{objet} {nettoyer_objet(facture.numero)}"
        if len(suite) > LONGUEUR_OBJET:
            break
        objet = suite
    return objet


@transaction.atomic
def permettre_les_groupes(*, contrat: ContratTipi, permis: bool, motif: str) -> bool:
    """Permet, ou non, de payer plusieurs factures de ce service à la fois ; faux si rien ne change."""
    tenu = ContratTipi.objects.select_for_update(of=("self",)).select_related("regie").get(pk=contrat.pk)
    if tenu.groupes == permis or (permis and tenu.regie.mode != ModeRegie.REGIE):
        return False
    ContratTipi.objects.filter(pk=tenu.pk).update(groupes=permis)
    contrat.groupes = permis
    noter("contrat.groupes", sur=tenu, avant={"groupes": tenu.groupes}, apres={"groupes": permis, "motif": motif})
    return True
