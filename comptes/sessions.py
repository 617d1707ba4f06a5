"""Le moteur de sessions de l'installation, qui range en plus à qui est chacune (SESSION_ENGINE)."""

from typing import Any, cast

from django.contrib.auth import SESSION_KEY

from comptes.models import Session
from portail import cookies
from portail.requete import CLE_SESSION


class SessionStore(cookies.SessionStore):
    """Sans le nom de son titulaire, personne ne pourrait fermer ses autres sessions."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        session = cast(Session, super().create_model_instance(data))
        session.usager_id = data.get(SESSION_KEY)
        session.collectivite_id = data.get(CLE_SESSION)
        return session
