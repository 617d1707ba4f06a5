"""Le guichet par HTTP : une réponse de PayFiP, ou l'une des deux exceptions, dans un délai tenu."""

import time
from uuid import UUID

import pytest

from paiement_tipi.client import GuichetHttp, GuichetIndisponible, GuichetRefuse
from paiement_tipi.protocole import TAILLE_REPONSE, enveloppe_creation, enveloppe_lecture
from tests.paiement_tipi import outils_reponses as reponses
from tests.paiement_tipi import outils_serveur as serveurs
from tests.paiement_tipi.test_protocole import DEMANDE

IDOP = UUID(reponses.IDOP)
ENTETES = ("Content-Type", "SOAPAction", "Accept", "Accept-Encoding", "Cookie", "Authorization")
SECONDES = 20
# Ces réponses-là dureraient sans fin : un délai court, et de quoi laisser souffler une machine chargée.
LENTES = {"muet", "goutte à goutte", "en-têtes goutte à goutte", "sans fin"}
DELAI_SECONDES, TOLERANCE_SECONDES = 0.3, 5


@pytest.fixture
def serveur():
    with serveurs.petit_serveur() as petit:
        yield petit


@pytest.fixture
def guichet(serveur):
    return GuichetHttp(serveur.url, SECONDES)


def test_une_creation_rend_l_idop_et_envoie_les_octets_du_protocole(serveur, guichet):
    serveur.dire(serveurs.repond(reponses.creation()))
    assert guichet.creer(DEMANDE) == IDOP
    [recue] = serveur.recues
    assert (recue.ligne, recue.corps) == ("POST /tpa/services/securite HTTP/1.1", enveloppe_creation(DEMANDE))
    entetes = {nom: recue.entetes[nom] for nom in ENTETES}
    assert entetes == {
        "Content-Type": "text/xml; charset=utf-8",
        "SOAPAction": '""',
        "Accept": "text/xml",
        "Accept-Encoding": "identity",
        "Cookie": None,
        "Authorization": None,
    }


def test_une_lecture_rend_le_resultat_et_le_xml_recu(serveur, guichet):
    serveur.dire(serveurs.repond(reponses.resultat()))
    lecture, xml = guichet.lire(IDOP)
    assert (lecture.resultat, lecture.montant, xml) == ("P", 24311, reponses.resultat())
    assert [recue.corps for recue in serveur.recues] == [enveloppe_lecture(IDOP)]


def test_une_reponse_compressee_se_lit(serveur, guichet):
    serveur.dire(serveurs.repond_gzip(reponses.resultat()))
    assert guichet.lire(IDOP)[1] == reponses.resultat()


@pytest.mark.parametrize("statut", ["500 Internal Server Error", "200 OK"])
@pytest.mark.parametrize("code", ["P1", "P5", "A2", "R3", "T4", "Z99"])
def test_une_faute_fonctionnelle_est_un_refus_qui_dit_son_code(serveur, guichet, code, statut):
    serveur.dire(serveurs.repond(reponses.faute(code, " Un libellé. "), statut))
    for appel in (lambda: guichet.lire(IDOP), lambda: guichet.creer(DEMANDE)):
        with pytest.raises(GuichetRefuse) as refus:
            appel()
        assert (refus.value.code, refus.value.libelle) == (code, "Un libellé.")


@pytest.mark.parametrize("genre", ["Dysfonctionnement", "Indisponibilite", "Protocolaire"])
def test_une_faute_technique_est_une_indisponibilite(serveur, guichet, genre):
    serveur.dire(serveurs.repond(reponses.faute("999", "Panne.", f"Tech{genre}Erreur"), "500 Internal Server Error"))
    with pytest.raises(GuichetIndisponible, match=r"^999 Panne\.$"):
        guichet.lire(IDOP)


PANNES = {
    **{nom: serveurs.repond(corps) for nom, corps in reponses.ILLISIBLES.items()},
    "502 en HTML": serveurs.repond(reponses.PAGE_HTML, "502 Bad Gateway"),
    "503 vide": serveurs.repond(b"", "503 Service Unavailable"),
    "bombe compressée": serveurs.repond_gzip(b" " * 20_000_000),
    "faux gzip": serveurs.repond(b"pas du gzip", "200 OK", "Content-Encoding: gzip"),
    "sans HTTP": serveurs.sans_http,
    "raccroche": serveurs.coupe,
    "raccroche au milieu": serveurs.coupe_au_milieu,
    "muet": serveurs.muet,
    "goutte à goutte": serveurs.goutte_a_goutte,
    "en-têtes goutte à goutte": serveurs.goutte_d_en_tetes,
    "sans fin": serveurs.sans_fin,
}


@pytest.mark.parametrize("panne", PANNES)
def test_tout_le_reste_est_une_indisponibilite_dans_le_delai(serveur, panne):
    guichet = GuichetHttp(serveur.url, DELAI_SECONDES if panne in LENTES else SECONDES)
    serveur.dire(PANNES[panne])
    for appel in (lambda: guichet.lire(IDOP), lambda: guichet.creer(DEMANDE)):
        debut = time.monotonic()
        with pytest.raises(GuichetIndisponible):
            appel()
        assert time.monotonic() - debut < TOLERANCE_SECONDES


def test_le_delai_est_celui_de_toute_la_reponse_et_non_de_chaque_lecture(serveur):
    serveur.dire(serveurs.en_deux_fois(0.9))
    debut = time.monotonic()
    with pytest.raises(GuichetIndisponible, match="Timeout"):
        GuichetHttp(serveur.url, 1).lire(IDOP)
    assert time.monotonic() - debut < 1.6  # 1,8 s si chaque lecture avait le sien


def test_une_redirection_n_est_pas_suivie(serveur, guichet):
    with serveurs.petit_serveur() as ailleurs:
        ailleurs.dire(serveurs.repond(reponses.resultat()))
        serveur.dire(serveurs.redirige(ailleurs.url))
        with pytest.raises(GuichetIndisponible):
            guichet.lire(IDOP)
        assert (len(serveur.recues), len(ailleurs.recues)) == (1, 0)


def test_une_reponse_se_lit_jusqu_a_sa_taille_maximale_et_pas_au_dela(serveur, guichet):
    plein = reponses.resultat().ljust(TAILLE_REPONSE)
    serveur.dire(serveurs.repond(plein), serveurs.repond(plein + b" "))
    assert guichet.lire(IDOP)[0].resultat == "P"
    with pytest.raises(GuichetIndisponible):
        guichet.lire(IDOP)


def test_un_port_ferme_est_une_indisponibilite():
    with serveurs.petit_serveur() as ferme:
        guichet = GuichetHttp(ferme.url, SECONDES)
    with pytest.raises(GuichetIndisponible, match=r"^ConnectionError$"):
        guichet.lire(IDOP)


def test_le_message_d_une_panne_ne_dit_rien_de_la_personne(serveur, guichet):
    serveur.dire(serveurs.repond(reponses.resultat()[:-40]))
    with pytest.raises(GuichetIndisponible) as panne:
        guichet.creer(DEMANDE)
    assert str(panne.value) == "La réponse n'est pas du XML."


def test_les_requetes_ne_partagent_ni_connexion_ni_temoin(serveur, guichet):
    serveur.dire(serveurs.repond(reponses.resultat(), "200 OK", "Set-Cookie: session=1"))
    guichet.lire(IDOP)
    guichet.lire(IDOP)
    assert [recue.entetes["Cookie"] for recue in serveur.recues] == [None, None]
