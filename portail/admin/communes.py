"""La commune, ses services, ses agents ; pour l'exploitant, toutes les communes."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.forms import model_to_dict
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from portail import services
from portail.gestion.droits import acces
from portail.gestion.modele import ENCADREMENT, AdminParCommune, Rubrique
from portail.gestion.registre import (
    Acte,
    ActeImpossible,
    Tableau,
    declarer_acte,
    declarer_tableau,
)
from portail.models import Affectation, Collectivite, Hote, Regie, valider_couleur


class CollectiviteForm(forms.Form):
    """Comment joindre la commune, et sa couleur."""

    telephone = forms.CharField(label=_("Téléphone"), max_length=30)
    horaires = forms.CharField(label=_("Horaires"), max_length=200)
    couleur = forms.CharField(label=_("Couleur"), max_length=7, validators=[valider_couleur])


class LibelleForm(forms.Form):
    """Le nom d'un service."""

    libelle = forms.CharField(label=_("Nom du service"), max_length=80)


@admin.register(Collectivite)
class CollectiviteAdmin(AdminParCommune):
    """La sienne ; toutes, pour l'exploitant de l'installation."""

    chemin_collectivite = "pk"
    pluriel: Any = _("Communes")
    list_display = ("nom", "lien", "adresse", "telephone", "par_defaut")
    fiche = ("nom", "lien", "adresse", "par_defaut", "telephone", "horaires", "couleur", "fuseau")
    ordering = ("nom",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        droit = acces(request)
        toutes = droit is not None and droit.installation
        return Collectivite.objects.order_by(*self.ordering) if toutes else super().get_queryset(request)

    def de_la_commune(self, tous: QuerySet[Any], collectivite: Collectivite) -> QuerySet[Any]:
        return tous.filter(pk=collectivite.pk)


@admin.register(Hote)
class HoteAdmin(AdminParCommune):
    """Les noms d'hôte de chaque commune."""

    rubrique = Rubrique.INSTALLATION
    installation = True
    list_display = ("nom", "collectivite")
    list_select_related = ("collectivite",)
    fiche = ("nom", "collectivite")


@admin.register(Regie)
class RegieAdmin(AdminParCommune):
    """Les services qui facturent."""

    list_display = ("libelle", "code", "mode", "paiement_suspendu")
    list_filter = ("mode", "paiement_suspendu")
    list_select_related = ("collectivite",)
    fiche = ("libelle", "code", "mode", "paiement_suspendu")
    ordering = ("libelle",)


@admin.register(Affectation)
class AffectationAdmin(AdminParCommune):
    """Les agents de la commune et leur rôle."""

    lecteurs = ENCADREMENT
    list_display = ("agent", "role")
    list_filter = ("role",)
    list_select_related = ("usager", "collectivite")
    fiche = ("agent", "adresse", "role")

    @admin.display(description=_("agent"), ordering="usager__nom")
    def agent(self, affectation: Affectation) -> str:
        """Son nom, et non un lien : un agent n'est pas un usager de sa commune."""
        return str(affectation.usager)

    @admin.display(description=_("adresse mail"))
    def adresse(self, affectation: Affectation) -> str:
        return affectation.usager.get_username()


def _modifier_la_collectivite(collectivite: Collectivite, **saisie: str) -> Any:
    services.modifier_collectivite(collectivite=collectivite, **saisie)
    return _("C'est enregistré.")


def _renommer(regie: Regie, libelle: str) -> Any:
    services.modifier_regie(regie=regie, libelle=libelle)
    return _("C'est enregistré.")


def _suspendre(regie: Regie) -> Any:
    if not services.suspendre_le_paiement(regie=regie, suspendu=True):
        raise ActeImpossible(_("Le paiement en ligne de ce service est déjà suspendu."))
    return _("Le paiement en ligne de ce service est suspendu.")


def _reprendre(regie: Regie) -> Any:
    if not services.suspendre_le_paiement(regie=regie, suspendu=False):
        raise ActeImpossible(_("Le paiement en ligne de ce service n'est pas suspendu."))
    return _("Le paiement en ligne de ce service a repris.")


declarer_acte(
    "portail.collectivite",
    Acte(
        "modifier",
        _("Modifier"),
        _("Le téléphone et les horaires sont sur toutes les pages que voient les habitants."),
        _modifier_la_collectivite,
        formulaire=CollectiviteForm,
        initial=lambda collectivite: model_to_dict(collectivite, CollectiviteForm.base_fields),
    ),
)
declarer_acte(
    "portail.regie",
    Acte(
        "suspendre",
        _("Suspendre le paiement en ligne"),
        _("Les habitants liront « Le paiement a été temporairement suspendu. » jusqu'à la reprise."),
        _suspendre,
        refus=lambda regie: _("Le paiement en ligne est déjà suspendu.") if regie.paiement_suspendu else "",
        danger=True,
    ),
)
declarer_acte(
    "portail.regie",
    Acte(
        "reprendre",
        _("Reprendre le paiement en ligne"),
        _("Les factures de ce service pourront de nouveau être payées en ligne."),
        _reprendre,
        refus=lambda regie: "" if regie.paiement_suspendu else _("Le paiement en ligne n'est pas suspendu."),
    ),
)
declarer_acte(
    "portail.regie",
    Acte(
        "renommer",
        _("Renommer"),
        _("Le nom du service est sur chaque facture, dans les filtres et sur les documents."),
        _renommer,
        formulaire=LibelleForm,
        initial=lambda regie: {"libelle": regie.libelle},
    ),
)


def _hotes(collectivite: Collectivite) -> Tableau:
    return Tableau(_("Noms d'hôte réservés"), (_("Nom"),), [(hote.nom,) for hote in collectivite.hotes.all()])


declarer_tableau("portail.collectivite", _hotes)
