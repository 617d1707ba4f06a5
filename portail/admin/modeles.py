"""La commune, ses services, ses agents, ses courriels ; pour l'exploitant, l'installation."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django_tasks_db.models import DBTaskResult

from portail.admin.suspension import dire_la_suspension
from portail.etats import EtatSuspension
from portail.gestion.champs import ENCADREMENT, SAUF_LECTURE
from portail.gestion.comptes import noms_des_comptes
from portail.gestion.droits import acces
from portail.gestion.filtres import periode
from portail.gestion.listes import colonne
from portail.gestion.modele import AdminParCommune, Rubrique
from portail.models import Affectation, Collectivite, Courriel, Hote, Regie, Sceau
from portail.models.mentions import Mentions

ETATS_DES_TACHES = {
    "READY": _("en attente"),
    "RUNNING": _("en cours"),
    "FAILED": _("échouée"),
    "SUCCESSFUL": _("réussie"),
}


@admin.register(Collectivite)
class CollectiviteAdmin(AdminParCommune):
    """La sienne ; toutes, pour l'exploitant de l'installation."""

    chemin_collectivite = "pk"
    pluriel: Any = _("Communes")
    list_display = ("nom", "lien", "adresse", "telephone", "par_defaut", "ouverte_le")
    fiche = (
        *("nom", "lien", "adresse", "par_defaut", "ouverte_le", "telephone", "horaires", "couleur", "fuseau"),
        *(champ.name for champ in Mentions._meta.fields),
    )
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

    list_display = ("libelle", "code", "mode", "suspension", "fermee_le")
    list_filter = ("mode",)
    list_select_related = ("collectivite",)
    fiche = ("libelle", "code", "mode", "paiement", "message", "posee_le", "fermee_le")
    export = ("libelle", "code", "mode", "suspension", "suspension_debut", "suspension_fin", "message", "fermee_le")
    ordering = ("libelle",)

    @admin.display(description=_("paiement en ligne"))
    def suspension(self, regie: Regie) -> Any:
        return regie.suspension.label

    @admin.display(description=_("paiement en ligne"))
    def paiement(self, regie: Regie) -> str:
        """Par qui et jusqu'à quand il est suspendu."""
        return dire_la_suspension(regie, noms_des_comptes([regie.suspension_auteur]))

    @admin.display(description=_("message aux habitants"))
    def message(self, regie: Regie) -> str:
        return regie.suspension_message if regie.suspension != EtatSuspension.AUCUNE else ""

    @admin.display(description=_("suspension posée le"))
    def posee_le(self, regie: Regie) -> Any:
        return regie.suspension_posee_le if regie.suspension != EtatSuspension.AUCUNE else None


@admin.register(Affectation)
class AffectationAdmin(AdminParCommune):
    """Les agents de la commune et leur rôle."""

    lecteurs = ENCADREMENT
    list_display = ("agent", "role", "etat", "vue_le")
    list_filter = ("role",)
    list_select_related = ("usager", "collectivite")
    fiche = ("agent", "adresse", "role", "etat", "depuis", "motif", "invitee_le", "vue_le")

    @admin.display(description=_("agent"), ordering="usager__nom")
    def agent(self, affectation: Affectation) -> str:
        """Son nom, et non un lien : un agent n'est pas un usager de sa commune."""
        return affectation.nom_complet

    @admin.display(description=_("adresse mail"))
    def adresse(self, affectation: Affectation) -> str:
        return affectation.adresse

    @admin.display(description=_("état"))
    def etat(self, affectation: Affectation) -> str:
        return affectation.etat


@admin.register(Courriel)
class CourrielAdmin(AdminParCommune):
    """Les courriels de la commune et leur sort ; ni le texte, ni ce qui le compose."""

    confidentiel = True
    list_display = ("cree_le", "sorte", "destinataire", "etat", "essais", "erreur")
    list_filter = ("etat", periode("cree_le", _("dates")))
    fiche = ("sorte", "destinataire", "etat", "cree_le", "essais", "prochain_essai", "clos_le", "erreur", "cle")
    champs_reserves = {"destinataire": SAUF_LECTURE}


@admin.register(Sceau)
class SceauAdmin(AdminParCommune):
    """Les sceaux du journal de toute l'installation."""

    rubrique = Rubrique.INSTALLATION
    installation = True
    list_display = ("premier", "dernier", "nombre", "scelle_le")
    fiche = ("premier", "dernier", "nombre", "precedent", "empreinte", "scelle_le")


@admin.register(DBTaskResult)
class TacheAdmin(AdminParCommune):
    """Le travail de fond. Ses arguments sont des clés, jamais des noms."""

    rubrique = Rubrique.INSTALLATION
    installation = True
    pluriel: Any = _("Travail de fond")
    list_display = ("tache", "etat", "mise_en_file", "fin", "erreur")
    list_filter = ("status",)
    fiche = ("tache", "etat", "arguments", "mise_en_file", "debut", "fin", "erreur")
    ordering = ("-enqueued_at",)

    # Le modèle n'est pas de nous : ses noms de champs ne sont pas traduits.
    tache = colonne("task_path", _("tâche"))
    arguments = colonne("args_kwargs", _("arguments"))
    mise_en_file = colonne("enqueued_at", _("mise en file le"))
    debut = colonne("started_at", _("commencée le"))
    fin = colonne("finished_at", _("finie le"))
    erreur = colonne("exception_class_path", _("erreur"))

    @admin.display(description=_("état"), ordering="status")
    def etat(self, tache: Any) -> Any:
        """En français, que le modèle n'a pas."""
        return ETATS_DES_TACHES.get(tache.status, tache.status)
