"""Ce qu'une commune dit d'elle-même : son identité, ses couleurs, son accessibilité."""

import hashlib
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import transaction
from django.utils.translation import gettext as _

from portail.journal import noter
from portail.models import Collectivite
from portail.models.mentions import OBLIGATOIRES
from portail.services.modification import modifier, verrouiller
from portail.versions import verifier


@transaction.atomic
def modifier_l_identite(*, collectivite: Collectivite, lu: str = "", **champs: str) -> bool:
    """Ce que disent les mentions légales et comment joindre la commune. Ouverte, elle ne perd plus une mention."""
    actuelle = verrouiller(collectivite)
    if actuelle.est_ouverte:
        videes = [nom for nom in OBLIGATOIRES if getattr(actuelle, nom) and not champs.get(nom, True)]
        refus = _("Le portail est ouvert : la loi demande que cette mention y reste. Écrivez-la.")
        if videes:
            raise ValidationError(dict.fromkeys(videes, refus))
    return _modifier(collectivite, lu, **champs)


def changer_de_couleur(*, collectivite: Collectivite, couleur: str, lu: str = "") -> bool:
    """La couleur des boutons, des liens et du bandeau."""
    return _modifier(collectivite, lu, couleur=couleur)


def declarer_l_accessibilite(*, collectivite: Collectivite, lu: str = "", **audit: Any) -> bool:
    """Un audit entier, ou aucun. Le mot affiché s'en déduit (``Mentions.conformite``) : personne ne le choisit."""
    return _modifier(collectivite, lu, **audit)


def changer_de_logo(*, collectivite: Collectivite, png: bytes, lu: str = "") -> None:
    """Ce logo, déjà ré-encodé, à la place de l'ancien, dont le fichier disparaît avec la transaction réussie."""
    empreinte = hashlib.sha256(png).hexdigest()[:12]
    fichier = Collectivite._meta.get_field("logo").storage
    nom = fichier.save(f"logos/{collectivite.lien}-{empreinte}.png", ContentFile(png))
    try:
        _poser_le_logo(collectivite, nom, lu)
    except BaseException:
        fichier.delete(nom)
        raise


def retirer_le_logo(*, collectivite: Collectivite, lu: str = "") -> None:
    """La commune n'en a plus."""
    _poser_le_logo(collectivite, "", lu)


@transaction.atomic
def _poser_le_logo(collectivite: Collectivite, nom: str, lu: str) -> None:
    actuelle = verrouiller(collectivite)
    ancien = actuelle.logo.name or ""
    verifier({"version": ancien}, lu=lu)
    Collectivite.objects.filter(pk=collectivite.pk).update(logo=nom)
    faits = {"avant": {"logo": ancien}, "apres": {"logo": nom}}
    noter("collectivite.logo" if nom else "collectivite.logo_retire", sur=actuelle, collectivite=actuelle.pk, **faits)
    if ancien:
        transaction.on_commit(partial(actuelle.logo.storage.delete, ancien), robust=True)


def _modifier(collectivite: Collectivite, lu: str, **champs: Any) -> bool:
    return modifier(collectivite, "collectivite.modifiee", collectivite=collectivite.pk, lu=lu, **champs)
