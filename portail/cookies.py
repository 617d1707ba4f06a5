"""Ce que nos cookies de session et de messages ont de différent de ceux de Django."""

import re
from typing import Any

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.sessions.backends import db

_CLE = re.compile(r"[a-z0-9]{32}")


class SessionStore(db.SessionStore):
    """La session en base ; un cookie qui n'est pas une de ses clés (un octet nul…) n'est cherché nulle part."""

    def _validate_session_key(self, key: Any) -> bool:
        return _CLE.fullmatch(key or "") is not None


class Messages(CookieStorage):
    """Les messages d'une page à la suivante, dans un cookie lié à l'hôte comme les autres."""

    @property
    def cookie_name(self) -> str:  # type: ignore[override]  # un attribut de classe chez Django
        return settings.MESSAGES_COOKIE_NAME
