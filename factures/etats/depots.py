"""La vie d'un fichier de règlements reçus ailleurs, et le sort de ses lignes."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class EtatDepot(models.TextChoices):
    """La vie d'un fichier de règlements reçus ailleurs ; rien n'en compte avant « enregistré »."""

    A_VERIFIER = "a-verifier", _("à vérifier")
    ENREGISTRE = "enregistre", _("enregistré")
    ANNULE = "annule", _("enregistrement annulé")
    ABANDONNE = "abandonne", _("abandonné")


TRANSITIONS_DEPOT: dict[EtatDepot, frozenset[EtatDepot]] = {
    EtatDepot.A_VERIFIER: frozenset({EtatDepot.ENREGISTRE, EtatDepot.ABANDONNE}),
    EtatDepot.ENREGISTRE: frozenset({EtatDepot.ANNULE}),
    EtatDepot.ANNULE: frozenset(),
    EtatDepot.ABANDONNE: frozenset(),
}
DEPOTS_VIVANTS = (EtatDepot.A_VERIFIER, EtatDepot.ENREGISTRE)


class SortReglement(models.TextChoices):
    """Ce que l'enregistrement ferait d'une ligne ; les deux premiers seuls font un règlement de ce qu'elle dit."""

    RAPPROCHE = "rapproche", _("rapproché")
    TROP_PERCU = "trop-percu", _("au-delà du dû")
    DECLARE = "declare", _("paiement en ligne à confirmer")  # PayFiP l'a annoncé sans preuve : c'est lui qui s'encaisse
    EN_LIGNE = "en-ligne", _("déjà payé en ligne")  # aucun argent de plus : la ligne le confirme
    A_TRANCHER = "a-trancher", _("à trancher")  # ni de l'argent, ni une confirmation : un écart
    DEJA_ENREGISTRE = "deja", _("déjà enregistré")
    SANS_FACTURE = "sans-facture", _("sans facture")
    FAUTIVE = "fautive", _("ligne à corriger")


REGLES = (SortReglement.RAPPROCHE, SortReglement.TROP_PERCU)
# Ceux que l'enregistrement met en face d'un paiement en ligne.
EN_FACE = (SortReglement.DECLARE, SortReglement.EN_LIGNE, SortReglement.A_TRANCHER)
ENREGISTRABLES = (*REGLES, *EN_FACE)
ECARTES = (SortReglement.SANS_FACTURE, SortReglement.FAUTIVE)
