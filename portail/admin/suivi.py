"""Ce qui s'est passé et ce qui se prépare : le journal, les courriels, le travail de fond."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_tasks_db.models import DBTaskResult

from portail import courriels
from portail.etats import MORTS, EtatCourriel
from portail.gestion.droits import acces
from portail.gestion.listes import colonne
from portail.gestion.modele import ENCADREMENT, AdminParCommune, Rubrique
from portail.gestion.registre import Acte, ActeImpossible, Carte, Chiffre, declarer_acte, declarer_carte
from portail.models import Collectivite, Courriel, Journal, Sceau

ETATS_DES_TACHES = {
    "READY": _("en attente"),
    "RUNNING": _("en cours"),
    "FAILED": _("échouée"),
    "SUCCESSFUL": _("réussie"),
}


@admin.register(Journal)
class JournalAdmin(AdminParCommune):
    """Ce qui s'est passé dans la commune."""

    lecteurs = ENCADREMENT
    list_display = ("le", "action", "objet", "identifiant", "acteur")
    list_filter = ("le",)
    search_fields = ("identifiant",)
    search_help_text = _("L'identifiant entier de l'objet, ou une action (« facture.annulee »).")
    fiche = ("le", "action", "objet", "identifiant", "acteur", "correlation")

    def de_la_commune(self, tous: QuerySet[Any], collectivite: Collectivite) -> QuerySet[Any]:
        return tous.filter(collectivite=collectivite.pk)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        terme = search_term.strip()
        return (queryset.filter(identifiant=terme) | queryset.filter(action=terme) if terme else queryset), False

    def get_fiche(self, request: HttpRequest) -> tuple[Any, ...]:
        """Les montants d'un fait sont le contenu d'une facture."""
        droit = acces(request)
        return (*self.fiche, "avant", "apres") if droit is not None and droit.contenu else self.fiche


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


@admin.register(Courriel)
class CourrielAdmin(AdminParCommune):
    """Ce qui est parti, ce qui attend, ce qui ne partira plus. Le texte n'y est pas gardé."""

    confidentiel = True
    rubrique = Rubrique.PERSONNES
    list_display = ("cree_le", "sorte", "destinataire", "etat", "essais", "prochain_essai", "erreur")
    list_filter = ("etat",)
    search_fields = ("destinataire",)
    search_help_text = _("L'adresse mail entière.")
    fiche = (
        *("sorte", "destinataire", "etat", "cree_le", "essais", "prochain_essai"),
        *("clos_le", "erreur", "message_id"),
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        terme = search_term.strip()
        return (queryset.filter(destinataire=terme) if terme else queryset), False


def _relancer(courriel: Courriel) -> Any:
    if not courriels.relancer(courriel):
        raise ActeImpossible(_("Ce courriel est déjà reparti, ou son adresse a été oubliée."))
    return _("Ce courriel va repartir.")


def _refus_de_relance(courriel: Courriel) -> Any:
    if courriel.etat not in MORTS:
        return _("Seul un courriel refusé ou abandonné se relance.")
    return "" if courriel.destinataire else _("Son adresse a été oubliée : il est trop ancien.")


declarer_acte(
    "portail.courriel",
    Acte(
        "relancer",
        _("Envoyer de nouveau"),
        _("Le message sera composé de nouveau et envoyé à la même adresse."),
        _relancer,
        refus=_refus_de_relance,
    ),
)


def _chiffres_des_courriels(collectivite: Collectivite) -> list[Chiffre]:
    """Ceux qui attendent depuis longtemps et ceux qui ne partiront plus demandent qu'on s'en occupe."""
    ici, liste = Courriel.objects.filter(collectivite=collectivite), reverse("gestion:portail_courriel_changelist")
    nombres = dict(ici.exclude(etat=EtatCourriel.ENVOYE).order_by().values_list("etat").annotate(Count("pk")))
    en_retard = ici.en_retard(timezone.now()).exists()
    return [
        Chiffre(libelle, nombres.get(etat, 0), f"{liste}?etat__exact={etat}", alerte=alerte and etat in nombres)
        for etat, libelle, alerte in (
            (EtatCourriel.A_ENVOYER, _("En attente"), en_retard),
            (EtatCourriel.REFUSE, _("Refusés"), True),
            (EtatCourriel.ABANDONNE, _("Abandonnés"), True),
        )
    ]


def _chiffres_du_journal(_collectivite: Collectivite) -> list[Chiffre]:
    sceau = Sceau.objects.order_by("-pk").first()
    return [Chiffre(_("Dernier sceau"), sceau.scelle_le if sceau else _("aucun"))]


declarer_carte(Carte(_("Courriels"), "portail.courriel", _chiffres_des_courriels))
declarer_carte(Carte(_("Journal"), "portail.journal", _chiffres_du_journal))
