"""Relever le courrier comme le ferait une personne, et suivre ses liens dans un navigateur neuf."""

import re
from typing import Any
from urllib.parse import urlsplit

from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.test import Client

from portail import courriels


def relever() -> list[EmailMultiAlternatives]:
    """L'ouvrier passe ; les messages partis, du plus ancien au plus récent."""
    deja = len(mail.outbox)
    courriels.envoyer()
    return mail.outbox[deja:]


def seul() -> EmailMultiAlternatives:
    """Le seul message que l'ouvrier vient d'envoyer."""
    [message] = relever()
    return message


def lien(message: EmailMultiAlternatives, debut: str = "/lien/") -> str:
    """Le lien du texte brut, le même que celui du HTML."""
    [texte] = {url for url in re.findall(r"https?://\S+", message.body) if urlsplit(url).path.startswith(debut)}
    assert f'href="{texte}"' in message.alternatives[0][0]
    return texte


def suivre(client: Client, url: str) -> Any:
    """La page où mène le lien, le jeton retiré de l'adresse."""
    adresse = urlsplit(url)
    reponse = client.get(adresse.path, HTTP_HOST=adresse.hostname)
    assert reponse.status_code == 302, reponse.content.decode()
    return client.get(reponse["Location"], HTTP_HOST=adresse.hostname)
