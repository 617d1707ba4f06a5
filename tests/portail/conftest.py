from collections.abc import Iterator

import pytest
from django.core.cache import cache

from portail import registre
from tests.portail import outils_courriels


@pytest.fixture
def bureau(db: None, monkeypatch: pytest.MonkeyPatch, settings) -> Iterator[outils_courriels.Bureau]:
    """Un bureau de poste neuf, où va tout ce qui est envoyé ; la sorte « essai » est déclarée."""
    neuf = outils_courriels.Bureau()
    monkeypatch.setattr(outils_courriels, "bureau", neuf)
    monkeypatch.setattr(registre, "_sortes", {outils_courriels.ESSAI: outils_courriels.SORTE})
    settings.EMAIL_BACKEND = "tests.portail.outils_courriels.Facteur"
    cache.clear()
    yield neuf
    cache.clear()
