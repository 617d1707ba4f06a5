"""Les pages du simulateur, la notification et le retour (payfip.md §3.7, §3.9 et §3.10)."""

import threading
from collections.abc import Iterator

import pytest

from tests.paiement_tipi.test_simulateur_outils import (
    Marchand,
    Simulateur,
    faute,
    feuilles,
    marchand_en_marche,
    simulateur_en_marche,
)

ESSAI = "Attention ! Il s'agit d'un paiement de test. Aucun paiement ne sera réellement effectué."
TICKET, SITE = "/tpa/ticket.web", "/retour/?x=1"


@pytest.fixture
def simulateur() -> Iterator[Simulateur]:
    with simulateur_en_marche() as simulateur:
        yield simulateur


@pytest.fixture
def marchand() -> Iterator[Marchand]:
    with marchand_en_marche() as marchand:
        yield marchand


def creer(simulateur: Simulateur, marchand: Marchand, machine: str = "127.0.0.1") -> str:
    base = f"http://{machine}:{marchand.server_port}"
    return simulateur.creer(urlnotif=f"{base}/notification/", urlredirect=f"{base}{SITE}")


def resultat(simulateur: Simulateur, idop: str) -> str:
    return feuilles(simulateur.lire(idop))["resultrans"]


def test_la_premiere_page_dit_la_dette_et_les_choix(simulateur: Simulateur) -> None:
    page = simulateur.ouvrir(simulateur.creer())

    assert page.status_code == 200
    for texte in (
        ESSAI,
        '<html lang="fr">',
        "<h1>Paiement en ligne</h1>",
        "Informations sur la dette",
        "<dt>Référence de la dette</dt><dd>X0000301010000001317</dd>",
        "<dt>Montant</dt><dd>243,11\u00a0€</dd>",
        "<dt>Adresse électronique</dt><dd>usager@demo.example</dd>",
        ">Payer par carte bancaire</button>",
        ">Payer par prélèvement</button>",
        ">Annuler</button>",
    ):
        assert texte in page.text


def test_la_politique_de_securite_nomme_le_site_du_retour(simulateur: Simulateur) -> None:
    page = simulateur.ouvrir(simulateur.creer(urlredirect="http://boe.localhost:8000/retour/?x=1"))

    politique = page.headers["Content-Security-Policy"]
    assert politique.startswith("default-src 'none'; style-src 'self';")
    assert politique.endswith("form-action 'self' http://boe.localhost:8000")


def test_une_valeur_hostile_est_echappee(simulateur: Simulateur) -> None:
    page = simulateur.ouvrir(simulateur.creer(objet='<script>"$titre'))

    assert "<dd>&lt;script&gt;&quot;$titre</dd>" in page.text


def test_la_page_ne_s_ouvre_qu_une_fois(simulateur: Simulateur) -> None:
    idop = simulateur.creer()

    pages = [simulateur.ouvrir(idop), simulateur.ouvrir(idop)]
    assert [page.status_code for page in pages] == [200, 409]
    assert "Lien de paiement déjà utilisé" in pages[1].text
    assert ESSAI in pages[1].text


def test_une_operation_inconnue_a_sa_page(simulateur: Simulateur) -> None:
    page = simulateur.ouvrir("cc0cb210-1cd4-11ea-8cca-0213ad91a103")

    assert (page.status_code, "Opération de paiement inconnue" in page.text) == (404, True)


def test_la_seconde_page_se_recharge_et_sa_carte_est_deja_remplie(simulateur: Simulateur) -> None:
    idop = simulateur.creer()
    simulateur.ouvrir(idop)

    suite = simulateur.choisir(idop, "carte")
    assert (suite.status_code, suite.headers["Location"]) == (303, f"/tpa/saisie.web?idop={idop}")
    pages = [simulateur.page("/tpa/saisie.web", idop) for _ in range(2)]
    assert [page.status_code for page in pages] == [200, 200]
    assert 'value="5017 6740 0000 0002"' in pages[1].text
    assert 'name="numero"' not in pages[1].text
    for bouton in ("Valider le paiement", "Simuler un refus", "Annuler"):
        assert f">{bouton}</button>" in pages[1].text


def test_le_ticket_mene_au_site_avec_l_idop(simulateur: Simulateur, marchand: Marchand) -> None:
    idop = creer(simulateur, marchand)
    suite = simulateur.payer(idop)
    retour = simulateur.page("/tpa/retour.web", idop)

    assert suite.headers["Location"] == f"{TICKET}?idop={idop}"
    ticket = simulateur.page(TICKET, idop)
    assert "Paiement accepté</h1>" in ticket.text
    assert f'href="/tpa/retour.web?idop={idop}">Retourner sur le site</a>' in ticket.text
    assert retour.headers["Location"] == f"http://127.0.0.1:{marchand.server_port}{SITE}&idop={idop}"


def test_annuler_revient_aussitot_sur_le_site(simulateur: Simulateur, marchand: Marchand) -> None:
    idop = creer(simulateur, marchand)
    simulateur.ouvrir(idop)

    suite = simulateur.choisir(idop, "annuler")
    attendue = f"http://127.0.0.1:{marchand.server_port}{SITE}&idop={idop}"
    assert (suite.status_code, suite.headers["Location"]) == (303, attendue)
    assert marchand.notifications == [f"idop={idop}"]
    assert resultat(simulateur, idop) == "A"


@pytest.mark.parametrize("action", ["valider", "refuser", "annuler"])
@pytest.mark.parametrize("chemin", ["/tpa/resultat.web", "/tpa/choix.web"])
def test_rejouer_un_envoi_ne_change_pas_un_paiement(
    simulateur: Simulateur, marchand: Marchand, chemin: str, action: str
) -> None:
    idop = creer(simulateur, marchand)
    simulateur.payer(idop)

    suite = simulateur.cliquer(chemin, idop, action)
    assert suite.headers["Location"] == f"{TICKET}?idop={idop}"
    assert resultat(simulateur, idop) == "P"
    assert marchand.notifications == [f"idop={idop}"]


def test_vingt_clics_ensemble_ne_notifient_qu_une_fois(simulateur: Simulateur, marchand: Marchand) -> None:
    idop = creer(simulateur, marchand)
    simulateur.ouvrir(idop)
    simulateur.choisir(idop, "carte")
    depart = threading.Barrier(20)

    def cliquer() -> None:
        depart.wait()
        Simulateur(simulateur.url).conclure(idop, "valider")

    fils = [threading.Thread(target=cliquer) for _ in range(20)]
    for fil in fils:
        fil.start()
    for fil in fils:
        fil.join()
    assert marchand.notifications == [f"idop={idop}"]


def test_annuler_deux_fois_ne_notifie_qu_une_fois(simulateur: Simulateur, marchand: Marchand) -> None:
    idop = creer(simulateur, marchand)
    retours = [simulateur.choisir(idop, "annuler") for _ in range(2)]

    assert retours[0].headers["Location"] == retours[1].headers["Location"]
    assert marchand.notifications == [f"idop={idop}"]


def test_un_abandon_peut_etre_suivi_d_un_paiement(simulateur: Simulateur, marchand: Marchand) -> None:
    idop = creer(simulateur, marchand)
    simulateur.payer(idop, action="annuler")
    avant = resultat(simulateur, idop)
    simulateur.conclure(idop, "valider")

    assert (avant, resultat(simulateur, idop)) == ("A", "P")
    assert marchand.notifications == [f"idop={idop}"] * 2


@pytest.mark.parametrize(
    ("mode", "avant_ticket", "apres_retour"),
    [("une", 1, 1), ("jamais", 0, 0), ("double", 2, 2), ("avant_retour", 0, 1)],
)
def test_chaque_mode_de_notification(
    simulateur: Simulateur, marchand: Marchand, mode: str, avant_ticket: int, apres_retour: int
) -> None:
    simulateur.regler(notification=mode)
    idop = creer(simulateur, marchand)

    simulateur.payer(idop)
    assert marchand.notifications == [f"idop={idop}"] * avant_ticket
    simulateur.page("/tpa/retour.web", idop)
    assert marchand.notifications == [f"idop={idop}"] * apres_retour
    notees = simulateur.etat()["notifications"]
    url = f"http://127.0.0.1:{marchand.server_port}/notification/"
    assert [(n["url"], n["corps"], n["statut"]) for n in notees] == [(url, f"idop={idop}", 200)] * apres_retour


def test_avant_retour_notifie_aussi_un_abandon(simulateur: Simulateur, marchand: Marchand) -> None:
    simulateur.regler(notification="avant_retour")
    idop = creer(simulateur, marchand)
    simulateur.payer(idop, action="annuler")

    assert marchand.notifications == [f"idop={idop}"]


def test_la_notification_joint_les_sous_domaines_de_localhost(simulateur: Simulateur, marchand: Marchand) -> None:
    simulateur.payer(creer(simulateur, marchand, "boe.localhost"))

    methode, chemin, _corps, hote = marchand.recus[0]
    assert (methode, chemin, hote) == ("POST", "/notification/", f"boe.localhost:{marchand.server_port}")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://a..b/"])
def test_une_notification_impossible_ne_casse_pas_la_page(simulateur: Simulateur, url: str) -> None:
    assert simulateur.payer(simulateur.creer(urlnotif=url)).status_code == 303
    assert [n["statut"] for n in simulateur.etat()["notifications"]] == [None]


def test_une_notification_refusee_est_notee_avec_son_statut(simulateur: Simulateur, marchand: Marchand) -> None:
    marchand.statut = 503
    simulateur.payer(creer(simulateur, marchand))

    assert [n["statut"] for n in simulateur.etat()["notifications"]] == [503]


@pytest.mark.parametrize(
    ("chemin", "action"),
    [("/tpa/choix.web", "autre"), ("/tpa/resultat.web", "valider"), ("/tpa/resultat.web", "")],
)
def test_un_envoi_hors_de_son_etape_est_explique(simulateur: Simulateur, chemin: str, action: str) -> None:
    idop = simulateur.creer()
    simulateur.ouvrir(idop)
    page = simulateur.cliquer(chemin, idop, action)

    assert (page.status_code, "Étape de paiement inattendue" in page.text) == (400, True)
    assert faute(simulateur.lire(idop)) == "P5"


def test_le_ticket_d_une_operation_sans_resultat_est_refuse(simulateur: Simulateur) -> None:
    assert simulateur.page(TICKET, simulateur.creer()).status_code == 400


@pytest.mark.parametrize(
    ("methode", "chemin", "statut"),
    [
        ("GET", "/", 200),
        ("GET", "/tpa/style.css", 200),
        ("GET", "/tpa/icone.svg", 200),
        ("GET", "/tpa/paiement.web", 400),
        ("POST", "/tpa/paiement.web", 405),
        ("HEAD", "/tpa/paiement.web", 405),
        ("GET", "/simulateur/meteo", 405),
        ("GET", "/tpa/../serveur.py", 404),
        ("GET", "/tpa/choix.web", 405),
        ("POST", "/tpa/paiementws.web", 405),
        ("HEAD", "/tpa/paiementws.web", 405),
        ("TRACE", "/", 501),
    ],
)
def test_chaque_chemin_a_ses_methodes(simulateur: Simulateur, methode: str, chemin: str, statut: int) -> None:
    reponse = simulateur.client.request(methode, f"{simulateur.url}{chemin}", timeout=5)

    assert (reponse.status_code, reponse.headers["X-Content-Type-Options"]) == (statut, "nosniff")
