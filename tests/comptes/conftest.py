from collections.abc import Callable, Iterator
from datetime import timedelta
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
