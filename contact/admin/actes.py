"""Ce qu'un agent fait d'une demande."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from comptes.models import Usager
from contact import services
from contact.admin.repondre import ReponseForm, apercu, repondre
from contact.etats import EtatDemande
from contact.forms import TexteField
from contact.models import Demande
from contact.models.demandes import repondants
from portail.gestion.registre import Acte, ActeImpossible, Texte, declarer_acte
from portail.models import Regie

DEMANDE = "contact.demande"


def _fil(demande: Demande) -> Texte:
    """La demande et son fil, sous le formulaire de qui répond ou note."""
    return render_to_string("contact/_fil.html", {"demande": demande, "fil": demande.messages.fil()})


def _borner(formulaire: forms.BaseForm, nom: str, choix: QuerySet[Any]) -> None:
    champ = formulaire.fields[nom]
    assert isinstance(champ, forms.ModelChoiceField)  # noqa: S101  # pour le typage
    champ.queryset = choix


class NoteForm(forms.Form):
    """Une note pour les collègues."""

    texte = TexteField(label=_("Note interne"), widget=forms.Textarea(attrs={"rows": 4}))


def _noter(demande: Demande, *, auteur: Usager, texte: str) -> Texte:
    services.annoter(demande=demande, auteur=auteur, texte=texte)
    return _("La note est ajoutée.")


class AgentForm(forms.Form):
    """À qui confier la demande."""

    agent = forms.ModelChoiceField(
        label=_("Agent"), queryset=Usager.objects.none(), required=False, empty_label=_("Personne")
    )


def _agents(formulaire: forms.BaseForm, demande: Demande) -> None:
    """Ceux de la commune qui peuvent répondre."""
    ici = repondants(collectivite=demande.collectivite)
    agents = Usager.objects.filter(pk__in=ici.values("usager"))
    _borner(formulaire, "agent", agents.order_by("nom", "prenom", "pk"))


def _assigner(demande: Demande, agent: Usager | None) -> Texte:
    try:
        if not services.assigner(demande=demande, agent=agent):
            raise ActeImpossible(_("C'est déjà le cas."))
    except services.AgentParti as parti:
        raise ActeImpossible(_("Cet agent ne peut plus répondre : choisissez-en un autre.")) from parti
    return _("La demande est confiée à %(agent)s.") % {"agent": agent} if agent else _("La demande n'est à personne.")


class ServiceForm(forms.Form):
    """Quel service est chargé de la demande."""

    regie = forms.ModelChoiceField(
        label=_("Service"), queryset=Regie.objects.none(), required=False, empty_label=_("Toute la commune")
    )


def _changer_de_service(demande: Demande, regie: Regie | None) -> Texte:
    if not services.changer_de_service(demande=demande, regie=regie):
        raise ActeImpossible(_("C'est déjà le cas."))
    return _("Le service est changé.")


def _clore(demande: Demande) -> Texte:
    if not services.clore(demande=demande):
        raise ActeImpossible(_("Cette demande est déjà close."))
    return _("La demande est close.")


def _rouvrir(demande: Demande) -> Texte:
    if not services.rouvrir(demande=demande):
        raise ActeImpossible(_("Cette demande n'est pas close."))
    return _("La demande est rouverte.")


def _est_close(demande: Demande) -> bool:
    return demande.etat == EtatDemande.CLOSE


for _acte in (
    Acte(
        "repondre",
        _("Répondre"),
        _("La personne reçoit un courriel et lit la réponse dans « Contact », où elle peut répondre à son tour."),
        repondre,
        formulaire=ReponseForm,
        preparer=ReponseForm.borner,
        apercu=apercu,
        rappel=_fil,
        signe=True,
    ),
    Acte(
        "noter",
        _("Ajouter une note interne"),
        _("Seuls les agents de la commune la lisent. N'y écrivez que ce que la personne pourrait demander à lire."),
        _noter,
        formulaire=NoteForm,
        rappel=_fil,
        signe=True,
    ),
    Acte(
        "assigner",
        _("Assigner"),
        _("L'agent choisi la retrouve avec le filtre « À moi »."),
        _assigner,
        formulaire=AgentForm,
        initial=lambda demande: {"agent": demande.assignee_id},
        preparer=_agents,
    ),
    Acte(
        "service",
        _("Changer de service"),
        _("La personne voit quel service est chargé de sa demande."),
        _changer_de_service,
        formulaire=ServiceForm,
        initial=lambda demande: {"regie": demande.regie_id},
        preparer=lambda form, demande: _borner(form, "regie", Regie.objects.filter(collectivite=demande.collectivite)),
    ),
    Acte(
        "clore",
        _("Clore"),
        _("Il n'y a plus rien à en dire. La personne peut toujours écrire, ce qui la rouvre. Effacée dans un an."),
        _clore,
        refus=lambda demande: _("Cette demande est déjà close.") if _est_close(demande) else "",
    ),
    Acte(
        "rouvrir",
        _("Rouvrir"),
        _("La demande revient parmi celles qui attendent une réponse."),
        _rouvrir,
        refus=lambda demande: "" if _est_close(demande) else _("Cette demande n'est pas close."),
    ),
):
    declarer_acte(DEMANDE, _acte)
