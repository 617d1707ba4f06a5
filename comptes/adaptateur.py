"""Ce que nous changeons au comportement d'allauth."""

import time
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from comptes.appareils import nommer
from comptes.models import Usager
from portail import limites
from portail.journal import noter
from portail.requete import CLE_SESSION
from portail.services import retenir_l_activite


class AdaptateurComptes(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ne publie pas ses types
    """Pas d'inscription libre ; une session appartient à la commune où elle s'ouvre."""

    # Les mots du guide : « adresse mail », et non « adresse e-mail ».
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _("L'adresse mail ou le mot de passe n'est pas le bon."),
        "too_many_login_attempts": _(
            "Trop d'essais. Par sécurité, attendez quelques minutes, ou choisissez un nouveau mot de passe "
            "(« Oublié ? »)."
        ),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002  # signature d'allauth
        """Jamais : un compte s'ouvre par le service ou par l'activation."""
        return False

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """Un compte désactivé reçoit la même réponse qu'un mauvais mot de passe."""
        usager: AbstractBaseUser | None = super().authenticate(request, **credentials)
        if usager is None:
            return None
        if not usager.is_active:
            self.authentication_failed(request, **credentials)
            return None
        # Un succès n'efface pas les échecs : sinon, se connecter à son compte permettrait d'en essayer d'autres.
        for nom, sujet in _echecs(request, credentials):
            limites.rendre(nom, sujet)
        return usager

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Nos limites à la place de celles d'allauth (78 requêtes SQL), comptées avant de hacher quoi que ce soit."""
        limites.compter("connexions", limites.adresse_ip(request))
        try:
            for nom, sujet in _echecs(request, credentials):
                limites.compter(nom, sujet)
        except limites.TropDeDemandes as refus:
            raise self.validation_error("too_many_login_attempts") from refus

    def login(self, request: Any, user: AbstractBaseUser) -> None:
        """La session porte sa commune et l'heure de son début, que lit ``portail.middleware``."""
        super().login(request, user)
        # Django garde l'identifiant d'une session de la même personne : un cookie volé puis expiré revivrait avec elle.
        request.session.cycle_key()
        maintenant = int(time.time())
        appareil = nommer(request.headers.get("User-Agent", ""))
        request.session.update(
            {CLE_SESSION: request.collectivite.pk, "debut": maintenant, "vu": maintenant, "appareil": appareil}
        )
        if isinstance(user, Usager) and user.is_staff:
            retenir_l_activite(agent=user.pk, collectivite=request.collectivite)
        noter("connexion.ouverte", sur=user, acteur=user.pk, collectivite=request.collectivite.pk)

    def authentication_failed(self, request: Any, **credentials: Any) -> None:
        """L'échec est noté sans l'adresse essayée : elle n'est peut-être à personne."""
        super().authentication_failed(request, **credentials)
        noter("connexion.refusee", sur=request.collectivite, collectivite=request.collectivite.pk)

    def logout(self, request: Any) -> None:
        """La session disparaît du serveur."""
        if request.user.is_authenticated:
            noter("connexion.fermee", sur=request.user, collectivite=request.collectivite.pk)
        super().logout(request)


def _echecs(request: HttpRequest, credentials: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """Les limites d'échecs, de la plus étroite à la plus large : un réseau arrêté ne compte plus pour les autres."""
    courriel = credentials["email"]
    return (
        ("echecs-par-adresse-ip", limites.adresse_ip(request)),
        ("echecs-par-reseau-et-adresse-mail", f"{limites.reseau(request)} {courriel}"),
        ("echecs-par-adresse-mail", courriel),
    )
