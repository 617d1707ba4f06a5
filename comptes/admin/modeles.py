"""Les personnes, vues d'une commune : ses redevables, leurs comptes, et rien de ceux des autres."""

from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from comptes.etats import EtatRattachement
from comptes.models import Activation, ChoixEnvoi, CodeActivation, Rattachement, Redevable, Usager
from portail.gestion.champs import SAUF_LECTURE
from portail.gestion.modele import AdminParCommune, Rubrique
from portail.models import Collectivite


@admin.register(Usager)
class UsagerAdmin(AdminParCommune):
    """Ceux qui sont rattachés dans la commune, et eux seuls, pour l'exploitant aussi."""

    rubrique = Rubrique.PERSONNES
    confidentiel = True
    list_display = ("nom", "prenom", "email", "is_active")
    list_filter = ("is_active", "is_staff")
    fiche = ("civilite", "nom", "prenom", "email", "courriel_confirme_le", "is_active", "is_staff", "cree_le")
    champs_reserves = {"email": SAUF_LECTURE}

    def de_la_commune(self, tous: QuerySet[Any], collectivite: Collectivite) -> QuerySet[Any]:
        return tous.filter(Exists(Rattachement.objects.filter(usager=OuterRef("pk"), collectivite=collectivite)))


class FiltreCompte(admin.SimpleListFilter):
    """Quelqu'un lit-il ses factures en ligne ?"""

    title, parameter_name = _("compte"), "compte"
    CHOIX = {"avec": (_("Avec un compte"), True), "sans": (_("Sans compte"), False)}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(valeur, libelle) for valeur, (libelle, _lu) in self.CHOIX.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        choisi = self.CHOIX.get(self.value() or "")
        actif = Exists(Rattachement.objects.filter(redevable=OuterRef("pk"), etat=EtatRattachement.ACTIF))
        return queryset.filter(actif if choisi[1] else ~actif) if choisi else queryset


@admin.register(Redevable)
class RedevableAdmin(AdminParCommune):
    """Les comptes clients des logiciels de facturation."""

    rubrique = Rubrique.PERSONNES
    confidentiel = True
    list_display = ("nom_complet", "source", "code", "ville", "mode_envoi")
    list_filter = (FiltreCompte, "mode_envoi")
    fiche = (
        *("civilite", "nom", "prenom", "source", "code", "adresse", "code_postal", "ville", "courriel", "mode_envoi"),
    )
    champs_reserves = {"adresse": SAUF_LECTURE, "courriel": SAUF_LECTURE}
    question: Any = _("Qu'est-il arrivé à ce redevable ?")


@admin.register(Rattachement)
class RattachementAdmin(AdminParCommune):
    """Qui lit les factures de qui."""

    rubrique = Rubrique.PERSONNES
    confidentiel = True
    list_display = ("usager", "redevable", "etat", "depuis")
    list_select_related = ("usager", "redevable")
    list_filter = ("etat",)
    fiche = ("usager", "redevable", "cree_le", "etat", "depuis", "motif")


@admin.register(CodeActivation)
class CodeActivationAdmin(AdminParCommune):
    """Où en est le code imprimé de chaque redevable ; son empreinte ne se montre pas."""

    rubrique = Rubrique.PERSONNES
    confidentiel = True
    list_display = ("redevable", "cree_le", "expire_le", "echecs", "utilise_le")
    list_select_related = ("redevable",)
    fiche = ("redevable", "cree_le", "expire_le", "echecs", "utilise_le")


@admin.register(Activation)
class ActivationAdmin(AdminParCommune):
    """Les demandes d'ouverture de compte ; le lien, qui ouvre le compte, ne se montre pas."""

    rubrique = Rubrique.PERSONNES
    confidentiel = True
    list_display = ("cree_le", "courriel", "avec_code", "expire_le", "consommee_le")
    list_select_related = ("code__redevable",)
    fiche = ("courriel", "avec_code", "code", "cree_le", "expire_le", "consommee_le")
    champs_reserves = {"courriel": SAUF_LECTURE}


@admin.register(ChoixEnvoi)
class ChoixEnvoiAdmin(AdminParCommune):
    """Les preuves : qui a choisi le papier ou l'électronique, quand, et par quel texte."""

    rubrique = Rubrique.PERSONNES
    confidentiel = True
    list_display = ("le", "redevable", "mode", "moyen")
    list_filter = ("mode", "moyen")
    list_select_related = ("redevable",)
    fiche = ("le", "redevable", "mode", "moyen", "adresse", "texte", "reference", "compte")
    champs_reserves = {"adresse": SAUF_LECTURE, "reference": SAUF_LECTURE}
