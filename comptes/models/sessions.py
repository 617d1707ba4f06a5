"""Les sessions, que chacun peut compter et fermer : la table de Django, avec en plus à qui elles sont."""

from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils.module_loading import import_string

from comptes.models.usagers import Usager
from portail.models import Collectivite


class SessionQuerySet(models.QuerySet["Session"]):
    """Les sessions d'une personne."""

    def de(self, usager: Usager, *, chez: Collectivite, maintenant: datetime) -> Self:
        """Celles qu'elle a ouvertes dans cette commune et que leur cookie n'a pas encore oubliées."""
        return self.filter(usager=usager, collectivite=chez, expire_date__gt=maintenant)


class Session(AbstractBaseSession):
    """Écrite par ``comptes.sessions`` seul ; la fermer, c'est effacer sa ligne."""

    # Sans contrainte : une requête qui finit après la fermeture du compte n'a pas à échouer ici.
    usager = models.ForeignKey(Usager, models.CASCADE, related_name="+", null=True, db_constraint=False)
    collectivite = models.ForeignKey(Collectivite, models.CASCADE, related_name="+", null=True, db_constraint=False)

    objects = SessionQuerySet.as_manager()  # type: ignore[assignment,misc]  # remplace le gestionnaire de Django

    def __str__(self) -> str:
        return f"{self.usager_id} · {self.expire_date:%Y-%m-%d %H:%M}"

    @classmethod
    def get_session_store_class(cls) -> Any:
        """Le moteur est au-dessus des modèles : il se nomme, il ne s'importe pas."""
        return import_string(f"{settings.SESSION_ENGINE}.SessionStore")
