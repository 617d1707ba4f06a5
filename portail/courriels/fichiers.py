"""Pour la démonstration : chaque courriel devient un fichier ``.eml``, qu'un logiciel de courriel sait ouvrir."""

import os
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend


class EnvoiEnFichiers(BaseEmailBackend):
    """``EMAIL_FILE_PATH/<UTC>-<id>.eml``, en RFC 5322 ; qui surveille le dossier ne voit que des fichiers entiers."""

    def open(self) -> bool:
        """Le dossier tient lieu de serveur."""
        Path(settings.EMAIL_FILE_PATH).mkdir(mode=0o700, parents=True, exist_ok=True)
        return True

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Le nombre de fichiers écrits."""
        self.open()
        for message in email_messages:
            _ecrire(message.message())
        return len(email_messages)


def _ecrire(message: Any) -> None:
    dossier = Path(settings.EMAIL_FILE_PATH)
    identifiant = message["Message-ID"].strip("<>").partition("@")[0]
    with tempfile.NamedTemporaryFile(dir=dossier, prefix=".", suffix=".tmp", delete=False) as provisoire:
        provisoire.write(message.as_bytes(linesep="\r\n"))
        provisoire.flush()
        os.fsync(provisoire.fileno())
    Path(provisoire.name).replace(dossier / f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}-{identifiant}.eml")
