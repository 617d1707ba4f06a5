"""Les réponses de PayFiP, en français (payfip.md §3.6 et §3.8)."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SENS: dict[str, Promise] = {
    "": _("Pas de réponse utilisable : PayFiP sera redemandé."),
    "idop": _("Paiement ouvert : la personne peut aller payer."),
    "P": _("Payé par carte."),
    "V": _("Prélèvement enregistré."),
    "R": _("Carte refusée par la banque."),
    "Z": _("Prélèvement refusé."),
    "A": _("Abandonné par la personne."),
    "A1": _("L'adresse mail manque : à voir avec l'exploitant."),
    "A2": _("L'adresse mail de la personne ne convient pas à PayFiP : lui demander de la changer."),
    "D1": _("L'adresse de retour ne convient pas : vérifier l'adresse du portail de la commune."),
    "M1": _("Le montant n'est pas lisible : à voir avec l'exploitant."),
    "M3": _("Le montant est inférieur à 1 €."),
    "M5": _("Le montant dépasse la limite de PayFiP : régler par un autre moyen, ou changer la limite du contrat."),
    "N1": _("L'adresse de notification ne convient pas : vérifier l'adresse du portail de la commune."),
    "P1": _("Opération inconnue, ou effacée parce que personne n'a payé."),
    "P3": _("La page de paiement a déjà servi."),
    "P4": _("La page de paiement a plus de quinze minutes."),
    "P5": _("Pas encore de résultat."),
    "R3": _("La référence de la facture n'a pas la forme attendue : corriger la facture."),
    "S1": _("Le mode (test, activation, production) ne convient pas : vérifier le contrat."),
    "T1": _("Le numéro de client n'a pas la bonne forme : vérifier le contrat."),
    "T2": _("PayFiP ne connaît pas ce numéro de client : vérifier le contrat avec la DGFiP."),
    "T4": _("Ce numéro de client n'a pas accès au service web : changer de transport, ou demander l'accès à la DGFiP."),
    "999": _("Erreur technique de PayFiP."),
}
MUET_AU_DEPART = _("Pas de réponse utilisable : le paiement n'a pas commencé, et personne n'a pu aller payer.")
INCONNUE = _("Réponse que nous ne connaissons pas : à demander à la DGFiP, rien n'est conclu.")


def sens(code: str, *, au_depart: bool = False) -> Promise:
    """Ce que veut dire cette réponse, et qui peut y faire quelque chose ; un départ manqué n'est jamais redemandé."""
    return MUET_AU_DEPART if au_depart and not code else SENS.get(code, INCONNUE)
