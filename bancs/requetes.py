"""Combien de requêtes SQL fait chaque sujet, comptées dans notre processus à travers tous les intergiciels."""

from http import HTTPStatus

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bancs.donnees import MOT_DE_PASSE
from bancs.navigateur import adresse


def client(email: str, mot_de_passe: str = MOT_DE_PASSE) -> Client:
    """Une personne connectée par la vraie page."""
    visiteur = Client(SERVER_NAME="127.0.0.1", headers={"X-Forwarded-For": adresse()})
    reponse = visiteur.post("/connexion/", {"login": email, "password": mot_de_passe})
    assert reponse.status_code == HTTPStatus.FOUND
    return visiteur


def compter(visiteur: Client, chemin: str) -> int:
    """Les requêtes SQL de cette page, à la seconde visite : la première note parfois une lecture."""
    _lire(visiteur, chemin)
    with CaptureQueriesContext(connection) as capture:
        _lire(visiteur, chemin)
    return len(capture)


def compter_connexion(email: str) -> int:
    """Les requêtes SQL de l'envoi du formulaire de connexion."""
    client(email)
    with CaptureQueriesContext(connection) as capture:
        client(email)
    return len(capture)


def _lire(visiteur: Client, chemin: str) -> None:
    reponse = visiteur.get(chemin)
    assert reponse.status_code == HTTPStatus.OK
    b"".join(reponse)
