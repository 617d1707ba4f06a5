"""Personne n'apprend du site qui a un compte, ni quels codes existent : on compte les gestes, on ne chronomètre pas."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import factories
import pytest
from django.contrib.auth import hashers
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_tasks_db.models import DBTaskResult

from comptes import codes
from comptes import services as services_comptes
from comptes.models import CodeActivation
from comptes.services import emettre
from portail import courriels
from portail.models import Compteur, Courriel
from tests.comptes.outils_activation import demander

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]


@dataclass(frozen=True)
class Vu:
    """Tout ce qu'un curieux peut observer d'un envoi, et ce que le serveur a dû faire pour y répondre."""

    statut: int
    adresse: str
    page: str
    cookies: tuple[str, ...]
    sql: tuple[str, ...]
    hachages: int
    taches: int
    courriels: int


@pytest.fixture
def observer(monkeypatch) -> Callable[..., Vu]:
    haches: list[str] = []
    encode = hashers.MD5PasswordHasher.encode

    def compter(hacheur, mot_de_passe, sel):
        haches.append(mot_de_passe)
        return encode(hacheur, mot_de_passe, sel)

    monkeypatch.setattr(hashers.MD5PasswordHasher, "encode", compter)

    def _observer(envoyer: Callable[[Client], Any]) -> Vu:
        Compteur.objects.all().delete()
        avant = len(haches), DBTaskResult.objects.count(), Courriel.objects.count()
        client = Client(HTTP_HOST="localhost")
        client.get("/connexion/")
        with CaptureQueriesContext(connection) as requetes:
            reponse = envoyer(client)
        suite = client.get(reponse["Location"]) if "Location" in reponse else reponse
        return Vu(
            reponse.status_code,
            reponse.get("Location", ""),
            sans_ce_qui_est_tape(suite.content.decode()),
            tuple(sorted(client.cookies)),
            tuple(forme(q["sql"]) for q in requetes),
            len(haches) - avant[0],
            DBTaskResult.objects.count() - avant[1],
            Courriel.objects.count() - avant[2],
        )

    return _observer


def sans_ce_qui_est_tape(page: str) -> str:
    return re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"|[\w.+-]+@exemple\.fr', "", page)


def forme(sql: str) -> str:
    """L'instruction sans ses valeurs, que SQLite et PostgreSQL écrivent dedans."""
    return re.sub(r"'(?:[^']|'')*'|\b\d[\d.]*\b|\bNULL\b|\b(?:true|false)\b|s\d+_x\d+", "?", sql)


@pytest.fixture
def monde(boe, ada):
    """Chaque sorte d'adresse et de codes."""
    factories.redevable(boe, courriel="connue@exemple.fr", code="K-1")
    factories.redevable(boe, ada, courriel=ada.email)
    factories.usager(email="inactif@exemple.fr", is_active=False)
    factories.usager(email="sans@exemple.fr", password=None)
    for prenom in ("Léa", "Paul"):
        factories.redevable(boe, prenom=prenom, courriel="deux@exemple.fr")
    etats = ("BON", "BRULE", "PERIME", "EMPLOYE", "SANS")
    redevables = {etat: factories.redevable(boe, code=etat) for etat in etats}
    emis = {e.redevable.code: e.code for e in emettre(redevables=[r for c, r in redevables.items() if c != "SANS"])}
    CodeActivation.objects.filter(redevable__code="BRULE").update(echecs=10)
    CodeActivation.objects.filter(redevable__code="PERIME").update(expire_le="2020-01-01T00:00:00Z")
    CodeActivation.objects.filter(redevable__code="EMPLOYE").update(utilise_le="2020-01-01T00:00:00Z")
    return emis


ADRESSES = ("connue", "inconnue", "ada", "inactif", "sans", "deux")


def test_l_activation_par_adresse_se_passe_toujours_pareil(monde, observer):
    vus = {nom: observer(lambda c, nom=nom: demander(c, f"{nom}@exemple.fr")) for nom in ADRESSES}
    assert len(set(vus.values())) == 1, vus
    vu = vus["connue"]
    assert (vu.statut, vu.adresse, vu.hachages, vu.courriels) == (303, "/activation/envoyee/", 0, 1)


def test_l_activation_par_codes_se_passe_toujours_pareil(monde, observer):
    faux = codes.presenter("2" * codes.LONGUEUR)
    essais = [*((c, monde[c]) for c in monde), *((c, faux) for c in (*monde, "SANS", "X", "K-1"))]
    vus = {
        (client, nom, code == faux): observer(lambda c, n=nom, k=client, v=code: demander(c, f"{n}@exemple.fr", k, v))
        for client, code in essais
        for nom in ("inconnue", "ada", "connue")
    }
    CodeActivation.objects.update(echecs=0)
    assert len(set(vus.values())) == 1, set(vus.values())
    assert next(iter(vus.values())).hachages == 1


def test_temoin_une_fuite_d_un_seul_geste_se_verrait(monde, observer, monkeypatch):
    """Sans le témoin, un test qui compare deux réponses vides serait vert aussi."""
    vrai = services_comptes.demander

    def bavard(**saisie):
        if saisie["courriel"] != "inconnue@exemple.fr":
            vrai(**saisie)

    monkeypatch.setattr(services_comptes, "demander", bavard)
    vus = {observer(lambda c, nom=nom: demander(c, f"{nom}@exemple.fr")) for nom in ("connue", "inconnue")}
    assert len(vus) == 2


@pytest.fixture
def courriel_en_panne(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # personne n'y répond
    cache.clear()
    yield
    cache.clear()


def test_le_serveur_de_courriel_en_panne_ne_dit_rien_et_ne_perd_rien(monde, observer, courriel_en_panne, settings):
    vus = {observer(lambda c, nom=nom: demander(c, f"{nom}@exemple.fr")) for nom in ADRESSES}
    assert len(vus) == 1
    assert courriels.envoyer() is False
    cache.clear()
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    courriels.envoyer()
    assert sorted(m.to[0] for m in mail.outbox) == sorted(f"{nom}@exemple.fr" for nom in ADRESSES)


def test_la_connexion_refusee_se_passe_toujours_pareil(monde, observer):
    def refuser(nom, mot_de_passe):
        return lambda c: c.post("/connexion/", {"login": f"{nom}@exemple.fr", "password": mot_de_passe})

    essais = {
        "mauvais": ("ada", "faux"), "inconnu": ("personne", factories.MOT_DE_PASSE),
        "inactif": ("inactif", factories.MOT_DE_PASSE), "inutilisable": ("sans", "faux"), "connue": ("connue", "faux"),
    }  # fmt: skip
    vus = {nom: observer(refuser(*essai)) for nom, essai in essais.items()}
    assert len({(v.statut, v.adresse, v.page, v.cookies, v.hachages, v.taches) for v in vus.values()}) == 1
    assert {nom: len(v.sql) for nom, v in vus.items()} == dict.fromkeys(vus, 8)


def test_une_limite_atteinte_ne_distingue_rien_non_plus(monde, boe):
    def jusqu_au_refus(nom):
        client = Client(HTTP_HOST="localhost", REMOTE_ADDR="203.0.113.7")
        return [demander(client, f"{nom}@exemple.fr").status_code for _ in range(6)]

    assert {nom: jusqu_au_refus(nom) for nom in ADRESSES} == dict.fromkeys(ADRESSES, [303] * 5 + [429])
