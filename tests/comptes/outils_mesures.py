"""Ce qu'une réponse laisse voir ou mesurer : de quoi comparer deux envois sans chronomètre."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import hashers
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_tasks_db.models import DBTaskResult

from portail.models import Courriel, Journal


def empreinte(monkeypatch: pytest.MonkeyPatch, envoi: Callable[[Client], Any], client: Client) -> dict[str, Any]:
    """Statut, adresse suivante, corps, cookies, forme de chaque requête SQL, hachages, tâches, courriels, journal."""
    haches: list[str] = []
    encode = hashers.MD5PasswordHasher.encode
    comptes = (DBTaskResult.objects.count(), Courriel.objects.count(), Journal.objects.count())
    with monkeypatch.context() as remplacement:
        remplacement.setattr(
            hashers.MD5PasswordHasher, "encode", lambda h, mot, sel: haches.append(mot) or encode(h, mot, sel)
        )
        with CaptureQueriesContext(connection) as requetes:
            reponse = envoi(client)
    apres = (DBTaskResult.objects.count(), Courriel.objects.count(), Journal.objects.count())
    return {
        "statut": reponse.status_code,
        "suite": reponse.get("Location"),
        "corps": neutre(reponse.content.decode()),
        "cookies": sorted(reponse.cookies),
        "sql": [forme(q["sql"]) for q in requetes],
        "hachages": len(haches),
        "taches_courriels_journal": tuple(b - a for a, b in zip(comptes, apres, strict=True)),
    }


def neutre(corps: str) -> str:
    """La page sans son jeton CSRF ni l'adresse qu'on vient d'y taper."""
    sans_jeton = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", corps)
    return re.sub(r"[\w.+-]+@[\w.-]+", "", sans_jeton)


def forme(sql: str) -> str:
    """La requête sans ses valeurs."""
    return re.sub(r"\d+", "N", re.sub(r"'(?:[^']|'')*'", "'x'", sql))
