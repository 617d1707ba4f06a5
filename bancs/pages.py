"""Les pages du portail à côté de la « page nue », et la connexion."""

import re
from collections.abc import Iterator

from bancs import requetes
from bancs.charge import Connexion as Prise
from bancs.donnees import TAILLES, courriel
from bancs.mesure import Sujet, mesurer
from bancs.navigateur import Connexion, obtenir
from bancs.serveur import serveur
from factures.models import Facture
from paiement_tipi.management.demo import MOT_DE_PASSE

TOURS = 24
SECONDES = 0.5
PAGE_NUE = "/bancs/page-nue/"
LISTE = "/factures/"
HABITANTE = "usager@demo.example"
REFERENCE = "X0000301010000001317"  # la facture de 243,11 € de la démonstration
_FACTURE = re.compile(rb'href="/factures/([0-9a-f-]{36})/"')


def chemin_de_la_facture() -> str:
    """La page d'une facture ordinaire, de quatre lignes, à payer."""
    return Facture.objects.get(reference=REFERENCE, collectivite__par_defaut=True).get_absolute_url()


def mesurer_les_pages(sujets: list[str]) -> dict[str, dict[str, float]]:
    """Les figures de ``liste``, ``detail`` et ``connexion`` parmi ``sujets``, et de la page nue."""
    with serveur() as port:
        mesures = {sujet.nom: sujet for sujet in _sujets(port, sujets)}
        communes = mesurer(list(mesures.values()), tours=TOURS, secondes=SECONDES)
    figures = {nom: sujet.figures() | communes for nom, sujet in mesures.items()}
    for nom, sql in _comptes(sujets):
        figures[nom]["requetes_sql"] = sql
    for nom, sujet in mesures.items():
        if not nom.startswith("page_nue"):
            temoin = mesures.get(nom.replace("liste", "page_nue") if "liste" in nom else "page_nue_24")
            figures[nom]["rapport_page_nue"] = sujet.req_s / (temoin or mesures["page_nue_24"]).req_s
    if "liste" in sujets:
        figures["liste"] = min((figures[f"liste_{n}"] for n in TAILLES), key=lambda f: f["rapport_page_nue"])
    return figures


def _sujets(port: int, noms: list[str]) -> Iterator[Sujet]:
    """Chaque liste juste à côté de sa page nue."""
    connexion = Connexion(port)
    for taille in TAILLES if "liste" in noms else TAILLES[:1]:
        session = connexion.ouvrir(courriel(f"liste-{taille}"))
        nue, liste = obtenir(port, PAGE_NUE, session), obtenir(port, LISTE, session)
        yield Sujet.page(f"page_nue_{taille}", port, nue)
        if "liste" in noms:
            assert _factures(port, nue) == _factures(port, liste), "la page nue montre d'autres factures que la liste"
            yield Sujet.page(f"liste_{taille}", port, liste)
    if "detail" in noms:
        session = connexion.ouvrir(HABITANTE, MOT_DE_PASSE)
        yield Sujet.page("detail", port, obtenir(port, chemin_de_la_facture(), session))
    if "connexion" in noms:
        yield Sujet("connexion", port, connexion.requetes(), attendu=b"302")


def _factures(port: int, requete: bytes) -> list[bytes]:
    """Les factures que montre cette page, dans l'ordre."""
    prise = Prise.ouvrir(port)
    factures = dict.fromkeys(_FACTURE.findall(prise.demander(requete, b"200")))
    prise.prise.close()
    return list(factures)


def _comptes(noms: list[str]) -> Iterator[tuple[str, int]]:
    for taille in TAILLES if "liste" in noms else TAILLES[:1]:
        visiteur = requetes.client(courriel(f"liste-{taille}"))
        yield f"page_nue_{taille}", requetes.compter(visiteur, PAGE_NUE)
        if "liste" in noms:
            yield f"liste_{taille}", requetes.compter(visiteur, LISTE)
    if "detail" in noms:
        visiteur = requetes.client(HABITANTE, MOT_DE_PASSE)
        yield "detail", requetes.compter(visiteur, chemin_de_la_facture())
    if "connexion" in noms:
        yield "connexion", requetes.compter_connexion(courriel(0))
