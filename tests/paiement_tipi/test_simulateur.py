"""Le guichet SOAP du simulateur, comparé à payfip.md §3 et §7.4."""

import uuid
from collections.abc import Iterator

import pytest
import zeep
import zeep.exceptions

from tests.paiement_tipi.test_simulateur_outils import (
    DEMANDE,
    TNS,
    Simulateur,
    canonique,
    enveloppe,
    faute,
    feuilles,
    simulateur_en_marche,
)

REPONSE_CREATION = """
<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body>
 <ns2:creerPaiementSecuriseResponse xmlns:ns2="{tns}">
  <return><idOp>{idop}</idOp></return>
 </ns2:creerPaiementSecuriseResponse>
</S:Body></S:Envelope>"""
FAUTE = """
<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body>
 <S:Fault xmlns:ns4="http://www.w3.org/2003/05/soap-envelope">
  <faultcode>S:Server</faultcode>
  <faultstring>fr.gouv.finances.cp.tpa.webservice.exceptions.FonctionnelleErreur</faultstring>
  <detail>
   <ns2:FonctionnelleErreur xmlns:ns2="{tns}">
    <code>{code}</code><descriptif/><libelle>{libelle}</libelle><severite>2</severite>
   </ns2:FonctionnelleErreur>
  </detail>
 </S:Fault>
</S:Body></S:Envelope>"""
BOMBE = '<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]>'
INCONNUE = "cc0cb210-1cd4-11ea-8cca-0213ad91a103"


@pytest.fixture
def simulateur() -> Iterator[Simulateur]:
    with simulateur_en_marche() as simulateur:
        yield simulateur


def test_une_creation_repond_exactement_la_forme_du_protocole(simulateur: Simulateur) -> None:
    reponse = simulateur.demander()

    idop = feuilles(reponse)["idOp"]
    assert reponse.status_code == 200
    assert reponse.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert canonique(reponse.content) == canonique(REPONSE_CREATION.format(tns=TNS, idop=idop))
    assert uuid.UUID(idop).version == 1


def test_l_ordre_des_champs_est_libre_et_un_champ_inconnu_est_ignore(simulateur: Simulateur) -> None:
    champs: dict[str, str | None] = {**dict(reversed(DEMANDE.items())), "object": "faute de frappe"}

    assert simulateur.appeler("creerPaiementSecurise", **champs).status_code == 200


@pytest.mark.parametrize(
    ("changement", "code", "libelle"),
    [
        ({"mel": "sans-arobase.example"}, "A2", "Adresse mél incorrecte. "),
        ({"refdet": "ABCD"}, "R3", "Le format du paramètre REFDET n'est pas conforme"),
    ],
)
def test_une_faute_a_exactement_la_forme_du_protocole(
    simulateur: Simulateur, changement: dict[str, str], code: str, libelle: str
) -> None:
    reponse = simulateur.demander(**changement)

    attendue = FAUTE.format(tns=TNS, code=code, libelle=libelle)
    assert (reponse.status_code, canonique(reponse.content)) == (500, canonique(attendue))


def test_p5_tant_que_le_resultat_n_est_pas_connu(simulateur: Simulateur) -> None:
    reponse = simulateur.lire(simulateur.creer())

    attendue = FAUTE.format(tns=TNS, code="P5", libelle="Résultat de la transaction non connu.")
    assert (reponse.status_code, canonique(reponse.content)) == (500, canonique(attendue))


def test_p1_pour_une_operation_inconnue(simulateur: Simulateur) -> None:
    reponse = simulateur.lire(INCONNUE)

    attendue = FAUTE.format(tns=TNS, code="P1", libelle="IdOp incorrect.")
    assert (reponse.status_code, canonique(reponse.content)) == (500, canonique(attendue))


def test_p1_quand_idop_est_absent_ou_sans_majuscule(simulateur: Simulateur) -> None:
    idop = simulateur.creer()

    assert faute(simulateur.appeler("recupererDetailPaiementSecurise")) == "P1"
    assert faute(simulateur.appeler("recupererDetailPaiementSecurise", idop=idop)) == "P1"


@pytest.mark.parametrize(
    ("champ", "valeur", "code"),
    [
        ("numcli", "06382", "T1"),
        ("numcli", "0063820", "T1"),
        ("numcli", "00638a", "T1"),
        ("numcli", None, "T1"),
        ("numcli", "999999", "T2"),
        ("numcli", "111111", "T4"),
        ("numcli", "222222", "T4"),
        ("saisie", "A", "S1"),
        ("saisie", "", "S1"),
        ("saisie", "T", ""),
        ("saisie", "X", ""),
        ("refdet", "A" * 5, "R3"),
        ("refdet", "A" * 6, ""),
        ("refdet", "A" * 30, ""),
        ("refdet", "A" * 31, "R3"),
        ("refdet", "ABC-DEF", "R3"),
        ("refdet", "ABCDEF\n", "R3"),
        ("refdet", None, "R3"),
        ("mel", None, "A1"),
        ("mel", "a@b.f", "A2"),
        ("mel", "a@b.fr", ""),
        ("mel", "a" * 72 + "@demo.fr", ""),
        ("mel", "a" * 73 + "@demo.fr", "A2"),
        ("mel", "é@demo.example", "A2"),
        ("montant", "243,11", "M1"),
        ("montant", "-100", "M1"),
        ("montant", None, "M1"),
        ("montant", "٣٠٠", "M1"),
        ("montant", "99", "M3"),
        ("montant", "0", "M3"),
        ("montant", "100", ""),
        ("montant", "9999999", ""),
        ("montant", "10000000", "M5"),
        ("montant", "9" * 6000, "M5"),
        ("urlnotif", None, "N1"),
        ("urlnotif", "ftp://demo.example/", "N1"),
        ("urlnotif", "http://demo.example/".ljust(249, "a"), ""),
        ("urlnotif", "http://demo.example/".ljust(250, "a"), "N1"),
        ("urlnotif", "http://demo.example:99999/", "N1"),
        ("urlnotif", "http://[::zz]/", "N1"),
        ("urlnotif", "http://demo.example/a b", "N1"),
        ("urlredirect", None, "D1"),
        ("urlredirect", "javascript:alert(1)", "D1"),
        ("urlredirect", "http://demo.example;script-src/", "D1"),
        ("urlredirect", "http://demo.example/".ljust(249, "a"), ""),
        ("urlredirect", "http://demo.example/".ljust(250, "a"), "D1"),
        ("objet", None, ""),
        ("exer", None, ""),
    ],
)
def test_chaque_champ_est_controle_des_deux_cotes_de_sa_borne(
    simulateur: Simulateur, champ: str, valeur: str | None, code: str
) -> None:
    assert faute(simulateur.demander(**{champ: valeur})) == code


@pytest.mark.parametrize(("saisie", "code"), [("T", ""), ("X", ""), ("W", "T4"), ("Q", "S1")])
def test_un_client_en_test_refuse_seulement_la_production(simulateur: Simulateur, saisie: str, code: str) -> None:
    assert faute(simulateur.demander(numcli="111111", saisie=saisie)) == code


def test_une_seule_faute_par_appel_dans_l_ordre_du_protocole(simulateur: Simulateur) -> None:
    bonnes = dict(DEMANDE)
    demande: dict[str, str | None] = dict.fromkeys(DEMANDE, "?")
    demande["numcli"], demande["montant"] = "999999", "9990000001"
    codes = [faute(simulateur.demander(**demande))]
    for champ in ("numcli", "saisie", "refdet", "mel", "montant", "urlnotif", "urlredirect"):
        demande[champ] = bonnes[champ]
        codes.append(faute(simulateur.demander(**demande)))

    assert codes == ["T2", "S1", "R3", "A2", "M5", "N1", "D1", ""]


def test_le_detail_d_un_client_donne_trois_libelles(simulateur: Simulateur) -> None:
    detail = feuilles(simulateur.appeler("recupererDetailClient", numCli="006382"))

    assert list(detail) == ["libelleN1", "libelleN2", "libelleN3", "numcli"]
    assert detail["numcli"] == "006382"


@pytest.mark.parametrize(("numcli", "code"), [("999999", "T2"), ("222222", "T4"), ("", "T1")])
def test_le_detail_d_un_client_sans_acces_est_une_faute(simulateur: Simulateur, numcli: str, code: str) -> None:
    assert faute(simulateur.appeler("recupererDetailClient", numCli=numcli)) == code


@pytest.mark.parametrize(
    "corps",
    [
        "ce n'est pas du XML",
        "",
        "<a/>",
        BOMBE + enveloppe("creerPaiementSecurise", **{**DEMANDE, "objet": "x"}),
        enveloppe("operationInconnue"),
        enveloppe("creerPaiementSecurise").replace("arg0", "arg1"),
        enveloppe("creerPaiementSecurise").replace(TNS, "http://autre.example/"),
        enveloppe("creerPaiementSecurise").replace("/soap/envelope/", "/soap/autre/"),
        enveloppe("creerPaiementSecurise")[:-20],
    ],
)
def test_un_message_hors_contrat_recoit_une_faute_protocolaire(simulateur: Simulateur, corps: str) -> None:
    reponse = simulateur.soap(corps)

    assert (reponse.status_code, faute(reponse)) == (500, "999")
    assert f'<ns2:TechProtocolaireErreur xmlns:ns2="{TNS}">' in reponse.text
    assert "<severite>3</severite>" in reponse.text


def test_un_corps_enorme_est_refuse_sans_etre_garde(simulateur: Simulateur) -> None:
    assert simulateur.soap("x" * 65536).status_code == 500
    assert simulateur.soap("x" * 65537).status_code == 413


@pytest.mark.parametrize(
    ("moyen", "action", "resultat", "longueur_autorisation"),
    [
        ("carte", "valider", "P", 6),
        ("prelevement", "valider", "V", 16),
        ("carte", "refuser", "R", 0),
        ("prelevement", "refuser", "Z", 0),
        ("carte", "annuler", "A", 0),
    ],
)
def test_le_detail_d_un_paiement_suit_l_ordre_du_schema(
    simulateur: Simulateur, moyen: str, action: str, resultat: str, longueur_autorisation: int
) -> None:
    simulateur.regler(notification="jamais", horloge="2026-07-01T22:05:00Z")
    idop = simulateur.creer()
    simulateur.payer(idop, moyen=moyen, action=action)

    detail = feuilles(simulateur.lire(idop))
    autorisation = detail.pop("numauto", "")
    assert len(autorisation) == longueur_autorisation
    assert list(detail.items()) == [
        ("dattrans", "02072026"),
        ("exer", "2026"),
        ("heurtrans", "0005"),
        ("idOp", idop),
        ("mel", "usager@demo.example"),
        ("montant", "24311"),
        ("numcli", "006382"),
        ("objet", "Eau janvier"),
        ("refdet", "X0000301010000001317"),
        ("resultrans", resultat),
        ("saisie", "W"),
    ]
    assert feuilles(simulateur.lire(idop)) == feuilles(simulateur.lire(idop))


def test_un_champ_jamais_envoye_est_absent_de_la_reponse(simulateur: Simulateur) -> None:
    simulateur.regler(notification="jamais")
    idop = simulateur.creer(objet="", exer=None)
    simulateur.payer(idop)

    assert {"objet", "exer"} & set(feuilles(simulateur.lire(idop))) == set()


def test_zeep_lit_le_wsdl_cree_paie_et_lit(simulateur: Simulateur) -> None:
    simulateur.regler(notification="jamais")
    service = zeep.Client(f"{simulateur.guichet}?wsdl").service  # type: ignore[no-untyped-call]  # zeep n'est pas typé

    idop = service.creerPaiementSecurise(arg0=DEMANDE)
    with pytest.raises(zeep.exceptions.Fault) as attente:
        service.recupererDetailPaiementSecurise(arg0={"idOp": idop})
    simulateur.payer(idop)
    detail = service.recupererDetailPaiementSecurise(arg0={"idOp": idop})
    client = service.recupererDetailClient(arg0={"numCli": "006382"})

    assert attente.value.message == "fr.gouv.finances.cp.tpa.webservice.exceptions.FonctionnelleErreur"
    assert attente.value.detail is not None
    assert attente.value.detail.findtext(".//code") == "P5"
    assert (detail.resultrans, detail.montant, detail.refdet) == ("P", "24311", DEMANDE["refdet"])
    assert client.libelleN3 == "FACTURES MUNICIPALES"


def test_le_wsdl_porte_l_adresse_par_laquelle_on_l_a_demande(simulateur: Simulateur) -> None:
    entetes = {"Host": "payfip.localhost:8001"}
    texte = simulateur.client.get(f"{simulateur.guichet}?wsdl", headers=entetes, timeout=5).text

    assert '<soap:address location="http://payfip.localhost:8001/tpa/services/securite"/>' in texte


@pytest.mark.parametrize(("requete", "statut"), [("wsdl", 200), ("xsd=3", 200), ("xsd=4", 404), ("", 404)])
def test_seuls_le_wsdl_et_ses_trois_schemas_se_telechargent(simulateur: Simulateur, requete: str, statut: int) -> None:
    adresse = f"{simulateur.guichet}?{requete}"

    assert simulateur.client.get(adresse, timeout=5).status_code == statut
