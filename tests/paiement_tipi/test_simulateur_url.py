"""L'entrée par URL, régies puis titres et rôles (payfip.md §2 et §7.4, point 13)."""

from collections.abc import Iterator
from urllib.parse import parse_qsl

import pytest

from tests.paiement_tipi.test_simulateur_outils import (
    DEMANDE_URL,
    Marchand,
    Simulateur,
    faute,
    idop_de,
    marchand_en_marche,
    simulateur_en_marche,
)

TITRE = {"numcli": "444444", "refdet": "202600000002000001", "montant": 24311}
ROLE = {"numcli": "444444", "refdet": "2026EA00123456789", "montant": 1050}


@pytest.fixture
def simulateur() -> Iterator[Simulateur]:
    with simulateur_en_marche() as simulateur:
        yield simulateur


@pytest.fixture
def marchand() -> Iterator[Marchand]:
    with marchand_en_marche() as marchand:
        yield marchand


def charger(simulateur: Simulateur, **changements: object) -> None:
    titres = [{**TITRE, **changements}, ROLE]
    reponse = simulateur.regler(clients={"444444": "titres"}, titres=titres, notification="jamais")
    assert reponse.status_code == 200, reponse.text


def demander_titre(simulateur: Simulateur, **changements: str | None) -> tuple[int, str]:
    page = simulateur.ouvrir_par_url(**{"numcli": "444444", "refdet": TITRE["refdet"], **changements})
    return page.status_code, page.text.split("<h1>")[1].split("</h1>")[0]


def payer(simulateur: Simulateur, *, moyen: str = "carte", action: str = "valider", **changements: str) -> str:
    idop = idop_de(simulateur.ouvrir_par_url(**changements))
    simulateur.choisir(idop, moyen)
    simulateur.conclure(idop, action)
    return idop


def urlcl(marchand: Marchand) -> str:
    return f"http://127.0.0.1:{marchand.server_port}/paiement/?jeton=a"


@pytest.mark.parametrize(
    ("numcli", "saisie", "statut"),
    [
        *((numcli, saisie, 200) for numcli in ("006382", "222222") for saisie in "TXAM"),
        *(("111111", saisie, 200) for saisie in "TX"),
        *(("111111", saisie, 400) for saisie in "AM"),
        *(("222222", saisie, 400) for saisie in ("W", "a", "", "TX")),
        ("222222", None, 400),
        ("999999", "A", 400),
    ],
)
def test_chaque_client_a_ses_saisies(simulateur: Simulateur, numcli: str, saisie: str | None, statut: int) -> None:
    page = simulateur.ouvrir_par_url(numcli=numcli, saisie=saisie)

    assert (page.status_code, "Payer par carte bancaire" in page.text) == (statut, statut == 200)


@pytest.mark.parametrize(
    ("champ", "valeur", "conforme"),
    [
        ("numcli", "22222", False),
        ("numcli", None, False),
        ("exer", None, True),
        ("exer", "9999", True),
        ("exer", "202", False),
        ("exer", "20266", False),
        ("refdet", "A" * 5, False),
        ("refdet", "A" * 6, True),
        ("refdet", "A" * 30, True),
        ("refdet", "A" * 31, False),
        ("refdet", "2021-2-1", False),
        ("objet", None, True),
        ("objet", "", True),
        ("objet", "a" * 99, True),
        ("objet", "a" * 100, False),
        ("objet", "L'eau", False),
        ("objet", "été", False),
        ("montant", None, False),
        ("montant", "99", False),
        ("montant", "100", True),
        ("montant", "999999", True),
        ("montant", "1000000", False),
        ("montant", "00000000100", True),
        ("montant", "000000000100", False),
        ("montant", "1,00", False),
        ("mel", None, False),
        ("mel", "a@b.f", False),
        ("mel", "a@b.fr", True),
        ("urlcl", None, False),
        ("urlcl", "ftp://demo.example/", False),
        ("urlcl", "http://demo.example/".ljust(249, "a"), True),
        ("urlcl", "http://demo.example/".ljust(250, "a"), False),
    ],
)
def test_chaque_parametre_est_controle_des_deux_cotes_de_sa_borne(
    simulateur: Simulateur, champ: str, valeur: str | None, conforme: bool
) -> None:
    page = simulateur.ouvrir_par_url(**{champ: valeur})

    assert page.status_code == (200 if conforme else 400)
    assert ("Demande de paiement refusée" in page.text) is not conforme


def test_les_noms_n_ont_pas_de_casse_et_un_inconnu_est_ignore(simulateur: Simulateur) -> None:
    demande = {nom.upper(): valeur for nom, valeur in DEMANDE_URL.items()} | {"autre": "1"}
    page = simulateur.client.get(f"{simulateur.url}/tpa/paiement.web", params=demande, timeout=5)

    assert (page.status_code, "<dd>243,11\u00a0€</dd>" in page.text) == (200, True)


def test_un_parametre_donne_deux_fois_est_refuse(simulateur: Simulateur) -> None:
    page = simulateur.ouvrir_par_url(MONTANT="100")

    assert (page.status_code, "MONTANT est donné deux fois" in page.text) == (400, True)


@pytest.mark.parametrize(
    ("moyen", "action", "resultat", "longueur"),
    [
        ("carte", "valider", "P", 6),
        ("prelevement", "valider", "V", 16),
        ("carte", "refuser", "R", 0),
        ("prelevement", "refuser", "Z", 0),
        ("carte", "annuler", "A", 0),
    ],
)
def test_le_resultat_poste_est_la_demande_puis_le_resultat(
    simulateur: Simulateur, marchand: Marchand, moyen: str, action: str, resultat: str, longueur: int
) -> None:
    simulateur.regler(horloge="2026-07-01T22:05:00Z")
    payer(simulateur, moyen=moyen, action=action, urlcl=urlcl(marchand), montant="024311")

    methode, chemin, corps, _hote = marchand.recus[0]
    recu = parse_qsl(corps)
    autorisation = [valeur for nom, valeur in recu if nom == "numauto"]
    assert (methode, chemin, len(marchand.recus)) == ("POST", "/paiement/?jeton=a", 1)
    assert [len(valeur) for valeur in autorisation] == ([longueur] if longueur else [])
    assert [paire for paire in recu if paire[0] != "numauto"] == [
        ("numcli", "222222"),
        ("exer", "2026"),
        ("refdet", "X0000301010000001317"),
        ("objet", "Eau janvier"),
        ("montant", "024311"),
        ("mel", "usager@demo.example"),
        ("saisie", "A"),
        ("resultrans", resultat),
        ("dattrans", "02072026"),
        ("heurtrans", "0005"),
    ]


def test_l_objet_absent_n_est_pas_renvoye(simulateur: Simulateur, marchand: Marchand) -> None:
    payer(simulateur, urlcl=urlcl(marchand), objet="", exer="")

    assert {"objet", "exer"} & set(dict(parse_qsl(marchand.notifications[0]))) == set()


def test_les_noms_du_resultat_en_majuscules(simulateur: Simulateur, marchand: Marchand) -> None:
    simulateur.regler(noms="majuscules")
    payer(simulateur, urlcl=urlcl(marchand))

    noms = [nom for nom, _valeur in parse_qsl(marchand.notifications[0])]
    assert noms == [*list(DEMANDE_URL)[:-1], "RESULTRANS", "NUMAUTO", "DATTRANS", "HEURTRANS"]


def test_un_abandon_puis_un_paiement_postent_chacun_leur_resultat(simulateur: Simulateur, marchand: Marchand) -> None:
    simulateur.regler(resultat="abandon_puis_paye")
    payer(simulateur, urlcl=urlcl(marchand))

    assert [dict(parse_qsl(corps))["resultrans"] for corps in marchand.notifications] == ["A", "P"]


@pytest.mark.parametrize(("mode", "envois"), [("jamais", 0), ("avant_retour", 1), ("double", 2)])
def test_par_url_le_courrier_n_attend_pas_de_retour(
    simulateur: Simulateur, marchand: Marchand, mode: str, envois: int
) -> None:
    simulateur.regler(notification=mode)
    payer(simulateur, urlcl=urlcl(marchand))

    assert len(marchand.notifications) == envois


@pytest.mark.parametrize("action", ["valider", "annuler"])
def test_par_url_le_ticket_dit_de_fermer_et_rien_ne_ramene_au_site(simulateur: Simulateur, action: str) -> None:
    simulateur.regler(notification="jamais")
    idop = payer(simulateur, action=action)
    ticket = simulateur.page("/tpa/ticket.web", idop)

    assert "Vous pouvez fermer cette fenêtre." in ticket.text
    assert "Retourner sur le site" not in ticket.text
    assert simulateur.page("/tpa/retour.web", idop).headers["Location"] == f"/tpa/ticket.web?idop={idop}"


def test_une_operation_par_url_n_existe_pas_pour_le_service_web(simulateur: Simulateur) -> None:
    idop = idop_de(simulateur.ouvrir_par_url())

    assert faute(simulateur.lire(idop)) == "P1"
    assert simulateur.ouvrir(idop).status_code == 404


def test_rien_n_empeche_de_payer_deux_fois_une_regie(simulateur: Simulateur, marchand: Marchand) -> None:
    for _ in range(2):
        payer(simulateur, urlcl=urlcl(marchand))

    assert len(marchand.notifications) == 2


def test_un_titre_ou_un_role_charge_se_paie_pour_son_montant(simulateur: Simulateur) -> None:
    charger(simulateur)

    assert demander_titre(simulateur) == (200, "Paiement en ligne")
    assert demander_titre(simulateur, refdet=str(ROLE["refdet"]), montant="1050") == (200, "Paiement en ligne")


@pytest.mark.parametrize("montant", ["24310", "24312"])
def test_un_titre_ne_se_paie_pas_pour_un_autre_montant(simulateur: Simulateur, montant: str) -> None:
    charger(simulateur)

    assert demander_titre(simulateur, montant=montant) == (400, "Montant différent de celui de la dette")


def test_un_titre_jamais_charge_est_inconnu(simulateur: Simulateur) -> None:
    charger(simulateur)

    assert demander_titre(simulateur, refdet="202600000002000002") == (404, "Dette inconnue")


def test_un_titre_pas_encore_charge_est_a_payer_demain(simulateur: Simulateur) -> None:
    charger(simulateur, chargee=False)

    assert demander_titre(simulateur) == (404, "Dette pas encore payable en ligne")


@pytest.mark.parametrize(
    ("instant", "statut"),
    [
        ("2026-06-30T23:59:00", 410),
        ("2026-07-01T00:00:00", 200),
        ("2026-07-31T23:59:00", 200),
        ("2026-08-01T00:00:00", 410),
    ],
)
def test_un_titre_ne_se_paie_que_pendant_sa_mise_en_ligne(simulateur: Simulateur, instant: str, statut: int) -> None:
    charger(simulateur, debut="2026-07-01", fin="2026-07-31")
    simulateur.regler(horloge=instant)

    assert demander_titre(simulateur)[0] == statut


@pytest.mark.parametrize(
    ("saisie", "action", "statut"),
    [("A", "valider", 409), ("M", "valider", 409), ("A", "refuser", 200), ("T", "valider", 200), ("X", "valider", 200)],
)
def test_un_titre_paye_en_ligne_ne_se_paie_plus(simulateur: Simulateur, saisie: str, action: str, statut: int) -> None:
    charger(simulateur)
    payer(simulateur, action=action, numcli="444444", refdet=str(TITRE["refdet"]), saisie=saisie)

    assert demander_titre(simulateur)[0] == statut


def test_deux_pages_ouvertes_ne_paient_pas_deux_fois_le_meme_titre(simulateur: Simulateur) -> None:
    charger(simulateur)
    demande = {"numcli": "444444", "refdet": str(TITRE["refdet"])}
    idops = [idop_de(simulateur.ouvrir_par_url(**demande)) for _ in range(2)]
    for idop in idops:
        simulateur.choisir(idop, "carte")

    assert [simulateur.conclure(idop, "valider").status_code for idop in idops] == [303, 409]
    assert simulateur.page("/tpa/ticket.web", idops[1]).status_code == 400


@pytest.mark.parametrize(
    ("saisie", "refdet", "statut"),
    [
        ("T", "999900000000999999", 200),
        ("T", "999999990000000000000", 200),
        ("T", "999900000000999998", 404),
        ("A", "999900000000999999", 404),
    ],
)
def test_les_references_d_essai_ne_servent_qu_aux_essais(
    simulateur: Simulateur, saisie: str, refdet: str, statut: int
) -> None:
    charger(simulateur)

    assert demander_titre(simulateur, exer="9999", refdet=refdet, saisie=saisie)[0] == statut


def test_helios_en_panne_aucun_titre_n_est_connu(simulateur: Simulateur) -> None:
    charger(simulateur)
    simulateur.regler(helios="panne")
    pendant = demander_titre(simulateur)
    simulateur.regler(helios="normal")

    assert (pendant, demander_titre(simulateur)[0]) == ((404, "Dette inconnue"), 200)


def test_un_client_de_titres_n_a_pas_le_service_web(simulateur: Simulateur) -> None:
    assert faute(simulateur.demander(numcli="444444")) == "T2"
    charger(simulateur)
    assert faute(simulateur.demander(numcli="444444")) == "T4"


@pytest.mark.parametrize(
    "changement",
    [
        {"montant": "24311"},
        {"montant": True},
        {"montant": 0},
        {"numcli": "44444"},
        {"refdet": "court"},
        {"debut": "demain"},
        {"fin": 2026},
        {"chargee": "oui"},
        {"autre": 1},
    ],
)
def test_un_titre_mal_declare_est_refuse(simulateur: Simulateur, changement: dict[str, object]) -> None:
    reponse = simulateur.regler(titres=[{**TITRE, **changement}])

    assert (reponse.status_code, "titres" in simulateur.etat()) == (400, False)


@pytest.mark.parametrize("titres", [{}, "x", [TITRE, TITRE], [{"numcli": "444444"}], ["x"]])
def test_une_liste_de_titres_illisible_est_refusee(simulateur: Simulateur, titres: object) -> None:
    assert simulateur.regler(titres=titres).status_code == 400
