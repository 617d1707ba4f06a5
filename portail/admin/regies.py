"""Ce qu'un agent fait d'un service."""

from typing import Any

from django.forms import model_to_dict
from django.utils.translation import gettext_lazy as _

from portail import services
from portail.admin import formulaires
from portail.admin.communes import ENREGISTRE, RIEN
from portail.gestion.registre import (
    Acte,
    ActeImpossible,
    Fait,
    Tableau,
    Texte,
    declarer_acte,
    declarer_acte_de_liste,
    declarer_tableau,
)
from portail.models import Collectivite, Regie


def _ajouter(collectivite: Collectivite, **champs: str) -> Fait:
    regie = services.ajouter_un_service(collectivite=collectivite, **champs)
    return Fait(_("Le service est ajouté. Donnez maintenant son contrat PayFiP."), regie)


def _renommer(regie: Regie, **champs: str) -> Texte:
    return ENREGISTRE if services.renommer_un_service(regie=regie, **champs) else RIEN


def _changer_de_mode(regie: Regie, **champs: str) -> Texte:
    return ENREGISTRE if services.changer_de_mode(regie=regie, **champs) else RIEN


def _regler_les_moyens(regie: Regie, **champs: Any) -> Texte:
    return ENREGISTRE if services.regler_les_moyens(regie=regie, **champs) else RIEN


def _tableau_des_moyens(regie: Regie) -> Tableau:
    lignes = [(moyen.titre, " · ".join(map(str, moyen.lignes))) for moyen in regie.tous_les_moyens()]
    return Tableau(_("Payer sans internet"), (_("Moyen"), _("Ce que lisent les habitants")), lignes)


def _fermer(regie: Regie) -> Texte:
    if not services.fermer_un_service(regie=regie):
        raise ActeImpossible(_("Ce service est déjà fermé."))
    return _("Le service est fermé. Ses factures restent lisibles, et payables.")


def _rouvrir(regie: Regie) -> Texte:
    if not services.rouvrir_un_service(regie=regie):
        raise ActeImpossible(_("Ce service n'est pas fermé."))
    return _("Le service est rouvert.")


def _supprimer(regie: Regie) -> Fait:
    if not services.supprimer_un_service(regie=regie):
        raise ActeImpossible(_("Ce service a déjà un contrat ou des factures : il ne s'efface plus. Fermez-le."))
    return Fait(_("Le service est supprimé."))


ACTES = (
    Acte(
        "renommer",
        _("Renommer"),
        _("Le nom du service est sur chaque facture, dans les filtres et sur les documents."),
        _renommer,
        formulaire=formulaires.LibelleForm,
        initial=lambda regie: {"libelle": regie.libelle},
        surveille=True,
    ),
    Acte(
        "mode",
        _("Changer le mode de recouvrement"),
        _("Les mots des documents et les références des prochaines factures en dépendent : demandez au comptable."),
        _changer_de_mode,
        formulaire=formulaires.ModeForm,
        initial=lambda regie: {"mode": regie.mode},
        surveille=True,
    ),
    Acte(
        "moyens",
        _("Dire comment payer sans internet"),
        _("Ce qui est rempli se lit sur chaque facture, et d'abord sur celles qui ne se paient pas en ligne."),
        _regler_les_moyens,
        formulaire=formulaires.MoyensForm,
        initial=lambda regie: model_to_dict(regie, formulaires.MoyensForm.base_fields),
        surveille=True,
    ),
    Acte(
        "fermer",
        _("Fermer le service"),
        _("Il ne recevra plus de factures. Celles qu'il a restent lisibles, et payables : pour l'empêcher, suspendez."),
        _fermer,
        refus=lambda regie: _("Ce service est déjà fermé.") if regie.fermee_le else "",
        danger=True,
    ),
    Acte(
        "rouvrir",
        _("Rouvrir le service"),
        _("Il pourra de nouveau recevoir des factures."),
        _rouvrir,
        refus=lambda regie: "" if regie.fermee_le else _("Ce service n'est pas fermé."),
    ),
    Acte(
        "supprimer",
        _("Supprimer"),
        _("Un service ajouté par erreur disparaît. S'il a déjà un contrat ou des factures, il ne peut que se fermer."),
        _supprimer,
        refus=lambda regie: "" if regie.fermee_le else _("Fermez d'abord ce service."),
        danger=True,
    ),
)
for acte in ACTES:
    declarer_acte("portail.regie", acte)
declarer_acte_de_liste(
    "portail.regie",
    Acte(
        "ajouter",
        _("Ajouter un service"),
        _("Un service qui facture : eau, restauration scolaire, crèche… Ses factures s'importent ensuite."),
        _ajouter,
        formulaire=formulaires.ServiceForm,
    ),
)
declarer_tableau("portail.regie", _tableau_des_moyens)
