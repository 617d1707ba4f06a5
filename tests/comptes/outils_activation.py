"""Activer un compte comme une personne : la page, le courriel, le lien, le mot de passe."""

import re
from typing import Any

from django.core import mail
from django.test import Client

from comptes.models import Redevable
from comptes.services import emettre
from portail import courriels

MOT_DE_PASSE = "quatre canards verts en juin"
LIEN = re.compile(r"(http://[^/\s]+)(/activation/\S+)")


def demander(client: Client, courriel: str, code_client: str = "", code: str = "", **entetes: Any) -> Any:
    return client.post("/activation/", {"courriel": courriel, "client": code_client, "code": code}, **entetes)


def code_de(redevable: Redevable) -> str:
    """Un code neuf, tel qu'imprimé."""
    return emettre(redevables=[redevable])[0].code


def courrier() -> tuple[str, str]:
    """Le sujet et le texte du dernier courriel, une fois la file envoyée."""
    courriels.envoyer()
    return mail.outbox[-1].subject, mail.outbox[-1].body


def lien() -> str:
    """Le chemin du lien reçu."""
    trouve = LIEN.search(courrier()[1])
    assert trouve is not None, mail.outbox[-1].body
    return trouve[2]


def choisir(client: Client, /, mot_de_passe: str = MOT_DE_PASSE, **champs: str) -> Any:
    """La dernière page : le mot de passe, deux fois."""
    return client.post("/activation/finir/", {"mot_de_passe": mot_de_passe, "confirmation": mot_de_passe, **champs})


def activer(client: Client, /, courriel: str, code_client: str = "", code: str = "", **champs: str) -> Any:
    """Tout le chemin."""
    demander(client, courriel, code_client, code)
    assert client.get(lien()).status_code == 302
    return choisir(client, **champs)
