"""Des fichiers jetables, et de quoi écrire au service comme une personne."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import factories
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from comptes.models import Usager
from contact.models import Demande
from portail.models import Affectation, Collectivite, Role
from tests.factures.outils_bac import bac_en_un_fil, vrai_bac  # noqa: F401  # pour tous les essais d'ici


@pytest.fixture(autouse=True)
def fichiers(settings: Any, tmp_path: Path) -> Path:
    """Le dossier où se rangent les pièces jointes."""
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}}
    }
    return tmp_path / "contact"


@pytest.fixture
def chez_ada(ada: Usager, boe: Collectivite, connecter: Callable[..., Client]) -> Client:
    return connecter(ada, chez=boe)


@pytest.fixture
def chez_agente(agente: Usager, boe: Collectivite, connecter: Callable[..., Client]) -> Client:
    return connecter(agente, chez=boe)


@pytest.fixture
def collegue(boe: Collectivite) -> Usager:
    """Un autre agent, de la relation aux usagers."""
    personne = factories.usager(email="collegue@exemple.fr", nom="MAIRIE", prenom="Collègue", is_staff=True)
    Affectation.objects.create(usager=personne, collectivite=boe, role=Role.RELATION)
    return personne


@pytest.fixture
def demande(ada: Usager, boe: Collectivite) -> Demande:
    return factories.demande(ada, boe)


def fichier(nom: str, contenu: bytes) -> SimpleUploadedFile:
    """Ce qu'un navigateur envoie ; le type annoncé ne compte pas."""
    return SimpleUploadedFile(nom, contenu, content_type="application/octet-stream")
