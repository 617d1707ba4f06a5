"""Lire une page comme une personne : son titre et son texte, sans ses balises."""

from django.http import HttpResponse
from lxml import html


def titre(reponse: HttpResponse) -> str:
    [h1] = html.fromstring(reponse.content).iterfind(".//h1")
    return " ".join(h1.text_content().split())


def texte(reponse: HttpResponse) -> str:
    return " ".join(html.fromstring(reponse.content).text_content().split())


def champs_du_formulaire(reponse: HttpResponse) -> list[str]:
    """Les champs de la page, hors jeton CSRF et hors navigation."""
    page = html.fromstring(reponse.content)
    noms = [champ.get("name") for champ in page.iterfind(".//main//input")]
    return [nom for nom in noms if nom != "csrfmiddlewaretoken"]


def liens(reponse: HttpResponse) -> list[str]:
    return [lien.get("href") for lien in html.fromstring(reponse.content).iterfind(".//main//a")]
