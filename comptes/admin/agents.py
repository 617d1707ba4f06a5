"""Ce que l'administrateur d'une commune fait de ses agents."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from comptes import services
from comptes.forms import CourrielField
from comptes.models import Usager
from portail import limites
from portail.gestion.registre import Acte, ActeImpossible, Fait, Texte, declarer_acte, declarer_acte_de_liste
from portail.models import Affectation, Collectivite, Role

# Ce que chacun peut, en une phrase ; un exploitant ne se nomme que par un exploitant.
ROLES = (
    ("", _("Choisissez")),
    (Role.LECTURE, _("Lecture : tout consulter, sauf les adresses et les motifs")),
    (Role.RELATION, _("Relation aux usagers : ouvrir et suspendre des accès, répondre aux habitants")),
    (Role.FACTURATION, _("Facturation : de plus, annuler, suspendre le paiement, interroger PayFiP")),
    (Role.ADMINISTRATION, _("Administration : de plus, régler la commune, ses contrats et ses agents")),
)
REFUS: dict[type[services.AgentRefuse], Texte] = {
    services.DejaAgent: _("Cette adresse est déjà celle d'un agent de la commune, ou y a déjà été invitée."),
    services.SoiMeme: _(
        "C'est votre propre accès : un autre administrateur peut le changer, le suspendre, le retirer."
    ),
    services.DernierAdministrateur: _("C'est le seul administrateur de la commune : nommez-en d'abord un autre."),
    services.PlusLa: _("Cet accès a changé entre-temps : revenez à la liste des agents."),
}


class PersonneForm(forms.Form):
    """Qui inviter."""

    courriel = CourrielField(label=_("Adresse mail professionnelle"))
    prenom = forms.CharField(label=_("Prénom"), max_length=80)
    nom = forms.CharField(label=_("Nom"), max_length=80)


class RoleForm(forms.Form):
    """Quel rôle, parmi ceux d'une commune."""

    role = forms.ChoiceField(label=_("Rôle"), choices=ROLES)


class InvitationForm(PersonneForm, RoleForm):
    """Qui inviter, et pour quoi faire."""

    field_order = ("courriel", "prenom", "nom", "role")


class MotifForm(forms.Form):
    """Pourquoi l'accès se ferme."""

    motif = forms.CharField(
        label=_("Motif"), max_length=200, help_text=_("Gardé au journal. Par exemple : « Départ le 30 novembre ».")
    )


def _tenter(acte: Callable[..., Any], **arguments: Any) -> Any:
    """Le service, dont un refus devient une phrase."""
    try:
        return acte(**arguments)
    except services.AgentRefuse as refus:
        raise ActeImpossible(REFUS[type(refus)]) from refus


def _inviter(collectivite: Collectivite, auteur: Usager, role: str, **personne: str) -> Fait:
    limites.compter("invitations", auteur.pk)
    invitation = _tenter(
        services.inviter_un_agent, collectivite=collectivite, role=Role(role), auteur=auteur, **personne
    )
    return Fait(_("L'invitation part à %(adresse)s.") % {"adresse": invitation.courriel}, invitation)


def _inviter_un_exploitant(collectivite: Collectivite, auteur: Usager, **personne: str) -> Fait:
    return _inviter(collectivite, auteur, Role.EXPLOITANT, **personne)


def _renvoyer(affectation: Affectation, auteur: Usager) -> Texte:
    limites.compter("invitations", auteur.pk)
    _tenter(services.renvoyer_l_invitation, affectation=affectation)
    return _("L'invitation repart à %(adresse)s.") % {"adresse": affectation.courriel}


def _changer_le_role(affectation: Affectation, auteur: Usager, role: str) -> Texte:
    if not _tenter(services.changer_le_role, affectation=affectation, role=Role(role), auteur=auteur):
        raise ActeImpossible(_("Cet agent a déjà ce rôle."))
    return _("Le rôle est changé : il vaut dès sa prochaine page.")


def _suspendre(affectation: Affectation, auteur: Usager, motif: str) -> Texte:
    _tenter(services.suspendre_un_agent, affectation=affectation, motif=motif, auteur=auteur)
    return _("L'accès est suspendu, et l'agent déconnecté.")


def _retablir(affectation: Affectation) -> Texte:
    _tenter(services.retablir_un_agent, affectation=affectation)
    return _("L'accès est rétabli.")


def _retirer(affectation: Affectation, auteur: Usager, motif: str) -> Fait:
    _tenter(services.retirer_un_agent, affectation=affectation, motif=motif, auteur=auteur)
    return Fait(_("L'accès est retiré."), None)


def _refus_a(affectation: Affectation, personne: Usager) -> Texte:
    """Personne ne touche à son propre accès, ni n'ôte le dernier administrateur : autant le dire avant."""
    if affectation.usager_id == personne.pk:
        return REFUS[services.SoiMeme]
    dernier = services.est_le_dernier_administrateur(affectation)
    return REFUS[services.DernierAdministrateur] if dernier else ""


def _refus_de_suspendre(affectation: Affectation) -> Texte:
    if affectation.usager is None:
        return _("L'invitation n'est pas encore acceptée : retirez-la plutôt.")
    return _("Cet accès est déjà suspendu.") if affectation.suspendue_le else ""


EXPLICATION = _(
    "Un message part à cette adresse, avec un lien qui vaut sept jours. Qui a déjà un compte garde son mot de passe. "
    "Rien n'est ouvert avant que la personne accepte."
)
declarer_acte_de_liste(
    "portail.affectation",
    Acte("inviter", _("Inviter un agent"), EXPLICATION, _inviter, formulaire=InvitationForm, signe=True),
)
declarer_acte_de_liste(
    "portail.affectation",
    Acte(
        "exploitant",
        _("Inviter un exploitant"),
        _("Il ne lira le contenu de cette commune qu'en disant pourquoi. Les administrateurs en sont prévenus."),
        _inviter_un_exploitant,
        formulaire=PersonneForm,
        signe=True,
    ),
)
declarer_acte(
    "portail.affectation",
    Acte(
        "renvoyer",
        _("Renvoyer l'invitation"),
        _("Un nouveau message part, avec un nouveau lien. Le précédent ne vaudra plus rien."),
        _renvoyer,
        refus=lambda affectation: "" if affectation.usager is None else _("L'invitation est déjà acceptée."),
        signe=True,
    ),
)
declarer_acte(
    "portail.affectation",
    Acte(
        "role",
        _("Changer le rôle"),
        _("Le nouveau rôle vaut dès la prochaine page de l'agent, qui en est prévenu."),
        _changer_le_role,
        formulaire=RoleForm,
        initial=lambda affectation: {"role": affectation.role},
        refus_a=_refus_a,
        signe=True,
    ),
)
declarer_acte(
    "portail.affectation",
    Acte(
        "suspendre",
        _("Suspendre l'accès"),
        _("L'agent est déconnecté tout de suite et prévenu. On peut rétablir son accès à tout moment."),
        _suspendre,
        formulaire=MotifForm,
        refus=_refus_de_suspendre,
        refus_a=_refus_a,
        signe=True,
        danger=True,
    ),
)
declarer_acte(
    "portail.affectation",
    Acte(
        "retablir",
        _("Rétablir l'accès"),
        _("L'agent retrouve le rôle qu'il avait, et en est prévenu."),
        _retablir,
        refus=lambda affectation: "" if affectation.suspendue_le else _("Cet accès n'est pas suspendu."),
    ),
)
declarer_acte(
    "portail.affectation",
    Acte(
        "retirer",
        _("Retirer l'accès"),
        _(
            "L'agent est déconnecté tout de suite et prévenu, ou l'invitation ne vaut plus rien. Son compte reste, "
            "avec ce qu'il voit comme habitant."
        ),
        _retirer,
        formulaire=MotifForm,
        refus_a=_refus_a,
        signe=True,
        danger=True,
    ),
)
