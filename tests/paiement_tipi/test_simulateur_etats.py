"""Les états de service et de client, les retours, les retards (payfip.md §7.4, points 3, 8, 10, 11, 14 et 15)."""

import time
from collections.abc import Callable, Iterator

import pytest

from tests.paiement_tipi.test_simulateur_outils import (
    Marchand,
    Simulateur,
    faute,
    feuilles,
    idop_de,
    marchand_en_marche,
    simulateur_en_marche,
)

ACTIVATION = {"333333": "activation"}
MIDI, LENDEMAIN = "2026-07-01T12:00:00", "2026-07-02T00:00:00"


@pytest.fixture
def simulateur() -> Iterator[Simulateur]:
    with simulateur_en_marche() as simulateur:
        yield simulateur


@pytest.fixture
def marchand() -> Iterator[Marchand]:
    with marchand_en_marche() as marchand:
        yield marchand


def creer(simulateur: Simulateur, marchand: Marchand) -> str:
    base = f"http://127.0.0.1:{marchand.server_port}"
    return simulateur.creer(urlnotif=f"{base}/notification/", urlredirect=f"{base}/retour/?x=1")


def activer(simulateur: Simulateur, moyen: str, action: str = "valider") -> None:
    simulateur.payer(simulateur.creer(numcli="333333", saisie="X"), moyen=moyen, action=action)


def boutons(simulateur: Simulateur, saisie: str) -> list[str]:
    page = simulateur.ouvrir(simulateur.creer(numcli="333333", saisie=saisie)).text
    return [moyen for moyen in ("carte", "prelevement") if f'value="{moyen}"' in page]


def attendre(condition: Callable[[], bool]) -> None:
    limite = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < limite, "rien n'est venu en 5 secondes"
        time.sleep(0.02)


def test_sans_declaration_les_clients_sont_ceux_du_contrat(simulateur: Simulateur) -> None:
    assert faute(simulateur.demander(numcli="333333")) == "T2"
    assert set(simulateur.etat()) == {"notification", "panne", "resultat", "horloge", "requetes", "notifications"}


@pytest.mark.parametrize(
    ("etat", "codes"),
    [
        ("inconnu", ["T2", "T2", "T2"]),
        ("test", ["", "", "T4"]),
        ("activation", ["", "", "T4"]),
        ("production", ["", "", ""]),
        ("url", ["T4", "T4", "T4"]),
        ("titres", ["T4", "T4", "T4"]),
    ],
)
def test_un_client_declare_a_les_saisies_de_son_etat(simulateur: Simulateur, etat: str, codes: list[str]) -> None:
    simulateur.regler(clients={"006382": etat})

    assert [faute(simulateur.demander(saisie=saisie)) for saisie in "TXW"] == codes
    detail = faute(simulateur.appeler("recupererDetailClient", numCli="006382"))
    assert detail == ("" if "" in codes else codes[0])


@pytest.mark.parametrize("clients", [[], {"33333": "test"}, {"333333": "autre"}, {"333333": None}, {"333333": ["x"]}])
def test_un_client_mal_declare_est_refuse(simulateur: Simulateur, clients: object) -> None:
    reponse = simulateur.regler(clients=clients)

    assert (reponse.status_code, reponse.json()["erreur"][:29]) == (400, "Valeur refusée pour « clients")


def test_un_client_se_remplace_et_se_remet_a_zero(simulateur: Simulateur) -> None:
    simulateur.regler(clients=ACTIVATION)
    assert simulateur.etat()["clients"] == ACTIVATION
    simulateur.regler(clients={"555555": "production"})
    assert faute(simulateur.demander(numcli="333333")) == "T2"
    simulateur.regler()
    assert faute(simulateur.demander(numcli="555555")) == "T2"


@pytest.mark.parametrize(("instant", "code"), [("2026-07-01T23:59:50", "T4"), (LENDEMAIN, "")])
def test_l_activation_prend_effet_le_lendemain(simulateur: Simulateur, instant: str, code: str) -> None:
    simulateur.regler(clients=ACTIVATION, horloge=MIDI, notification="jamais")
    activer(simulateur, "carte")
    simulateur.regler(horloge=instant)

    assert faute(simulateur.demander(numcli="333333")) == code
    par_url = simulateur.ouvrir_par_url(numcli="333333")
    assert par_url.status_code == (400 if code else 200)


@pytest.mark.parametrize(("moyens"), [["carte"], ["prelevement"], ["carte", "prelevement"]])
def test_la_page_ne_montre_que_les_moyens_actives(simulateur: Simulateur, moyens: list[str]) -> None:
    simulateur.regler(clients=ACTIVATION, horloge=MIDI, notification="jamais")
    for moyen in moyens:
        activer(simulateur, moyen)
    simulateur.regler(horloge=LENDEMAIN)

    assert boutons(simulateur, "W") == moyens
    assert boutons(simulateur, "T") == boutons(simulateur, "X") == ["carte", "prelevement"]


def test_un_moyen_pas_encore_active_ne_se_force_pas(simulateur: Simulateur) -> None:
    simulateur.regler(clients=ACTIVATION, horloge=MIDI, notification="jamais")
    activer(simulateur, "carte")
    simulateur.regler(horloge=LENDEMAIN)
    idop = simulateur.creer(numcli="333333")
    simulateur.ouvrir(idop)

    assert simulateur.choisir(idop, "prelevement").status_code == 400
    assert simulateur.choisir(idop, "carte").status_code == 303


def test_un_paiement_d_activation_refuse_ou_de_test_n_active_rien(simulateur: Simulateur) -> None:
    simulateur.regler(clients=ACTIVATION, horloge=MIDI, notification="jamais")
    activer(simulateur, "carte", action="refuser")
    simulateur.payer(simulateur.creer(numcli="333333", saisie="T"))
    simulateur.regler(horloge=LENDEMAIN)

    assert faute(simulateur.demander(numcli="333333")) == "T4"


@pytest.mark.parametrize(("heure", "statut"), [("13:59:50", 303), ("14:00:01", 410)])
def test_qui_est_chez_le_prestataire_finit_dans_les_deux_heures(
    simulateur: Simulateur, heure: str, statut: int
) -> None:
    simulateur.regler(horloge=MIDI, notification="jamais")
    idop = simulateur.creer()
    simulateur.choisir(idop, "carte")
    simulateur.regler(horloge=f"2026-07-01T{heure}")

    assert simulateur.page("/tpa/saisie.web", idop).status_code == (200 if statut == 303 else 410)
    assert simulateur.conclure(idop, "valider").status_code == statut
    assert faute(simulateur.lire(idop)) == ("" if statut == 303 else "P5")


def test_l_exercice_tronque_a_deux_caracteres(simulateur: Simulateur) -> None:
    simulateur.regler(notification="jamais", exer="tronque")
    idop = simulateur.creer()
    simulateur.payer(idop)
    tronque = feuilles(simulateur.lire(idop))["exer"]
    simulateur.regler(exer="entier")

    assert (tronque, feuilles(simulateur.lire(idop))["exer"]) == ("20", "2026")


def test_le_nom_de_l_idop_notifie_change_de_casse(simulateur: Simulateur, marchand: Marchand) -> None:
    simulateur.regler(nom_idop="idOp")
    idop = creer(simulateur, marchand)
    simulateur.payer(idop)

    assert marchand.notifications == [f"idOp={idop}"]


def test_la_notification_retardee_part_apres_le_ticket(marchand: Marchand) -> None:
    with simulateur_en_marche(delai_notification=0.4) as simulateur:
        simulateur.regler(notification="retardee")
        idop = creer(simulateur, marchand)
        simulateur.payer(idop)
        assert simulateur.page("/tpa/ticket.web", idop).status_code == 200
        assert marchand.notifications == []
        attendre(lambda: marchand.notifications == [f"idop={idop}"])


def test_la_notification_apres_retour_attend_le_retour(simulateur: Simulateur, marchand: Marchand) -> None:
    simulateur.regler(notification="apres_retour")
    idop = creer(simulateur, marchand)
    simulateur.payer(idop)
    time.sleep(0.4)
    assert marchand.notifications == []

    simulateur.client.get(f"{simulateur.url}/tpa/retour.web", params={"idop": idop}, timeout=5)
    attendre(lambda: bool(marchand.notifications))
    assert [methode for methode, *_reste in marchand.recus] == ["GET", "POST"]


def test_fermer_le_serveur_annule_ce_qui_attendait(marchand: Marchand) -> None:
    with simulateur_en_marche(delai_notification=0.3) as simulateur:
        simulateur.regler(notification="retardee")
        simulateur.payer(creer(simulateur, marchand))
    time.sleep(0.5)

    assert marchand.recus == []


@pytest.mark.parametrize("statut", [300, 404, 503])
def test_les_reprises_insistent_jusqu_a_une_reponse_juste(
    simulateur: Simulateur, marchand: Marchand, statut: int
) -> None:
    simulateur.regler(notification="reprises")
    marchand.statut = statut
    simulateur.payer(creer(simulateur, marchand))
    marchand.statut = 204
    attendre(lambda: [n["statut"] for n in simulateur.etat()["notifications"]] == [statut, 204])
    time.sleep(0.3)

    assert len(marchand.notifications) == 2


def test_les_reprises_s_arretent_apres_trois(marchand: Marchand) -> None:
    marchand.statut = 503
    with simulateur_en_marche(delai_notification=0.02) as simulateur:
        simulateur.regler(notification="reprises")
        simulateur.payer(creer(simulateur, marchand))
        attendre(lambda: len(marchand.notifications) == 4)
        time.sleep(0.2)

    assert len(marchand.notifications) == 4


def test_une_notification_bien_recue_n_est_pas_reprise(simulateur: Simulateur, marchand: Marchand) -> None:
    simulateur.regler(notification="reprises")
    simulateur.payer(creer(simulateur, marchand))
    time.sleep(0.4)

    assert len(marchand.notifications) == 1


@pytest.mark.parametrize(("protocole", "envois"), [("http", 1), ("HTTP", 1), ("https", 0)])
def test_le_mode_http_n_ose_pas_https(simulateur: Simulateur, protocole: str, envois: int) -> None:
    simulateur.regler(notification="http")
    simulateur.payer(simulateur.creer(urlnotif=f"{protocole}://127.0.0.1:9/"))

    assert len(simulateur.etat()["notifications"]) == envois


def test_le_retour_est_une_redirection_302(simulateur: Simulateur, marchand: Marchand) -> None:
    idop = creer(simulateur, marchand)
    simulateur.payer(idop)

    assert simulateur.page("/tpa/retour.web", idop).status_code == 302


def test_le_retour_sans_parametre(simulateur: Simulateur, marchand: Marchand) -> None:
    simulateur.regler(redirection="sans_parametre")
    idop = creer(simulateur, marchand)
    simulateur.payer(idop)
    retour = simulateur.page("/tpa/retour.web", idop)

    assert retour.headers["Location"] == f"http://127.0.0.1:{marchand.server_port}/retour/?x=1"


@pytest.mark.parametrize("annule", [True, False])
def test_le_retour_par_formulaire_est_un_bouton(simulateur: Simulateur, marchand: Marchand, annule: bool) -> None:
    simulateur.regler(redirection="formulaire")
    idop = creer(simulateur, marchand)
    if annule:
        page = simulateur.choisir(idop, "annuler")
    else:
        simulateur.payer(idop)
        page = simulateur.page("/tpa/retour.web", idop)

    origine = f"http://127.0.0.1:{marchand.server_port}"
    assert (page.status_code, idop_de(page)) == (200, idop)
    assert f'method="post" action="{origine}/retour/?x=1"' in page.text
    assert page.headers["Content-Security-Policy"].endswith(f"form-action 'self' {origine}")


def test_la_maintenance_ferme_les_pages_et_le_guichet(simulateur: Simulateur) -> None:
    simulateur.regler(service="maintenance")
    faute_dite = simulateur.demander()
    pages = [simulateur.ouvrir("x"), simulateur.ouvrir_par_url(), simulateur.conclure("x", "valider")]
    ouverts = [simulateur.client.get(f"{simulateur.url}{chemin}", timeout=5) for chemin in ("/", "/tpa/style.css")]

    assert (faute(faute_dite), "TechIndisponibiliteErreur" in faute_dite.text) == ("999", True)
    assert [page.status_code for page in pages] == [503, 503, 503]
    assert "Service en maintenance" in pages[0].text
    assert [page.status_code for page in ouverts] == [200, 200]
    simulateur.regler(service="ouvert")
    assert simulateur.demander().status_code == 200


def test_une_panne_reglee_passe_avant_la_maintenance(simulateur: Simulateur) -> None:
    simulateur.regler(service="maintenance", panne="502")

    assert simulateur.demander().status_code == 502
