"""Ce qu'un agent fait du papier : enregistrer un formulaire signé, y revenir, et lire les preuves."""

from django import forms
from django.utils.translation import gettext_lazy as _

from comptes.etats import EtatRattachement
from comptes.forms import CourrielField
from comptes.models import ModeEnvoi, Redevable
from comptes.services import AdresseNonConfirmee, enregistrer_un_formulaire, revenir_au_papier
from portail.gestion.champs import SAUF_LECTURE
from portail.gestion.registre import Acte, ActeImpossible, Reservee, Tableau, Texte, declarer_acte, declarer_tableau


def _choix(redevable: Redevable) -> Tableau:
    lignes = [
        (c.le, c.get_mode_display(), c.get_moyen_display(), c.adresse, c.texte, c.reference)
        for c in redevable.choix_envoi.all()
    ]
    adresse, reference = (Reservee(titre, SAUF_LECTURE) for titre in (_("Adresse mail"), _("Référence")))
    colonnes = (_("Le"), _("Mode d'envoi"), _("Moyen"), adresse, _("Texte accepté"), reference)
    return Tableau(_("Papier ou électronique"), colonnes, lignes)


declarer_tableau("comptes.redevable", _choix)


class FormulaireSigneForm(forms.Form):
    """Ce que dit le papier signé."""

    courriel = CourrielField(label=_("Adresse mail écrite sur le formulaire"))
    reference = forms.CharField(
        label=_("Référence"), max_length=120, help_text=_("De quoi retrouver le papier : « Courrier 2026-118 ».")
    )


class RaisonForm(forms.Form):
    """Pourquoi le service revient au papier."""

    raison = forms.CharField(label=_("Raison"), max_length=120)


def _enregistrer(redevable: Redevable, courriel: str, reference: str) -> Texte:
    """Le compte qui a cette adresse, rattaché ici, et qui l'a prouvée : le formulaire seul ne suffit pas."""
    rattachement = redevable.rattachements.filter(etat=EtatRattachement.ACTIF, usager__email=courriel).first()
    if rattachement is None:
        raise ActeImpossible(_("Aucun compte rattaché à ce redevable n'a cette adresse mail."))
    try:
        enregistrer_un_formulaire(usager=rattachement.usager, redevable=redevable, reference=reference)
    except AdresseNonConfirmee as refus:
        raise ActeImpossible(_("La personne n'a pas encore confirmé cette adresse mail.")) from refus
    return _("C'est noté : plus de papier pour ce redevable.")


def _revenir(redevable: Redevable, raison: str) -> Texte:
    revenir_au_papier(redevable=redevable, raison=raison)
    return _("C'est noté : les prochaines factures partent par la poste.")


declarer_acte(
    "comptes.redevable",
    Acte(
        "formulaire",
        _("Enregistrer un formulaire signé"),
        _("La personne a demandé par écrit à ne plus recevoir de papier. Elle en recevra la confirmation par mail."),
        _enregistrer,
        formulaire=FormulaireSigneForm,
        refus=lambda r: "" if r.mode_envoi == ModeEnvoi.PAPIER else _("Ce redevable ne reçoit déjà plus de papier."),
    ),
)
declarer_acte(
    "comptes.redevable",
    Acte(
        "papier",
        _("Revenir au papier"),
        _("Les prochaines factures partiront par la poste."),
        _revenir,
        formulaire=RaisonForm,
        refus=lambda r: _("Ce redevable reçoit déjà du papier.") if r.mode_envoi == ModeEnvoi.PAPIER else "",
    ),
)
