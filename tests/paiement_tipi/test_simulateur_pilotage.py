"""La commande du simulateur : réglages, pannes, horloge, journaux, processus (design.md §5.6)."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
import requests

from tests.paiement_tipi.test_simulateur_outils import Simulateur, faute, feuilles, simulateur_en_marche

REGLAGES_NEUFS = {"notification": "une", "panne": "aucune", "resultat": "normal", "horloge": None}
MIDI = "2026-07-01T12:00:00+02:00"


@pytest.fixture
def simulateur() -> Iterator[Simulateur]:
    with simulateur_en_marche() as simulateur:
        simulateur.regler(notification="jamais")
        yield simulateur


def reglages(simulateur: Simulateur) -> dict[str, object]:
    etat = simulateur.etat()
    return {nom: etat[nom] for nom in REGLAGES_NEUFS}


def test_les_reglages_se_fondent_et_un_objet_vide_les_efface(simulateur: Simulateur) -> None:
    idop = simulateur.creer()
    simulateur.regler(panne="502")
    assert reglages(simulateur) == {**REGLAGES_NEUFS, "notification": "jamais", "panne": "502"}

    reponse = simulateur.regler()
    assert (reponse.status_code, reponse.json()) == (
        200,
        {**REGLAGES_NEUFS, "requetes": [], "notifications": []},
    )
    assert faute(simulateur.lire(idop)) == "P5"


@pytest.mark.parametrize(
    "changement",
    [
        {"inconnu": 1},
        {"panne": "orage"},
        {"panne": None},
        {"panne": ["502"]},
        {"resultat": True},
        {"horloge": "demain"},
        {"horloge": 12},
        {"horloge": "0001-01-01T00:00:00"},
        {"notification": "double", "panne": "orage"},
    ],
)
def test_un_reglage_inconnu_est_refuse_et_rien_ne_change(simulateur: Simulateur, changement: dict[str, object]) -> None:
    avant = reglages(simulateur)
    reponse = simulateur.regler(**changement)

    assert reponse.status_code == 400
    assert reponse.json()["erreur"].endswith(".")
    assert reglages(simulateur) == avant


@pytest.mark.parametrize(
    ("type_contenu", "corps", "statut"),
    [
        ("text/plain", "{}", 415),
        ("application/x-www-form-urlencoded", "panne=502", 415),
        ("application/json", "{", 400),
        ("application/json", "[]", 400),
        ("application/json", "[" * 50000, 400),
        ("application/json; charset=utf-8", '{"panne": "502"}', 200),
    ],
)
def test_la_commande_ne_prend_que_du_json(simulateur: Simulateur, type_contenu: str, corps: str, statut: int) -> None:
    adresse = f"{simulateur.url}/simulateur/etat"
    reponse = requests.post(adresse, data=corps, headers={"Content-Type": type_contenu}, timeout=5)

    assert reponse.status_code == statut


@pytest.mark.parametrize("methode", ["GET", "POST"])
def test_sans_pilotable_la_commande_n_existe_pas(methode: str) -> None:
    with simulateur_en_marche(pilotable=False) as simulateur:
        reponse = requests.request(methode, f"{simulateur.url}/simulateur/etat", json={}, timeout=5)

    assert reponse.status_code == 404


def test_le_journal_garde_tout_sauf_la_commande(simulateur: Simulateur) -> None:
    simulateur.regler()
    simulateur.demander()
    simulateur.ouvrir("?")

    creation, page = simulateur.etat()["requetes"]
    assert list(creation) == ["quand", "methode", "chemin", "entetes", "corps", "statut"]
    assert (creation["methode"], creation["chemin"]) == ("POST", "/tpa/services/securite")
    assert (creation["statut"], creation["entetes"]["SOAPAction"]) == (200, '""')
    assert "<refdet>X0000301010000001317</refdet>" in creation["corps"]
    assert (page["methode"], page["chemin"], page["statut"]) == ("GET", "/tpa/paiementws.web?idop=%3F", 404)


def test_le_journal_est_borne(simulateur: Simulateur) -> None:
    for _ in range(1003):
        simulateur.ouvrir("x")

    assert len(simulateur.etat()["requetes"]) == 1000


@pytest.mark.parametrize(("panne", "statut"), [("502", 502), ("html", 200)])
def test_panne_une_page_html_a_la_place_du_xml(simulateur: Simulateur, panne: str, statut: int) -> None:
    simulateur.regler(panne=panne)
    reponse = simulateur.demander()

    assert (reponse.status_code, reponse.headers["Content-Type"]) == (statut, "text/html; charset=utf-8")
    assert reponse.text.startswith("<!doctype html>")


@pytest.mark.parametrize(
    "panne", ["TechIndisponibiliteErreur", "TechDysfonctionnementErreur", "TechProtocolaireErreur"]
)
def test_panne_une_faute_technique(simulateur: Simulateur, panne: str) -> None:
    simulateur.regler(panne=panne)
    reponse = simulateur.demander()

    assert (reponse.status_code, faute(reponse)) == (500, "999")
    assert f"<ns2:{panne} " in reponse.text
    assert "<descriptif/>" in reponse.text
    assert "<severite>3</severite>" in reponse.text


def test_panne_coupure(simulateur: Simulateur) -> None:
    simulateur.regler(panne="coupure")

    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        simulateur.demander()
    assert simulateur.etat()["requetes"][-1]["statut"] is None


def test_panne_reponse_perdue_coupe_apres_avoir_cree(simulateur: Simulateur) -> None:
    idop = simulateur.creer()
    simulateur.regler(panne="reponse_perdue")

    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        simulateur.demander()
    assert faute(simulateur.lire(idop)) == "P5"


def test_panne_xml_tronque(simulateur: Simulateur) -> None:
    simulateur.regler(panne="xml_tronque")
    reponse = simulateur.demander()

    assert reponse.status_code == 200
    assert reponse.text.startswith("<?xml")
    assert "</S:Envelope>" not in reponse.text


def test_panne_lenteur_repond_juste_mais_tard(simulateur: Simulateur) -> None:
    simulateur.regler(panne="lenteur")

    depart = time.monotonic()
    assert simulateur.demander().status_code == 200
    assert time.monotonic() - depart >= 0.2


def test_fermer_le_serveur_n_attend_pas_les_reponses_lentes() -> None:
    with simulateur_en_marche(delai_lenteur=60) as simulateur:
        simulateur.regler(panne="lenteur")
        with pytest.raises(requests.ReadTimeout):
            requests.post(simulateur.guichet, data=b"", timeout=0.1)
        depart = time.monotonic()

    assert time.monotonic() - depart < 5


def test_panne_montant_faux_un_centime_de_trop_a_la_lecture(simulateur: Simulateur) -> None:
    idop = simulateur.creer()
    simulateur.payer(idop)
    simulateur.regler(panne="montant_faux")
    faux = feuilles(simulateur.lire(idop))["montant"]
    simulateur.regler(panne="aucune")

    assert (faux, feuilles(simulateur.lire(idop))["montant"]) == ("24312", "24311")


def test_resultat_inconnu(simulateur: Simulateur) -> None:
    idop = simulateur.creer()
    simulateur.regler(resultat="inconnu")
    assert faute(simulateur.lire(idop)) == "P5"
    simulateur.payer(idop)

    assert feuilles(simulateur.lire(idop))["resultrans"] == "K"


@pytest.mark.parametrize("action", ["valider", "annuler"])
def test_resultat_abandon_puis_paye(simulateur: Simulateur, action: str) -> None:
    simulateur.regler(resultat="abandon_puis_paye")
    idop = simulateur.creer()
    simulateur.payer(idop, action=action)

    lectures = [feuilles(simulateur.lire(idop)) for _ in range(3)]
    assert [lecture["resultrans"] for lecture in lectures] == ["A", "P", "P"]
    assert [len(lecture.get("numauto", "")) for lecture in lectures] == [0, 6, 6]


@pytest.mark.parametrize(("heure", "statut"), [("12:14:55", 200), ("12:15:01", 410)])
def test_la_page_s_ouvre_pendant_quinze_minutes(simulateur: Simulateur, heure: str, statut: int) -> None:
    simulateur.regler(horloge=MIDI)
    idop = simulateur.creer()
    simulateur.regler(horloge=f"2026-07-01T{heure}+02:00")

    assert simulateur.ouvrir(idop).status_code == statut
    assert faute(simulateur.lire(idop)) == "P5"


def test_le_choix_expire_mais_qui_est_chez_le_prestataire_peut_finir(simulateur: Simulateur) -> None:
    simulateur.regler(horloge=MIDI)
    lent, rapide = simulateur.creer(), simulateur.creer()
    simulateur.ouvrir(lent)
    simulateur.ouvrir(rapide)
    simulateur.choisir(rapide, "carte")
    simulateur.regler(horloge="2026-07-01T13:30:00+02:00")

    assert simulateur.choisir(lent, "carte").status_code == 410
    assert simulateur.conclure(rapide, "valider").status_code == 303
    assert feuilles(simulateur.lire(rapide))["heurtrans"] == "1330"


@pytest.mark.parametrize(
    ("creation", "avant", "apres"),
    [
        ("2026-07-01T12:00:00", "2026-07-02T02:59:50", "2026-07-02T03:00:00"),
        ("2026-07-02T02:50:00", "2026-07-02T02:59:50", "2026-07-02T03:00:00"),
        ("2026-10-24T12:00:00", "2026-10-25T02:59:50", "2026-10-25T03:00:00"),
        ("2026-03-28T12:00:00", "2026-03-29T01:59:50", "2026-03-29T03:00:00"),
    ],
)
def test_la_purge_de_nuit_oublie_qui_n_a_pas_atteint_le_prestataire(
    simulateur: Simulateur, creation: str, avant: str, apres: str
) -> None:
    simulateur.regler(horloge=creation)
    oubliee, gardee, abandonnee = simulateur.creer(), simulateur.creer(), simulateur.creer()
    simulateur.choisir(gardee, "carte")
    simulateur.choisir(abandonnee, "annuler")
    simulateur.regler(horloge=avant)
    assert faute(simulateur.lire(oubliee)) == "P5"

    simulateur.regler(horloge=apres)
    assert faute(simulateur.lire(oubliee)) == "P1"
    assert faute(simulateur.lire(gardee)) == "P5"
    assert feuilles(simulateur.lire(abandonnee))["resultrans"] == "A"
    simulateur.regler()
    assert faute(simulateur.lire(oubliee)) == "P1"


@pytest.mark.parametrize(("instant", "code"), [("2027-07-01T11:59:50", ""), ("2027-07-01T12:00:30", "P1")])
def test_un_resultat_se_lit_pendant_un_an(simulateur: Simulateur, instant: str, code: str) -> None:
    simulateur.regler(horloge="2026-07-01T12:00:00")
    idop = simulateur.creer()
    simulateur.payer(idop)
    simulateur.regler(horloge=instant)

    assert faute(simulateur.lire(idop)) == code


def test_l_horloge_reglee_avance_et_date_le_journal(simulateur: Simulateur) -> None:
    simulateur.regler(horloge="2026-07-01T10:00:00Z")
    simulateur.ouvrir("x")
    time.sleep(0.01)
    simulateur.ouvrir("x")

    premiere, seconde = (entree["quand"] for entree in simulateur.etat()["requetes"][-2:])
    assert "2026-07-01T10:00:00" < premiere < seconde < "2026-07-01T10:01:00"


@pytest.mark.parametrize("numero", [signal.SIGTERM, signal.SIGINT])
def test_le_processus_s_annonce_et_finit_aussitot(numero: signal.Signals) -> None:
    commande = [sys.executable, "-m", "paiement_tipi.simulateur", "--port", "0", "--pilotable"]
    with subprocess.Popen(commande, stdout=subprocess.PIPE, text=True, env=os.environ) as processus:
        assert processus.stdout is not None
        annonce = re.fullmatch(r"Simulateur PayFiP : (http://127\.0\.0\.1:\d+/)\n", processus.stdout.readline())
        assert annonce
        assert requests.get(f"{annonce[1]}simulateur/etat", timeout=5).status_code == 200
        processus.send_signal(numero)

        assert processus.wait(timeout=5) == 0


def test_un_port_deja_pris_est_dit_en_une_phrase(simulateur: Simulateur) -> None:
    port = simulateur.url.rpartition(":")[2]
    commande = [sys.executable, "-m", "paiement_tipi.simulateur", "--port", port]
    fin = subprocess.run(commande, capture_output=True, text=True, timeout=10, check=False)

    assert fin.returncode == 1
    assert fin.stderr.startswith("Simulateur PayFiP : impossible d'écouter sur 127.0.0.1:")
    assert "Traceback" not in fin.stderr
