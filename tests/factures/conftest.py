"""Les lots de ces essais se lisent dans un fil, sauf ceux qui éprouvent le bac à sable lui-même."""

import pytest

from factures.imports.bac import parent
from tests.factures.outils_bac import EnUnFil


@pytest.fixture(autouse=True)
def bac_en_un_fil(request, monkeypatch):
    if "vrai_bac" not in request.fixturenames:
        monkeypatch.setattr(parent, "demarrer", EnUnFil)


@pytest.fixture
def vrai_bac():
    """Le vrai processus, et ses bornes."""
