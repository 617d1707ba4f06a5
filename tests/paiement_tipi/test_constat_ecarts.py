"""Une réponse qui n'est pas celle de notre demande, ou qui n'arrive pas : rien n'est réglé, tout reste ouvert."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from paiement_tipi import services
from paiement_tipi.client import GuichetHttp
from paiement_tipi.models import Paiement
from tests.paiement_tipi import outils_reponses as reponses
from tests.paiement_tipi.outils_serveur import coupe, muet, petit_serveur, repond
from tests.paiement_tipi.outils_tentatives import DUE, PAYEE_PAR_CARTE, bilan, constater, demarrer, empechement, pilote

FIN_DE_MINUTE = datetime(2019, 12, 12, 13, 35, tzinfo=UTC)  # dattrans et heurtrans des réponses imprimées
AUTRE = "dd0cb210-1cd4-11ea-8cca-0213ad91a103"


@pytest.fixture
def serveur(settings):
    """Un PayFiP qui a créé l'opération, et répondra ce que dit le test."""
    with petit_serveur() as petit:
        settings.PAYFIP_URL = petit.url
        petit.dire(repond(reponses.creation()))
        yield petit


@pytest.fixture
def paiement(serveur, facture, ada):
    return demarrer(facture, ada)


def dans(paiement, **duree):
    return paiement.envoye_le + timedelta(**duree)


def test_la_reponse_imprimee_du_protocole_paie(serveur, facture, paiement):
    serveur.dire(repond(reponses.resultat()))
    assert constater(paiement, dans(paiement, minutes=1)) is True
    assert (paiement.idop, paiement.numauto, bilan(facture)) == (UUID(reponses.IDOP), "A55A", PAYEE_PAR_CARTE)
    assert paiement.date_payfip == FIN_DE_MINUTE


ECARTS = [
    ({"montant": "24310"}, "le montant"),
    ({"montant": "24312"}, "le montant"),
    ({"montant": "243.11"}, "le montant"),
    ({"montant": None}, "le montant"),
    ({"numcli": "006383"}, "le numéro de client"),
    ({"numcli": None}, "le numéro de client"),
    ({"refdet": "X0000301010000001318"}, "la référence"),
    ({"refdet": "x0000301010000001317"}, "la référence"),
    ({"saisie": "T"}, "la saisie"),
    ({"saisie": "X"}, "la saisie"),
    ({"saisie": None}, "la saisie"),
    ({"idOp": AUTRE}, "l'opération"),
    ({"montant": "1", "saisie": "T"}, "le montant, la saisie"),
]


@pytest.mark.sqlite
@pytest.mark.parametrize("code", ["P", "V", "R", "Z", "A"])
@pytest.mark.parametrize(("champs", "differents"), ECARTS)
def test_un_ecart_ne_regle_ni_ne_clot_rien_et_se_voit(serveur, facture, paiement, champs, differents, code):
    serveur.dire(repond(reponses.resultat(resultrans=code, **champs)))
    assert constater(paiement, dans(paiement, days=1)) is False
    assert paiement.anomalie == f"PayFiP répond autre chose que ce qui a été envoyé : {differents}."
    assert (paiement.etat, bilan(facture), empechement(facture)) == ("envoye", DUE, "PAIEMENT_EN_COURS")
    assert list(Paiement.objects.a_relire(dans(paiement, days=2))) == [paiement]


def test_un_ecart_leve_se_regle(serveur, facture, paiement):
    serveur.dire(repond(reponses.resultat(montant="1")), repond(reponses.resultat()))
    gagnes = [constater(paiement, dans(paiement, minutes=m)) for m in (1, 2)]
    assert (gagnes, paiement.anomalie, bilan(facture)) == ([False, True], "", PAYEE_PAR_CARTE)


@pytest.mark.parametrize(
    "champs", [{"exer": "20"}, {"exer": "1999"}, {"exer": None}, {"mel": "autre@x.fr"}, {"objet": None}, {"idOp": None}]
)
def test_ce_que_payfip_tronque_ou_tait_n_est_pas_un_ecart(serveur, facture, paiement, champs):
    serveur.dire(repond(reponses.resultat(**champs)))
    assert constater(paiement, dans(paiement, minutes=1)) is True
    assert bilan(facture) == PAYEE_PAR_CARTE


def test_sans_date_lisible_le_reglement_est_date_du_constat(serveur, facture, paiement):
    serveur.dire(repond(reponses.resultat(dattrans="99999999")))
    constater(paiement, dans(paiement, minutes=1))
    assert (facture.reglements.get().recu_le, paiement.date_payfip) == (dans(paiement, minutes=1), None)


def test_un_numero_d_autorisation_n_a_pas_de_longueur_obligee(serveur, facture, paiement):
    serveur.dire(repond(reponses.resultat(numauto="n" * 90)))
    constater(paiement, dans(paiement, minutes=1))
    assert (paiement.numauto, bilan(facture)) == ("n" * 64, PAYEE_PAR_CARTE)


@pytest.mark.parametrize(("secondes", "etat"), [(179, "abandon-signale"), (180, "abandonne")])
def test_un_abandon_vieux_de_deux_minutes_et_d_une_minute_tronquee_est_confirme(serveur, paiement, secondes, etat):
    serveur.dire(repond(reponses.resultat(resultrans="A")))
    constater(paiement, FIN_DE_MINUTE + timedelta(seconds=secondes))
    assert paiement.etat == etat


@pytest.mark.parametrize("code", ["A2", "R3", "T2", "Z99", ""])
def test_un_autre_refus_est_une_anomalie_qui_laisse_la_tentative_ouverte(serveur, facture, paiement, code):
    serveur.dire(repond(reponses.faute(code, "Non."), "500 Internal Server Error"))
    assert constater(paiement, dans(paiement, days=30)) is False
    assert (paiement.etat, paiement.anomalie) == ("envoye", f"PayFiP refuse de répondre : {code} Non.")
    assert bilan(facture) == DUE


PANNES = {
    **{nom: repond(corps) for nom, corps in reponses.ILLISIBLES.items()},
    "502": repond(reponses.PAGE_HTML, "502 Bad Gateway"),
    "raccroche": coupe,
    "faute technique": repond(reponses.faute("999", "Panne.", "TechIndisponibiliteErreur"), "500 Oups"),
}


@pytest.mark.parametrize("panne", PANNES)
def test_une_panne_n_est_pas_une_reponse(serveur, facture, paiement, panne):
    serveur.dire(PANNES[panne], repond(reponses.resultat()))
    assert constater(paiement, dans(paiement, days=30), espacer=True) is False
    assert (paiement.etat, paiement.pannes, paiement.anomalie, bilan(facture)) == ("envoye", 1, "", DUE)
    assert constater(paiement, dans(paiement, days=30)) is True
    assert (paiement.etat, paiement.pannes, bilan(facture)) == ("paye", 0, PAYEE_PAR_CARTE)


def test_un_guichet_muet_ne_retient_pas_plus_que_son_delai(serveur, facture, paiement):
    serveur.dire(muet)
    assert constater(paiement, dans(paiement, minutes=1), GuichetHttp(serveur.url, 0.2), espacer=True) is False
    assert (paiement.pannes, empechement(facture)) == (1, "PAIEMENT_EN_COURS")


ATTENTES = [0, 5, 15, 30, 30]  # minutes, avant le relevé qui suit


@pytest.mark.sqlite
def test_les_pannes_espacent_les_demandes_jusqu_a_une_demi_heure_puis_tout_reprend(serveur, facture, paiement):
    serveur.dire(repond(reponses.PAGE_HTML, "502 Bad Gateway"))
    attentes, instant = [], dans(paiement, minutes=1)
    for _panne in ATTENTES:
        constater(paiement, instant, services.guichet(personne=False), espacer=True)
        attentes.append((paiement.relire_le - instant).total_seconds() / 60)
    assert attentes == ATTENTES
    serveur.dire(repond(reponses.faute("P5"), "500 Oups"))
    constater(paiement, instant, services.guichet(personne=False))
    assert (paiement.pannes, paiement.relire_le) == (0, instant)


@pytest.mark.parametrize("panne", ["502", "html", "coupure", "xml_tronque", "montant_faux", "TechProtocolaireErreur"])
def test_les_pannes_du_simulateur_ne_reglent_rien_puis_tout_se_regle(simulateur, facture, ada, panne):
    with pilote(simulateur) as payfip:
        paiement = demarrer(facture, ada)
        payfip.payer(str(paiement.idop))
        payfip.regler(panne=panne)
        assert (constater(paiement, dans(paiement, minutes=1)), paiement.etat, bilan(facture)) == (False, "envoye", DUE)
        payfip.regler(panne="aucune")
        assert (constater(paiement, dans(paiement, minutes=2)), bilan(facture)) == (True, PAYEE_PAR_CARTE)
