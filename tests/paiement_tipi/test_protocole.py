"""Le protocole, comparé à payfip.md §3 : octets envoyés, réponses imprimées, et tout le reste refusé."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from paiement_tipi import protocole, protocole_url
from paiement_tipi.protocole import ChampInvalide, Demande, Faute, Lecture, ReponseIllisible, Saisie
from tests.paiement_tipi import outils_reponses as reponses
from tests.paiement_tipi.test_simulateur_outils import canonique

IDOP = UUID(reponses.IDOP)
DEMANDE = Demande(
    numcli="090909",
    exer="2026",
    refdet="2026010112000000000001",
    objet="Cantine janvier",
    montant=1234,
    mel="a@example.org",
    saisie=Saisie.TEST,
    urlnotif="https://x.fr/notif?a=1&b=2",
    urlredirect="https://x.fr/retour",
)
CREATION = f"""
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:p="{reponses.TNS}">
 <soapenv:Body>
  <p:creerPaiementSecurise>
   <arg0>
    <exer>2026</exer><mel>a@example.org</mel><montant>1234</montant><numcli>090909</numcli>
    <objet>Cantine janvier</objet><refdet>2026010112000000000001</refdet><saisie>T</saisie>
    <urlnotif>https://x.fr/notif?a=1&amp;b=2</urlnotif><urlredirect>https://x.fr/retour</urlredirect>
   </arg0>
  </p:creerPaiementSecurise>
 </soapenv:Body>
</soapenv:Envelope>"""
LECTURE = f"""
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:p="{reponses.TNS}">
 <soapenv:Body>
  <p:recupererDetailPaiementSecurise><arg0><idOp>{IDOP}</idOp></arg0></p:recupererDetailPaiementSecurise>
 </soapenv:Body>
</soapenv:Envelope>"""
CHAMPS = ["exer", "mel", "montant", "numcli", "objet", "refdet", "saisie", "urlnotif", "urlredirect"]


def feuilles(enveloppe):
    return [feuille.tag for feuille in etree.fromstring(enveloppe).find(".//arg0")]


def test_les_requetes_sont_celles_du_protocole():
    assert canonique(protocole.enveloppe_creation(DEMANDE)) == canonique(CREATION)
    assert canonique(protocole.enveloppe_lecture(IDOP)) == canonique(LECTURE)


def test_les_feuilles_sont_sans_espace_de_noms_dans_l_ordre_du_schema_et_un_objet_vide_est_omis():
    sans_objet = protocole.enveloppe_creation(replace(DEMANDE, objet=""))
    assert feuilles(protocole.enveloppe_creation(DEMANDE)) == CHAMPS
    assert feuilles(sans_objet) == [champ for champ in CHAMPS if champ != "objet"]
    assert feuilles(protocole.enveloppe_lecture(IDOP)) == ["idOp"]


def test_la_requete_s_annonce_en_utf_8():
    assert protocole.enveloppe_creation(DEMANDE).startswith(
        b"<?xml version='1.0' encoding='UTF-8'?>\n<soapenv:Envelope "
    )


def courriel(longueur):
    return "a" * (longueur - 5) + "@b.fr"


def adresse(longueur):
    return "https://x.fr/".ljust(longueur, "a")


ACCEPTES = [
    *({"numcli": v} for v in ("000000", "006382", "999999")),
    *({"exer": v} for v in ("0000", "2026", "9999")),
    *({"refdet": v} for v in ("a" * 6, "Z9" * 15)),
    *({"objet": v} for v in ("", "a", "A 9" * 33)),
    *({"montant": v} for v in (100, 9_999_999)),
    *({"mel": v} for v in (courriel(6), courriel(80), "a+b.c!d@x-y")),
    *({champ: v} for champ in ("urlnotif", "urlredirect") for v in ("http://a", adresse(249))),
]
REFUSES = [
    *({"numcli": v} for v in ("", "12345", "1234567", "12345a", " 12345", "12345\n", "١٢٣٤٥٦")),
    *({"exer": v} for v in ("", "202", "20266", "2O26", "2026\n")),
    *({"refdet": v} for v in ("", "a" * 5, "a" * 31, "2026-01", "abc/def", "référence", "abcdef\n", "abc def")),
    *({"objet": v} for v in ("a" * 100, "été", "a-b", "a\n", "l'eau", "a\tb")),
    *({"montant": v} for v in (99, 10_000_000, 0, -100)),
    *({"mel": v} for v in ("", courriel(5), courriel(81), "abcdef", "a@b@cd", "é@exemple.fr", "a b@c.fr", "ab@cd.f\n")),
    *(
        {champ: v}
        for champ in ("urlnotif", "urlredirect")
        for v in ("", adresse(250), "ftp://x.fr/", "x.fr", "https://x.fr/é", "https://x.fr/a b", "https://x.fr/\n")
    ),
]


@pytest.mark.parametrize("champs", ACCEPTES)
def test_une_valeur_dans_les_regles_est_acceptee(champs):
    demande = replace(DEMANDE, **champs)
    assert {champ: getattr(demande, champ) for champ in champs} == champs


@pytest.mark.parametrize("champs", REFUSES)
def test_une_valeur_hors_des_regles_est_refusee_et_nomme_son_champ(champs):
    with pytest.raises(ChampInvalide) as refus:
        replace(DEMANDE, **champs)
    assert [refus.value.champ] == list(champs)


def test_les_reponses_imprimees_se_lisent():
    assert protocole.lire_creation(reponses.creation()) == IDOP
    assert protocole.lire_creation(reponses.creation(nom="idop")) == IDOP
    assert protocole.lire_resultat(reponses.resultat()) == Lecture(
        idop=reponses.IDOP,
        resultat="P",
        numcli="006382",
        refdet="X0000301010000001317",
        saisie="W",
        montant=24311,
        numauto="A55A",
        date=datetime.fromisoformat("2019-12-12T13:35:00+00:00"),
    )


@pytest.mark.parametrize(
    ("code", "libelle"),
    [
        ("P1", "IdOp incorrect."),
        ("P5", "Résultat de la transaction non connu."),
        ("A2", "Adresse mél incorrecte."),
        ("R3", "Le format du paramètre REFDET n'est pas conforme"),
    ],
)
@pytest.mark.parametrize("lire", [protocole.lire_creation, protocole.lire_resultat])
def test_une_faute_fonctionnelle_garde_son_code_et_son_libelle(lire, code, libelle):
    assert lire(reponses.faute(code)) == Faute(code=code, libelle=libelle, technique=False)


@pytest.mark.parametrize("genre", ["Dysfonctionnement", "Indisponibilite", "Protocolaire"])
def test_les_trois_fautes_techniques_sont_des_pannes(genre):
    xml = reponses.faute("999", "Panne.", nature=f"Tech{genre}Erreur")
    assert protocole.lire_resultat(xml) == Faute(code="999", libelle="Panne.", technique=True)


@pytest.mark.parametrize("detail", ["", "<detail/>", "<detail>texte</detail>"])
def test_une_faute_sans_detail_est_une_panne(detail):
    xml = reponses.corps(f"<S:Fault><faultcode>S:Server</faultcode>{detail}</S:Fault>")
    assert protocole.lire_resultat(xml) == Faute(code="", libelle="", technique=True)


def test_sans_libelle_le_message_de_la_faute_est_lu():
    xml = reponses.faute("P5", "").replace(b"<libelle></libelle>", b"<message> Non connu. </message>")
    assert protocole.lire_resultat(xml) == Faute(code="P5", libelle="Non connu.", technique=False)


@pytest.mark.parametrize(
    "xml",
    [
        reponses.resultat().replace(b"S:", b"soap:").replace(b":S=", b":soap=").replace(b"ns2", b"x"),
        reponses.resultat().replace(b"<return>", b"<!-- un commentaire --><return>").replace(b"24311", b"\n 24311 "),
        reponses.resultat().replace(b"24311", b"2<!-- coupe -->4311<?et encore?>"),
        reponses.resultat(exer="2019"),
        reponses.resultat(exer=None, objet=None, mel=None),
        reponses.resultat().replace(b"idOp>", b"idop>"),
        b'<?xml version="1.0" encoding="UTF-8"?>\n' + reponses.resultat(),
        b"\xef\xbb\xbf" + reponses.resultat(),
    ],
)
def test_ce_qui_ne_change_pas_le_sens_ne_change_pas_la_lecture(xml):
    assert protocole.lire_resultat(xml) == protocole.lire_resultat(reponses.resultat())


def test_ce_qui_manque_est_vide_et_un_montant_illisible_n_est_pas_zero():
    xml = reponses.corps(
        f'<r:recupererDetailPaiementSecuriseResponse xmlns:r="{reponses.TNS}"><return/>'
        "</r:recupererDetailPaiementSecuriseResponse>"
    )
    assert protocole.lire_resultat(xml) == Lecture("", "", "", "", "", None, "", None)
    montants = [
        protocole.lire_resultat(reponses.resultat(montant=m)).montant for m in ("", "12,5", "-1", "1e3", "9" * 12)
    ]
    assert montants == [None] * 5


@pytest.mark.parametrize("lire", [protocole.lire_creation, protocole.lire_resultat])
@pytest.mark.parametrize("nom", reponses.ILLISIBLES)
def test_ce_qui_n_est_pas_une_reponse_est_illisible(lire, nom):
    with pytest.raises(ReponseIllisible):
        lire(reponses.ILLISIBLES[nom])


@pytest.mark.parametrize("idop", ["", "abc", reponses.IDOP[:-1], "<b/>"])
def test_un_idop_qui_n_est_pas_un_uuid_est_illisible(idop):
    with pytest.raises(ReponseIllisible):
        protocole.lire_creation(reponses.creation(idop))


def test_la_page_de_paiement_ne_porte_que_l_idop():
    adresse_lue = protocole_url.adresse_de_page("https://www.payfip.gouv.fr/tpa/paiementws.web", IDOP)
    assert adresse_lue == f"https://www.payfip.gouv.fr/tpa/paiementws.web?idop={IDOP}"


@pytest.mark.parametrize(
    ("champs", "lu"),
    [
        *(({nom: str(IDOP)}, IDOP) for nom in ("idop", "idOp", "IDOP", "IdOp")),
        ({"idop": str(IDOP).upper()}, IDOP),
        ({"autre": "1", "idOp": str(IDOP), "montant": "1"}, IDOP),
        ({}, None),
        ({"idop": ""}, None),
        ({"idop": "pas un uuid"}, None),
        ({"xidop": str(IDOP)}, None),
    ],
)
def test_l_idop_d_une_notification_se_lit_dans_toutes_les_casses(champs, lu):
    assert protocole.idop_de_notification(champs) == lu


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=400))
def test_des_octets_quelconques_ne_sont_jamais_une_erreur_de_programme(octets):
    for lire in (protocole.lire_creation, protocole.lire_resultat):
        with pytest.raises(ReponseIllisible):
            lire(octets)


@settings(deadline=None, max_examples=400)
@given(
    xml=st.sampled_from([reponses.creation(), reponses.resultat(), reponses.faute("P5")]),
    debut=st.integers(0, 900),
    retires=st.integers(0, 60),
    ajoutes=st.binary(max_size=30),
)
def test_une_reponse_abimee_se_lit_ou_est_illisible(xml, debut, retires, ajoutes):
    abime = xml[:debut] + ajoutes + xml[debut + retires :]
    for lire in (protocole.lire_creation, protocole.lire_resultat):
        try:
            lue = lire(abime)
        except ReponseIllisible:
            continue
        assert type(lue) in {UUID, Faute, Lecture}
