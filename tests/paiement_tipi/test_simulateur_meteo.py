"""La météo de la démonstration : l'accueil du simulateur, quand il est pilotable."""

import re
from collections.abc import Iterator

import pytest
import requests

from paiement_tipi.simulateur.meteo import CHOIX
from paiement_tipi.simulateur.reglages import VALEURS
from tests.paiement_tipi.test_simulateur_outils import Simulateur, simulateur_en_marche

CHEMIN = "/simulateur/meteo"
MEME_SITE = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def simulateur() -> Iterator[Simulateur]:
    with simulateur_en_marche() as simulateur:
        yield simulateur


def envoyer(simulateur: Simulateur, *, entetes: dict[str, str] | None = None, **champs: str) -> requests.Response:
    entetes = MEME_SITE if entetes is None else entetes
    adresse = f"{simulateur.url}{CHEMIN}"
    return simulateur.client.post(adresse, data=champs, headers=entetes, allow_redirects=False, timeout=5)


def accueil(simulateur: Simulateur, suite: str = "") -> str:
    return simulateur.client.get(f"{simulateur.url}/{suite}", timeout=5).text


def test_chaque_valeur_d_un_choix_a_sa_phrase() -> None:
    assert {nom: tuple(phrases) for nom, (_libelle, phrases) in CHOIX.items()} == {nom: VALEURS[nom] for nom in CHOIX}


def test_la_page_montre_le_temps_du_moment(simulateur: Simulateur) -> None:
    simulateur.regler(panne="coupure")
    choisies = re.findall(r'<option value="(\w+)" selected>', accueil(simulateur))

    assert choisies == ["coupure", "une", "normal", "ouvert"]
    assert "C'est changé." not in accueil(simulateur)


def test_le_formulaire_change_le_temps_et_revient_a_la_page(simulateur: Simulateur) -> None:
    simulateur.regler(horloge="2026-07-01T12:00:00", exer="tronque")
    reponse = envoyer(simulateur, panne="502", notification="double", resultat="inconnu", service="ouvert")

    etat = simulateur.etat()
    assert (reponse.status_code, reponse.headers["Location"]) == (303, "/?change")
    assert [etat[nom] for nom in ("panne", "notification", "resultat")] == ["502", "double", "inconnu"]
    assert (etat["horloge"], etat["exer"]) == ("2026-07-01T12:00:00", "tronque")
    assert "C'est changé." in accueil(simulateur, "?change")


def test_le_beau_temps_revient_sans_effacer_les_journaux(simulateur: Simulateur) -> None:
    simulateur.demander()
    simulateur.regler(panne="502", service="maintenance", exer="tronque")
    envoyer(simulateur, action="beau-temps", panne="502")

    etat = simulateur.etat()
    assert (etat["panne"], "service" in etat, etat["exer"]) == ("aucune", False, "tronque")
    assert [entree["chemin"] for entree in etat["requetes"]] == ["/tpa/services/securite"]


@pytest.mark.parametrize(
    ("entetes", "statut"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"sec-fetch-site": "same-origin"}, 303),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Origin": "{url}"}, 303),
        ({"Origin": "{url}", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "http://demo.example"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 403),
    ],
)
def test_le_formulaire_ne_vient_que_de_la_page(simulateur: Simulateur, entetes: dict[str, str], statut: int) -> None:
    envoyes = {nom: valeur.format(url=simulateur.url) for nom, valeur in entetes.items()}
    reponse = envoyer(simulateur, entetes=envoyes, panne="502")

    assert reponse.status_code == statut
    assert simulateur.etat()["panne"] == ("502" if statut == 303 else "aucune")


@pytest.mark.parametrize(
    "champs", [{"autre": "1"}, {"action": "appliquer"}, {"horloge": "2026-07-01"}, {"panne": "orage"}]
)
def test_un_envoi_vide_ou_faux_ne_change_rien(simulateur: Simulateur, champs: dict[str, str]) -> None:
    simulateur.regler(notification="double")
    reponse = envoyer(simulateur, **champs)

    assert (reponse.status_code, simulateur.etat()["notification"]) == (400, "double")


def test_la_meteo_ne_prend_pas_de_json_et_la_commande_pas_de_formulaire(simulateur: Simulateur) -> None:
    adresse = f"{simulateur.url}{CHEMIN}"
    json = simulateur.client.post(adresse, json={"panne": "502"}, headers=MEME_SITE, timeout=5)
    commande = f"{simulateur.url}/simulateur/etat"
    formulaire = simulateur.client.post(commande, data={"panne": "502"}, headers=MEME_SITE, timeout=5)

    assert (json.status_code, formulaire.status_code) == (415, 415)
    assert simulateur.etat()["panne"] == "aucune"


def test_sans_pilotable_ni_formulaire_ni_meteo() -> None:
    with simulateur_en_marche(pilotable=False) as simulateur:
        page = simulateur.client.get(f"{simulateur.url}/", timeout=5)
        assert envoyer(simulateur, panne="502").status_code == 404

    assert (page.status_code, "<form" in page.text) == (200, False)
    assert page.headers["Referrer-Policy"] == "no-referrer"


def test_la_page_laisse_le_navigateur_dire_son_origine(simulateur: Simulateur) -> None:
    page = simulateur.client.get(f"{simulateur.url}/", timeout=5)

    assert page.headers["Referrer-Policy"] == "same-origin"
    assert page.headers["Content-Security-Policy"].endswith("form-action 'self'")
