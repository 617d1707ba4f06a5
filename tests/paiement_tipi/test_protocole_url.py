"""L'adresse de paiement et le résultat posté, en Python pur (payfip.md §2.2 et §2.6)."""

from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paiement_tipi.protocole import ChampInvalide, Lecture, ReponseIllisible, Saisie
from paiement_tipi.protocole_url import TAILLE_RETOUR, DemandeUrl, adresse_de_paiement, lire_retour

DEMANDE = DemandeUrl(
    numcli="090909", exer="2026", refdet="202600000002000001", objet="Eau", montant=100, mel="a@b.fr",
    urlcl="https://demo.example/paiement/notification/x/?a=1&b=2", saisie=Saisie.PRODUCTION_URL,
)  # fmt: skip
# La forme de payfip.md §2.6, les valeurs inventées.
EXEMPLE = (
    b"numcli=99999&exer=2021&refdet=202600000002000001&objet=\xe9t\xe9&montant=10522&mel=a%40b.fr&saisie=T"
    b"&RESULTRANS=P&NUMAUTO=00000001&DATTRANS=04052021&HEURTRANS=1325"
)


def test_l_adresse_echappe_ce_qu_elle_porte_et_omet_un_objet_vide():
    adresse = adresse_de_paiement("https://www.payfip.gouv.fr/tpa/paiement.web", DEMANDE)
    champs = dict(parse_qsl(urlsplit(adresse).query))
    assert (champs["urlcl"], champs["montant"], champs["saisie"]) == (DEMANDE.urlcl, "100", "A")
    assert "objet" not in adresse_de_paiement("https://x", replace(DEMANDE, objet=""))


@pytest.mark.parametrize(
    ("champ", "valeurs"),
    [
        ("numcli", ["9090", "09090A"]),
        ("exer", ["26"]),
        ("refdet", ["ABCDE", "2026-2-1"]),
        ("objet", ["L'eau", "a" * 100]),
        ("montant", [99, 10_000_000]),
        ("mel", ["a.fr", "é@b.fr"]),
        ("urlcl", ["ftp://x", "https://demo.example/".ljust(250, "a")]),
        ("saisie", [Saisie.PRODUCTION]),
    ],
)
def test_chaque_champ_est_verifie_avant_de_partir(champ, valeurs):
    for valeur in valeurs:
        with pytest.raises(ChampInvalide) as refus:
            replace(DEMANDE, **{champ: valeur})
        assert refus.value.champ == champ


@pytest.mark.parametrize(
    ("requete", "corps"), [("", EXEMPLE), (EXEMPLE.decode("latin-1"), b""), ("numcli=99999", EXEMPLE)]
)
def test_le_resultat_se_lit_du_corps_ou_de_l_adresse_quelle_que_soit_la_casse_ou_l_encodage(requete, corps):
    assert lire_retour(requete, corps) == Lecture(
        idop="", resultat="P", numcli="099999", refdet="202600000002000001", saisie="T", montant=10522,
        numauto="00000001", date=datetime(2021, 5, 4, 11, 25, tzinfo=UTC),
    )  # fmt: skip


@pytest.mark.parametrize(
    "corps",
    [b"resultrans=P&Resultrans=A", b"a=" + b"b" * TAILLE_RETOUR, b"resultrans=" + b"P" * 251, b"a=&" * 60],
)
def test_ce_qui_deborde_ou_se_contredit_est_illisible(corps):
    with pytest.raises(ReponseIllisible):
        lire_retour("", corps)


@given(st.binary(max_size=300))
def test_n_importe_quels_octets_se_lisent_ou_se_refusent(octets):
    try:
        lu = lire_retour("", b"resultrans=P&montant=1&numauto=" + octets)
    except ReponseIllisible:
        return
    assert lu is not None
    assert "\0" not in lu.numauto
