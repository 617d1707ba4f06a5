"""Remplir une installation d'essai de factures plausibles, par milliers à la seconde."""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection, transaction

from comptes.models import Redevable
from factures.models import Facture, LigneFacture, Reglement
from factures.services.peuplement.habitants import SOURCE, creer_habitants, marquer_quelques_unes
from factures.services.peuplement.insertion import inserer, reserver
from factures.services.peuplement.lignes import FACTURE, LIGNE, REGLEMENT, Commune
from factures.services.peuplement.tirage import REDEVABLES_PAR_CENT, SERVICES, redevable_de, tirer
from portail.env import est_boucle_locale
from portail.journal import noter
from portail.models import Collectivite, Regie

PAR_LOT = 10_000


class PeuplementRefuse(Exception):
    """Cette installation n'est pas une installation d'essai."""


@transaction.atomic
def peupler(
    *, collectivite: Collectivite, factures: int, graine: int = 1, progres: Callable[[int], None] = lambda _faites: None
) -> None:
    """Ajoute ``factures`` factures et leurs redevables à cette commune, à la suite de celles déjà peuplées.

    Une seule transaction : interrompue, elle n'a rien écrit. PeuplementRefuse hors d'une installation d'essai.
    """
    _exiger_un_essai()
    commune = Commune(collectivite.pk, _services(collectivite), collectivite.aujourd_hui())
    debut = _premier_rang(collectivite)
    fin = debut + factures
    for rang in range(debut, fin, PAR_LOT):
        _ajouter(commune, collectivite, f"{graine}:{collectivite.lien}", range(rang, min(rang + PAR_LOT, fin)))
        progres(min(rang + PAR_LOT, fin) - debut)
    noter(
        "collectivite.peuplee",
        sur=collectivite,
        collectivite=collectivite.pk,
        apres={"factures": factures, "premier_rang": debut, "graine": graine},
    )
    with connection.cursor() as curseur:
        curseur.execute("ANALYZE")


def _exiger_un_essai() -> None:
    """Ni le réglage seul, ni la base seule : une base de production garde l'adresse publique de ses communes."""
    if not settings.DEMO:
        raise PeuplementRefuse("Cette commande n'existe que pour la démonstration (DEMO=1).")
    for nom, adresse in Collectivite.objects.values_list("nom", "adresse"):
        if not est_boucle_locale(urlsplit(adresse).hostname or ""):
            raise PeuplementRefuse(
                f"« {nom} » a une adresse publique ({adresse}) : ce n'est pas une base d'essai, rien n'y est écrit."
            )


def _services(collectivite: Collectivite) -> dict[str, int]:
    """Les services qui manquent à la commune sont créés, sans contrat : on n'y paie pas en ligne."""
    regies = (
        Regie.objects.get_or_create(collectivite=collectivite, code=code, defaults={"libelle": service.libelle})[0]
        for code, service in SERVICES.items()
    )
    return {regie.code: regie.pk for regie in regies}


def _premier_rang(collectivite: Collectivite) -> int:
    """Au début d'une centaine : un redevable déjà peuplé ne reçoit plus rien."""
    redevables = Redevable.objects.filter(collectivite=collectivite, source=SOURCE).count()
    return -(-redevables // REDEVABLES_PAR_CENT) * 100


def _ajouter(commune: Commune, collectivite: Collectivite, graine: str, rangs: range) -> None:
    """Un lot : ses redevables et leurs personnes, ses factures, puis ce qui leur est arrivé."""
    redevables = creer_habitants(collectivite, range(redevable_de(rangs[0]), redevable_de(rangs[-1]) + 1))
    tirages = list(zip(reserver(Facture, len(rangs)), (tirer(graine, rang) for rang in rangs), strict=True))
    inserer(Facture, FACTURE, (commune.facture(cle, t, redevables[redevable_de(t.rang)].pk) for cle, t in tirages))
    inserer(LigneFacture, LIGNE, (ligne for tirage in tirages for ligne in commune.lignes(*tirage)))
    inserer(Reglement, REGLEMENT, (recu for tirage in tirages for recu in commune.reglements(*tirage)))
    marquer_quelques_unes(collectivite, [cle for cle, tirage in tirages if tirage.issue == "impayee"])
