"""Ce qu'un agent décide d'un écart ; chaque acte le tient, fait ce qu'il dit, et le clôt."""

from django.db import transaction
from django.utils.translation import gettext as _

from factures.etats import Sens, Statut
from factures.etats.rapprochement import A_ENREGISTRER, D_UN_REGLEMENT, EtatEcart, GenreEcart, SourceEcart
from factures.models import Ecart, Facture, Reglement
from factures.services.rapprochement.declarations import repondre_que_non
from factures.services.rapprochement.ecarts import EcartIndisponible, clore, confirmation, tenir
from factures.services.reglements import Recu, ReglementImpossible, enregistrer, rejeter


@transaction.atomic
def classer(*, ecart: Ecart, motif: str) -> None:
    """Plus rien à en faire, et pourquoi ; aucun argent ne bouge."""
    clore(tenir(ecart), vers=EtatEcart.CLASSE, motif=motif)


@transaction.atomic
def enregistrer_le_manquant(*, ecart: Ecart, moyen: str) -> None:
    """Encaisse la somme que le fichier dit reçue, à son jour, et la tient pour confirmée par lui."""
    tenu = tenir(ecart)
    if not s_enregistre(tenu) or tenu.facture is None or tenu.jour is None:
        raise EcartIndisponible(_("Cet écart n'a pas de somme à enregistrer."))
    bordereau = tenu.ligne.bordereau if tenu.ligne else ""
    recu = Recu(moyen, tenu.montant_la_bas, tenu.jour, bordereau, tenu.reference)
    enregistrer(facture=tenu.facture, recu=recu)
    reglement = tenu.facture.reglements.filter(
        origine__startswith=recu.cle, sens=Sens.ENCAISSEMENT, reprise__isnull=True
    ).get()
    retrouver(tenu, reglement)


def s_enregistre(ecart: Ecart) -> bool:
    """Vrai si un fichier dit une somme reçue ; PayFiP, lui, redit ce qui est déjà encaissé."""
    return ecart.genre in A_ENREGISTRER and ecart.source in {SourceEcart.TRESOR, SourceEcart.FICHIER}


def retrouver(tenu: Ecart, reglement: Reglement) -> None:
    """Le règlement que disait l'écart, tenu, est enregistré : il le confirme et se clôt."""
    _confirmer(tenu, reglement)
    clore(tenu, vers=EtatEcart.REGLE, motif=_("Règlement enregistré"))


@transaction.atomic
def confirmer(*, ecart: Ecart) -> None:
    """Le règlement d'ici est bien arrivé, l'agent l'a vu : il n'est plus attendu."""
    tenu = tenir(ecart)
    _confirmer(tenu, _reglement(tenu))
    clore(tenu, vers=EtatEcart.REGLE, motif=_("Règlement confirmé"))


@transaction.atomic
def rejeter_le_reglement(*, ecart: Ecart, motif: str) -> None:
    """La banque l'a refusé, ou le Trésor l'a repris : la somme redevient due, avec son histoire."""
    tenu = tenir(ecart)
    reglement = _reglement(tenu)
    try:
        rejeter(reglement=reglement, motif=motif)
    except ReglementImpossible as refus:
        raise EcartIndisponible(_("Une partie de cet argent a déjà été rendue : voyez avec la trésorerie.")) from refus
    if tenu.genre == GenreEcart.REPRIS:
        _confirmer(tenu, Reglement.objects.get(reprend=reglement))
    clore(tenu, vers=EtatEcart.REGLE, motif=_("Règlement rejeté"))


@transaction.atomic
def designer(*, ecart: Ecart, numero: str) -> None:
    """Dit de quelle facture, par son numéro ou sa référence, est la somme vue là-bas ; elle reste à enregistrer."""
    tenu = tenir(ecart)
    if tenu.genre != GenreEcart.SANS_FACTURE:
        raise EcartIndisponible(_("Cet écart a déjà sa facture."))
    lisibles = Facture.objects.filter(collectivite=tenu.collectivite_id).exclude(statut=Statut.BROUILLON)
    trouvees = list((lisibles.filter(numero=numero) | lisibles.filter(reference=numero))[:2])
    if len(trouvees) != 1:
        raise EcartIndisponible(_("Aucune facture, ou plusieurs, n'ont ce numéro ou cette référence."))
    situer(tenu, trouvees[0])


def situer(tenu: Ecart, facture: Facture) -> None:
    """La facture d'une somme qui n'en avait pas."""
    paye = not facture.reste_du
    tenu.facture, tenu.genre = facture, GenreEcart.DOUBLE if paye else GenreEcart.MANQUE_ICI
    tenu.save(update_fields=["facture", "genre"])


@transaction.atomic
def infirmer(*, ecart: Ecart) -> None:
    """« Rien n'est arrivé » : la personne est prévenue, et la facture redevient à payer pour elle."""
    tenu = tenir(ecart)
    if tenu.declaration is None or not repondre_que_non(tenu.declaration):
        raise EcartIndisponible(_("La personne a déjà sa réponse."))
    clore(tenu, vers=EtatEcart.REGLE, motif=_("Aucun règlement trouvé : la personne est prévenue"))


def _reglement(tenu: Ecart) -> Reglement:
    if tenu.reglement is None or tenu.genre not in D_UN_REGLEMENT | {GenreEcart.REPRIS}:
        raise EcartIndisponible(_("Cet écart ne vise aucun règlement d'ici."))
    return tenu.reglement


def _confirmer(tenu: Ecart, reglement: Reglement) -> None:
    if not hasattr(reglement, "confirmation"):
        confirmation(reglement, tenu.cle, jour=tenu.jour, retour=tenu.retour).save(force_insert=True)
