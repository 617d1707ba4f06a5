"""Ce que la commune dit aux habitants : annoncer, modifier, retirer, et combien de personnes l'ont lu."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from factures.models import audience
from portail import services
from portail.etats import EtatAnnonce
from portail.gestion.comptes import noms_des_comptes
from portail.gestion.listes import colonne
from portail.gestion.modele import AdminParCommune
from portail.gestion.periode import PeriodeForm
from portail.gestion.registre import (
    Acte,
    ActeImpossible,
    Carte,
    Chiffre,
    Fait,
    declarer_acte,
    declarer_acte_de_liste,
    declarer_carte,
)
from portail.models import Annonce, Collectivite, Regie, dans_l_etat
from portail.templatetags.annonces import en_paragraphes

DUREE = timedelta(days=14)
FIN_DE_JOURNEE = time(23, 59)


IMPORTANTE = colonne("importante", gettext_lazy("importante"), lambda vrai: _("oui") if vrai else "")


class FiltreEtat(admin.SimpleListFilter):
    """Où elles en sont à cet instant."""

    title, parameter_name = gettext_lazy("état"), "etat"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return EtatAnnonce.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        etat, toutes = self.value() or "", queryset
        return toutes.filter(dans_l_etat(EtatAnnonce(etat), timezone.now())) if etat in EtatAnnonce.values else toutes


@admin.register(Annonce)
class AnnonceAdmin(AdminParCommune):
    """Les annonces de la commune et de ses services."""

    list_display = ("titre", "etat", IMPORTANTE, "pour", "debut", "fin")
    list_filter = (FiltreEtat, "importante")
    list_select_related = ("regie", "collectivite")
    fiche = ("etat", "importante", "pour", "personnes", "lue_par", "debut", "fin", "ecrite_par", "creee_le", "corps")

    export = ("titre", "texte", "etat", "importante", "pour", "debut", "fin", "retiree_le")

    @admin.display(description=gettext_lazy("texte"))
    def corps(self, annonce: Annonce) -> str:
        """Comme le lisent les habitants."""
        return en_paragraphes(annonce.texte)

    @admin.display(description=gettext_lazy("état"))
    def etat(self, annonce: Annonce) -> Any:
        return annonce.etat.label

    @admin.display(description=gettext_lazy("pour"))
    def pour(self, annonce: Annonce) -> Any:
        """Son service, que la fiche ne mène pas à deviner."""
        return annonce.regie or _("toute la commune")

    @admin.display(description=gettext_lazy("habitants concernés"))
    def personnes(self, annonce: Annonce) -> int:
        return audience(annonce.collectivite, annonce.regie)

    @admin.display(description=gettext_lazy("lue par"))
    def lue_par(self, annonce: Annonce) -> Any:
        """Seule une annonce importante demande à être lue."""
        if not annonce.importante:
            return None
        if annonce.lectures_effacees:
            return _("effacé, un an après la fin")
        lues = annonce.lectures.filter(revision=annonce.revision).count()
        return ngettext("%(n)s personne", "%(n)s personnes", lues) % {"n": lues}

    @admin.display(description=gettext_lazy("écrite par"))
    def ecrite_par(self, annonce: Annonce) -> str:
        return noms_des_comptes([annonce.auteur])[annonce.auteur]


class AnnonceForm(PeriodeForm):
    """Ce que liront les habitants, lesquels, et de quand à quand."""

    titre = forms.CharField(label=gettext_lazy("Titre"), max_length=100)
    texte = forms.CharField(
        label=gettext_lazy("Texte"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=gettext_lazy("Du texte simple. Les adresses (https://…) deviendront des liens."),
    )
    regie = forms.ModelChoiceField(
        label=gettext_lazy("Pour qui"),
        queryset=Regie.objects.none(),
        required=False,
        empty_label=gettext_lazy("Toute la commune"),
        help_text=gettext_lazy("Choisir un service la montre aux seuls habitants qui en ont une facture."),
    )
    importante = forms.BooleanField(
        label=gettext_lazy("Importante : chacun devra la lire avant d'accéder à son espace"), required=False
    )
    field_order = ("titre", "texte", "regie", "importante", "debut", "fin")


class ModificationForm(AnnonceForm):
    """La même, et s'il faut que chacun la relise."""

    a_relire = forms.BooleanField(
        label=gettext_lazy("La montrer de nouveau à ceux qui l'ont déjà lue, si elle est importante"), required=False
    )


def _dans_la_commune(formulaire: Any, objet: Annonce | Collectivite) -> None:
    commune = objet if isinstance(objet, Collectivite) else objet.collectivite
    formulaire.fields["regie"].queryset = commune.regies.all()


def _deux_semaines(collectivite: Collectivite) -> dict[str, Any]:
    jour = collectivite.aujourd_hui() + DUREE
    return {"fin": datetime.combine(jour, FIN_DE_JOURNEE, ZoneInfo(collectivite.fuseau))}


def _actuelle(annonce: Annonce) -> dict[str, Any]:
    champs = ("titre", "texte", "importante", "debut", "fin")
    return {"regie": annonce.regie_id, **{champ: getattr(annonce, champ) for champ in champs}}


def _apercu(objet: Annonce | Collectivite, *, regie: Regie | None, **saisie: Any) -> str:
    """Ce que verront les habitants, liens compris, et combien ils sont."""
    commune = objet if isinstance(objet, Collectivite) else objet.collectivite
    annonce = Annonce(**{champ: saisie[champ] for champ in ("titre", "texte", "importante", "debut", "fin")})
    contexte = {"annonce": annonce, "annonces": [annonce], "regie": regie, "personnes": audience(commune, regie)}
    return render_to_string("gestion/_apercu_annonce.html", contexte)


def _annoncer(collectivite: Collectivite, **saisie: Any) -> Fait:
    annonce = services.annoncer(collectivite=collectivite, **saisie)
    en_ligne = annonce.etat == EtatAnnonce.EN_LIGNE
    return Fait(_("L'annonce est en ligne.") if en_ligne else _("L'annonce est programmée."), annonce)


def _modifier(annonce: Annonce, **saisie: Any) -> Any:
    if not services.modifier_annonce(annonce=annonce, **saisie):
        raise ActeImpossible(_("Quelqu'un vient de retirer cette annonce : rien n'a été changé."))
    return _("C'est enregistré.")


def _retirer(annonce: Annonce) -> Any:
    if not services.retirer_annonce(annonce=annonce):
        raise ActeImpossible(_("Quelqu'un vient déjà de retirer cette annonce."))
    return _("L'annonce est retirée : plus personne ne la voit.")


def _retiree(annonce: Annonce) -> str:
    return _("Cette annonce est retirée : écrivez-en une autre.") if annonce.etat == EtatAnnonce.RETIREE else ""


def _plus_en_ligne(annonce: Annonce) -> str:
    finie = annonce.etat == EtatAnnonce.TERMINEE
    return _("Cette annonce est terminée : plus personne ne la voit.") if finie else _retiree(annonce)


declarer_acte_de_liste(
    "portail.annonce",
    Acte(
        "annoncer",
        gettext_lazy("Publier une annonce"),
        gettext_lazy(
            "Importante, elle s'affiche à l'arrivée de chacun jusqu'à ce qu'il l'ait lue. Sinon, c'est un bandeau sur "
            "l'accueil et la liste des factures, et sur la page de connexion si elle est à toute la commune."
        ),
        _annoncer,
        formulaire=AnnonceForm,
        initial=_deux_semaines,
        preparer=_dans_la_commune,
        apercu=_apercu,
        signe=True,
    ),
)
declarer_acte(
    "portail.annonce",
    Acte(
        "modifier",
        gettext_lazy("Modifier"),
        gettext_lazy("Les habitants liront aussitôt la nouvelle version."),
        _modifier,
        formulaire=ModificationForm,
        initial=_actuelle,
        preparer=_dans_la_commune,
        refus=_retiree,
        apercu=_apercu,
    ),
)
declarer_acte(
    "portail.annonce",
    Acte(
        "retirer",
        gettext_lazy("Retirer"),
        gettext_lazy("Plus personne ne la verra. Elle restera ici, et au journal."),
        _retirer,
        refus=_plus_en_ligne,
        danger=True,
    ),
)


def _chiffres(collectivite: Collectivite) -> list[Chiffre]:
    toutes, maintenant = Annonce.objects.filter(collectivite=collectivite), timezone.now()
    suivis = (EtatAnnonce.EN_LIGNE, EtatAnnonce.PROGRAMMEE)
    lus = toutes.aggregate(**{e.name: Count("pk", filter=dans_l_etat(e, maintenant)) for e in suivis})
    liste = reverse("gestion:portail_annonce_changelist")
    libelles = (_("En ligne"), _("Programmées"))
    return [Chiffre(libelle, lus[e.name], f"{liste}?etat={e}") for e, libelle in zip(suivis, libelles, strict=True)]


declarer_carte(Carte(gettext_lazy("Annonces"), "portail.annonce", _chiffres))
