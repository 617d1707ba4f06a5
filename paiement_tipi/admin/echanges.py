"""Ce qui s'est dit avec PayFiP, et quand il n'a pas répondu : de quoi expliquer un paiement à qui le demande."""

from django.contrib import admin
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from paiement_tipi.fautes import sens
from paiement_tipi.models import EchangePayfip, Operation, Paiement
from portail.gestion.champs import COMPTABLES
from portail.gestion.modele import AdminParCommune, Rubrique
from portail.gestion.registre import Reservee, Tableau, declarer_tableau


@admin.register(EchangePayfip)
class EchangePayfipAdmin(AdminParCommune):
    """Chaque question à PayFiP et sa réponse, sans l'adresse mail."""

    rubrique = Rubrique.PAIEMENT
    confidentiel = True
    lecteurs = COMPTABLES
    list_display = ("le", "paiement", "operation", "code", "sens", "fois", "dernier_le")
    list_filter = ("operation",)
    list_select_related = ("paiement",)
    fiche = ("paiement", "operation", "code", "sens", "texte", "fois", "le", "dernier_le", "contenu")
    export = ("paiement", "operation", "code", "sens", "texte", "fois", "le", "dernier_le")

    @admin.display(description=_("ce que cela veut dire"))
    def sens(self, echange: EchangePayfip) -> str:
        return str(_sens(echange))


def _sens(echange: EchangePayfip) -> Promise:
    return sens(echange.code, au_depart=echange.operation == Operation.CREER)


def _echanges(paiement: Paiement) -> Tableau:
    lignes = [(e, e.dernier_le, e.fois, e.code or "\N{EM DASH}", _sens(e)) for e in paiement.echanges.order_by("pk")]
    reponse, sens_ = (Reservee(titre, COMPTABLES) for titre in (_("Réponse"), _("Ce que cela veut dire")))
    colonnes = (_("Demande"), _("Dernière fois"), _("Fois"), reponse, sens_)
    return Tableau(_("Échanges avec PayFiP"), colonnes, lignes)


declarer_tableau("paiement_tipi.paiement", _echanges)
