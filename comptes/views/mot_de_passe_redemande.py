"""Redemander le mot de passe avant ce qui compte, et dire dans le formulaire qu'il n'est pas le bon."""

from collections.abc import Callable

from django import forms
from django.utils.translation import gettext as _

from comptes.services import FermetureRefusee, MotDePasseRefuse, TropDEssais


def essayer(form: forms.Form, champ: str, acte: Callable[[], None]) -> bool:
    """Vrai si l'acte a eu lieu ; sinon le champ du mot de passe dit pourquoi."""
    try:
        acte()
    except MotDePasseRefuse:
        form.add_error(champ, _("Ce n'est pas votre mot de passe actuel."))
    except FermetureRefusee as refus:
        form.add_error(None, list(refus.args))
    except TropDEssais:
        form.add_error(champ, _("Trop d'essais. Par sécurité, attendez cinq minutes avant de recommencer."))
    return form.is_valid()
