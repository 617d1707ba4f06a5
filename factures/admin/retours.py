"""Les retours du Trésor : déposer un fichier, voir ce qui en concorde et ce qui est à trancher."""

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from factures.imports import FichierRefuse
from factures.imports.lecteur_pes_retour import ENCAISSEMENTS_MAXIMUM
from factures.models import Reglement, RetourTresor
from factures.services import rapprochement
from portail.bornes import OCTETS_RETOUR
from portail.gestion.modele import AdminParCommune, Rubrique
from portail.gestion.registre import (
    Acte,
    ActeImpossible,
    Fait,
    Tableau,
    declarer_acte_de_liste,
    declarer_tableau,
)
from portail.models import Collectivite

MODELE = "factures.retourtresor"
LIGNES_MONTREES = 100


@admin.register(RetourTresor)
class RetourTresorAdmin(AdminParCommune):
    """Ce que le Trésor dit avoir reçu, fichier par fichier."""

    rubrique = Rubrique.FACTURES
    confidentiel = True
    list_display = ("libelle", "au", "lus", "concordants", "cree_le")
    fiche = ("libelle", "au", "stock", "cree_le", "lus", "concordants", "deja_vus")


class RetourForm(forms.Form):
    """Un fichier, pour toute la commune."""

    fichier = forms.FileField(
        label=_("Fichier PES Retour Recette (XML)"),
        help_text=_("Celui que la trésorerie met à disposition, sans y toucher : PES_RETOUR…xml."),
    )

    def clean_fichier(self) -> Any:
        """Borné avant d'être lu."""
        fichier = self.cleaned_data["fichier"]
        if fichier.size > OCTETS_RETOUR:
            raise forms.ValidationError(
                _("Ce fichier dépasse %(n)d Mio : demandez-le par période.") % {"n": OCTETS_RETOUR >> 20}
            )
        return fichier


def _deposer(collectivite: Collectivite, fichier: Any) -> Fait:
    try:
        retour = rapprochement.deposer(collectivite=collectivite, fichier=fichier.file, libelle=fichier.name)
    except FichierRefuse as refus:
        raise ActeImpossible(str(refus)) from refus
    except rapprochement.DejaCompare as deja:
        return Fait(_("Ce fichier a déjà été comparé : rien n'a changé."), deja.retour)
    return Fait(_("Le fichier est comparé. Aucun règlement n'a changé."), retour)


declarer_acte_de_liste(
    MODELE,
    Acte(
        "deposer",
        _("Déposer un retour du Trésor"),
        _(
            "Chaque encaissement est comparé à nos règlements. Ce qui concorde est confirmé ; le reste devient un "
            "écart que vous trancherez. Rien n'est enregistré ni corrigé seul. %(lignes)d encaissements au plus."
        )
        % {"lignes": ENCAISSEMENTS_MAXIMUM},
        _deposer,
        formulaire=RetourForm,
    ),
)


def _ecarts(retour: RetourTresor) -> Tableau:
    lus = retour.ecarts.select_related("facture").order_by("pk")[: LIGNES_MONTREES + 1]
    lignes = [(e, e.facture or e.detail, e.get_etat_display(), e.montant_ici, e.montant_la_bas) for e in lus]
    titre = _("Écarts, les %(n)d premiers") if len(lignes) > LIGNES_MONTREES else _("Écarts")
    colonnes = (_("Écart"), _("Facture"), _("État"), _("Ici"), _("Là-bas"))
    return Tableau(titre % {"n": LIGNES_MONTREES}, colonnes, lignes[:LIGNES_MONTREES])


def _confirmation(reglement: Reglement) -> Tableau:
    confirme = getattr(reglement, "confirmation", None)
    lignes = [(confirme.jour, confirme.retour or _("Un agent"), confirme.cree_le)] if confirme else []
    return Tableau(_("Confirmé par"), (_("Encaissé le"), _("Par"), _("Vu le")), lignes)


declarer_tableau(MODELE, _ecarts)
declarer_tableau("factures.reglement", _confirmation)
