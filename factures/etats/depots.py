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
    """Ce que l'enregistrement ferait d'une ligne ; les deux premiers seuls font un règlement."""

    RAPPROCHE = "rapproche", _("rapproché")
    TROP_PERCU = "trop-percu", _("au-delà du dû")
    DEJA_ENREGISTRE = "deja", _("déjà enregistré")
    SANS_FACTURE = "sans-facture", _("sans facture")
    FAUTIVE = "fautive", _("ligne à corriger")
