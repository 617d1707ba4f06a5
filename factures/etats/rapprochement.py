"""Ce qui ne concorde pas entre ici et ailleurs, et ce qu'un agent en fait ; rien ne se corrige seul."""

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class GenreEcart(models.TextChoices):
    """En quoi deux comptes diffèrent. « Là-bas » : le fichier du Trésor, ou PayFiP."""

    MANQUE_ICI = "manque-ici", _("reçu là-bas, pas ici")
    MANQUE_LA_BAS = "manque-la-bas", _("reçu ici, pas là-bas")
    MONTANT = "montant", _("sommes différentes")
    DOUBLE = "double", _("reçu là-bas, déjà payé ici")
    SANS_FACTURE = "sans-facture", _("facture introuvable")
    REPRIS = "repris", _("repris par le Trésor")
    AUTREMENT = "autrement", _("soldé autrement")
    PRELEVEMENT = "prelevement", _("prélèvement sans confirmation")
    DECLARATION = "declaration", _("dite réglée, sans règlement")


class EtatEcart(models.TextChoices):
    """Un écart se règle (l'argent ou la réponse est arrivé) ou se classe, motif à l'appui."""

    OUVERT = "ouvert", _("ouvert")
    REGLE = "regle", _("réglé")
    CLASSE = "classe", _("classé")


class SourceEcart(models.TextChoices):
    """À quoi nos comptes ont été comparés."""

    TRESOR = "tresor", _("retour du Trésor")
    PAYFIP = "payfip", _("PayFiP")
    PORTAIL = "portail", _("suivi du portail")
    FICHIER = "fichier", _("fichier de règlements")


class EtatDeclaration(models.TextChoices):
    """Ce que devient « J'ai déjà payé » ; ce n'est jamais de l'argent."""

    DECLAREE = "declaree", _("à vérifier")
    CONFIRMEE = "confirmee", _("confirmée")
    NON_CONFIRMEE = "non-confirmee", _("non confirmée")


G = GenreEcart
# L'argent qu'un agent peut enregistrer tel que le fichier, du Trésor ou d'une régie, le dit.
A_ENREGISTRER = frozenset({G.MANQUE_ICI, G.DOUBLE, G.MONTANT})
# Ceux qu'un règlement d'ici peut attendre : la banque l'a confirmé, ou rejeté.
D_UN_REGLEMENT = frozenset({G.MANQUE_LA_BAS, G.MONTANT, G.PRELEVEMENT})

SUGGESTIONS: dict[GenreEcart, Promise] = {
    G.MANQUE_ICI: _("Enregistrez le règlement : l'habitant ne paiera pas une seconde fois."),
    G.MANQUE_LA_BAS: _("Demandez au comptable ce qu'est devenu ce règlement, puis confirmez-le ou rejetez-le."),
    G.MONTANT: _("Comparez les deux sommes : confirmez le règlement d'ici, ou enregistrez l'autre en plus."),
    G.DOUBLE: _("La facture était déjà payée : enregistrez cette somme, elle sera à rendre."),
    G.SANS_FACTURE: _("Désignez la facture, ou classez si elle n'est pas dans ce portail."),
    G.REPRIS: _("Rejetez le règlement correspondant : la facture redeviendra à payer."),
    G.AUTREMENT: _("Voyez s'il faut annuler ou corriger la facture : ce n'est pas un paiement."),
    G.PRELEVEMENT: _("Cherchez-le sur le relevé du compte : confirmez-le, ou rejetez-le si la banque l'a refusé."),
    G.DECLARATION: _("Cherchez ce règlement : enregistrez-le sur la facture, ou répondez que rien n'est arrivé."),
}
