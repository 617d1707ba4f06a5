"""La distribution (ada, bob, claire, agente…), le simulateur de PayFiP, et aucun réseau au-delà de la machine."""

import os
import shutil
import socket
import threading
from collections.abc import Callable, Generator, Iterator
from types import SimpleNamespace
from typing import Any

import argent
import factories
import hypothesis
import pytest
from django.conf import settings as reglages
from django.core.management import call_command
from django.core.management.commands.flush import Command as FlushCommand
from django.test import Client
from playwright.sync_api import Browser, sync_playwright
from severite import Introuvable

from comptes.models import Usager
from factures.models import Facture
from paiement_tipi.simulateur.serveur import creer_serveur
from portail.ajout_seul import lever, proteger
from portail.models import Affectation, Collectivite, Regie, Role

_connecter = socket.socket.connect

# Une machine chargée ne rend pas un code faux : la lenteur se mesure dans bancs/.
hypothesis.settings.register_profile("sans_delai", deadline=None)
hypothesis.settings.load_profile("sans_delai")


@pytest.fixture(autouse=True)
def sans_reseau(monkeypatch: pytest.MonkeyPatch) -> None:
    """Un test qui sort de la machine échoue."""

    def connecter(prise: socket.socket, adresse: Any) -> None:
        if prise.family != socket.AF_UNIX and adresse[0] not in {"127.0.0.1", "::1"}:
            raise AssertionError(f"Ce test appelle le réseau : {adresse}")
        _connecter(prise, adresse)

    monkeypatch.setattr(socket.socket, "connect", connecter)


def pytest_configure() -> None:
    """Un gabarit qui écrit une variable absente, une page fautive : un échec, dans toute la suite (``severite``)."""
    reglages.TEMPLATES[0]["OPTIONS"]["string_if_invalid"] = Introuvable()
    reglages.MIDDLEWARE.insert(0, "severite.pages")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Quoi qu'ait fait un test, reste dû et trop-perçu sont le solde des règlements ; un témoin les fausse exprès."""
    yield
    if argent.touche_a_la_base(item):
        fausses = argent.fausses()
        voulu = item.get_closest_marker("argent_faux") is not None
        assert bool(fausses) is voulu, f"Numéro, montant, reste dû, trop-perçu, reçu net, en centimes : {fausses}"


@pytest.fixture(scope="session", autouse=True)
def flush_sans_declencheurs() -> Iterator[None]:
    """Entre deux tests transactionnels Django vide toutes les tables, celles où l'on ne peut qu'ajouter comprises."""
    vider = FlushCommand.handle

    def _vider(commande: FlushCommand, **options: Any) -> None:
        lever(using=options["database"])
        vider(commande, **options)
        proteger(using=options["database"])

    with pytest.MonkeyPatch.context() as remplacement:
        remplacement.setattr(FlushCommand, "handle", _vider)
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Le cache en base a sa table, comme en production."""
    with django_db_blocker.unblock():
        call_command("createcachetable")


@pytest.fixture
def boe(db: None) -> Collectivite:
    return factories.collectivite(nom="Ville de Boé", lien="M470310001", adresse="http://localhost", par_defaut=True)


@pytest.fixture
def ailleurs(db: None) -> Collectivite:
    return factories.collectivite(nom="Commune d'Ailleurs", lien="X990030101")


@pytest.fixture
def eau(boe: Collectivite) -> Regie:
    regie = factories.regie(boe, code="EAU", libelle="Eau et assainissement")
    factories.contrat(regie)
    return regie


@pytest.fixture
def ada(boe: Collectivite) -> Usager:
    return factories.usager(email="ada@exemple.fr", nom="LOVELACE", prenom="Ada")


@pytest.fixture
def bob(boe: Collectivite) -> Usager:
    """Un autre habitant de la même commune."""
    personne = factories.usager(email="bob@exemple.fr", nom="MARTIN", prenom="Bob", civilite="Monsieur")
    factories.redevable(boe, personne)
    return personne


@pytest.fixture
def agente(boe: Collectivite) -> Usager:
    personne = factories.usager(email="agente@exemple.fr", nom="MAIRIE", prenom="Agente", is_staff=True)
    Affectation.objects.create(usager=personne, collectivite=boe, role=Role.FACTURATION)
    return personne


@pytest.fixture
def facture(boe: Collectivite, ada: Usager, eau: Regie) -> Facture:
    """La facture d'Ada : 243,11 € à payer."""
    redevable = factories.redevable(boe, ada, nom="LOVELACE", prenom="Ada")
    return factories.facture(redevable, eau, numero="2026-EAU-1317", reference="X0000301010000001317")


@pytest.fixture
def connecter() -> Callable[..., Client]:
    """``connecter(ada, chez=boe)`` : un navigateur connecté dans cette commune, par la vraie page de connexion."""

    def _connecter(personne: Usager, *, chez: Collectivite) -> Client:
        client = Client(HTTP_HOST=chez.hotes.get().nom)
        reponse = client.post("/connexion/", {"login": personne.email, "password": factories.MOT_DE_PASSE})
        assert reponse.status_code == 302, "connexion refusée"
        return client

    return _connecter


@pytest.fixture
def simulateur(settings: Any) -> Iterator[SimpleNamespace]:
    """Un PayFiP complet, sur son port ; ``url`` et ``regler(panne="502")``."""
    serveur = creer_serveur(port=0, pilotable=True)
    fil = threading.Thread(target=serveur.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    fil.start()
    base = f"http://127.0.0.1:{serveur.server_address[1]}"
    settings.PAYFIP_URL = f"{base}/tpa/services/securite"
    settings.PAYFIP_PAGE_URL = f"{base}/tpa/paiementws.web"
    settings.PAYFIP_PAIEMENT_URL = f"{base}/tpa/paiement.web"
    politique = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": {**politique, "form-action": ["'self'", base]}}
    yield SimpleNamespace(url=base, serveur=serveur)
    serveur.shutdown()
    serveur.server_close()
    fil.join()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Le Chromium de la distribution ; son absence est un échec, pas un test sauté."""
    # La boucle d'événements de Playwright vit dans ce fil : Django y refuserait la base.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        navigateur = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-quic", "--no-first-run"],
            # « Précédent » y ressort la page de la mémoire, comme chez les personnes ; Playwright l'en empêche sinon.
            ignore_default_args=["--disable-back-forward-cache"],
        )
        yield navigateur
        navigateur.close()
