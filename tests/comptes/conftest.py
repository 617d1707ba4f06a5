from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine


@pytest.fixture
def avancer() -> Iterator[Callable[..., None]]:
    """``avancer(hours=25)`` : l'horloge saute."""
    with time_machine.travel(1_800_000_000.0, tick=False) as voyage:

        def _avancer(**duree: Any) -> None:
            voyage.shift(timedelta(**duree))

        yield _avancer


@pytest.fixture
def fichiers(settings: Any, tmp_path: Path) -> Path:
    """Le dossier du stockage privé, neuf."""
    stockage = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}}
    settings.STORAGES = settings.STORAGES | {"default": stockage}
    return tmp_path
