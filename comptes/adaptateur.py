"""Ce que nous changeons au comportement d'allauth."""

import time
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from portail.journal import noter
from portail.requete import CLE_SESSION


class AdaptateurComptes(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ne publie pas ses types
    """Pas d'inscription libre ; une session appartient à la commune où elle s'ouvre."""

    # Les mots du guide : « adresse mail », et non « adresse e-mail ».
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _("L'adresse mail ou le mot de passe n'est pas le bon."),
        "too_many_login_attempts": _("Trop d'essais. Par sécurité, attendez cinq minutes avant de recommencer."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002  # signature d'allauth
        """Jamais : un compte s'ouvre par le service ou par l'activation."""
        return False

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """Un compte désactivé reçoit la même réponse qu'un mauvais mot de passe."""
        usager: AbstractBaseUser | None = super().authenticate(request, **credentials)
        return usager if usager is not None and usager.is_active else None

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:  # noqa: ARG002  # idem
        """L'adresse seule : l'hôte, dont le client choisit le port, multiplierait les essais sur un compte."""
        return str(credentials["email"])

    def login(self, request: Any, user: AbstractBaseUser) -> None:
        """La session porte sa commune et l'heure de son début, que lit ``portail.middleware``."""
        super().login(request, user)
        # Django garde l'identifiant d'une session de la même personne : un cookie volé puis expiré revivrait avec elle.
        request.session.cycle_key()
        maintenant = int(time.time())
        request.session.update({CLE_SESSION: request.collectivite.pk, "debut": maintenant, "vu": maintenant})
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
