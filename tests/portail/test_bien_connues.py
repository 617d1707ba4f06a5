"""Les adresses fixes que cherchent les outils : à qui signaler une faille, où changer de mot de passe."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client


def champs(client, **entetes) -> dict[str, str]:
    reponse = client.get("/.well-known/security.txt", **entetes)
    assert (reponse.status_code, reponse["Content-Type"]) == (200, "text/plain; charset=utf-8")
    return dict(ligne.split(": ", 1) for ligne in reponse.content.decode().splitlines())


@pytest.fixture
def page(boe) -> Client:
    return Client(HTTP_HOST="localhost")


@pytest.mark.sqlite
@pytest.mark.parametrize(
    "jour", ["2026-11-23T00:00:00+00:00", "2026-12-31T23:59:59+00:00", "2032-02-29T12:00:00+00:00"]
)
def test_security_txt_dit_a_qui_signaler_et_ne_se_perime_jamais(page, settings, jour):
    settings.SECURITE_CONTACT = "mailto:securite@exemple.fr"
    with time_machine.travel(datetime.fromisoformat(jour), tick=False):
        lus = champs(page)
        reste = datetime.fromisoformat(lus.pop("Expires")) - datetime.now(UTC)
    assert timedelta(days=30) < reste < timedelta(days=365)
    assert lus == {
        "Contact": "mailto:securite@exemple.fr",
        "Preferred-Languages": "fr",
        "Canonical": "http://localhost/.well-known/security.txt",
    }


@pytest.mark.parametrize(
    ("numero", "contact"),
    [("05 61 00 19 30", "tel:0561001930;phone-context=+33"), ("+590 590 12 34 56", "tel:+590590123456")],
)
def test_sans_contact_regle_c_est_le_telephone_de_la_commune(page, boe, numero, contact):
    boe.telephone = numero
    boe.save()
    assert champs(page)["Contact"] == contact


def test_chaque_commune_a_le_sien(page, ailleurs):
    assert champs(page, HTTP_HOST=ailleurs.hotes.get().nom)["Canonical"].startswith(ailleurs.adresse)


def test_changer_de_mot_de_passe_mene_a_une_page_qui_existe(page):
    reponse = page.get("/.well-known/change-password", follow=True)
    assert (reponse.status_code, reponse.redirect_chain) == (
        200,
        [("/mes-informations/#mot-de-passe", 302), ("/connexion/?next=/mes-informations/", 302)],
    )


def test_une_adresse_bien_connue_qui_n_existe_pas_est_introuvable(page):
    chemin = "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200/"
    assert page.get(chemin).status_code == 404
