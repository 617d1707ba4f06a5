"""Un paiement commencé : on le voit, on le reprend, on le vérifie, on le libère, et PayFiP décide."""

from datetime import datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import factories
import pytest
import time_machine
from django.utils import timezone

from factures.services import encaisser
from paiement_tipi import services
from paiement_tipi.models import ContratTipi, CoupurePayfip, Paiement, PartPaiement
from tests.paiement_tipi.outils_pages import liens, texte
from tests.paiement_tipi.outils_tentatives import (
    DUE,
    PAYEE_PAR_CARTE,
    bilan,
    creations,
    demarrer,
    empechement,
    lectures,
    pilote,
)

pytestmark = pytest.mark.sqlite
MIDI = datetime(2026, 11, 24, 14, 5, tzinfo=ZoneInfo("Europe/Paris"))


@pytest.fixture
def payfip(simulateur):
    with pilote(simulateur) as pilotable:
        yield pilotable


@pytest.fixture
def horloge(payfip):
    """14 h 05, chez nous et chez PayFiP ; ``avancer(minutes=…)``."""
    with time_machine.travel(MIDI, tick=False) as voyage:
        payfip.regler(horloge=MIDI.isoformat())

        def avancer(**duree):
            voyage.shift(timedelta(**duree))
            payfip.regler(horloge=timezone.now().isoformat())

        yield avancer


@pytest.fixture
def paiement(horloge, facture, ada):
    return demarrer(facture, ada)


class Habitante:
    """Se reconnecte à chaque page : l'horloge avance plus que ne dure une session."""

    def __init__(self, connecter):
        self.connecter = connecter

    def get(self, adresse):
        return self.connecter().get(adresse)

    def post(self, adresse, envoi):
        client = self.connecter()
        reponse = client.post(adresse, envoi)
        self.get = client.get  # les messages sont dans cette session
        return reponse


@pytest.fixture
def chez_ada(connecter, ada, boe, horloge):
    return Habitante(lambda: connecter(ada, chez=boe))


def agir(client, facture, acte):
    return client.post(f"/factures/{facture.uuid}/paiement/", {"acte": acte})


def suite(client, reponse):
    assert reponse.status_code == 303
    return texte(client.get(reponse["Location"]))


def boutons(reponse):
    page = reponse.content.decode()
    return [acte for acte in ("reprendre", "verifier", "liberer") if f'value="{acte}"' in page]


def test_la_liste_et_la_facture_disent_depuis_quand_et_jusqu_a_quand(chez_ada, facture, paiement, horloge):
    liste, detail = chez_ada.get("/factures/"), chez_ada.get(f"/factures/{facture.uuid}/")
    assert "Paiement commencé à 14 h 05 : reprendre ou libérer" in texte(liste)
    assert f"/factures/{facture.uuid}/#paiement" in liens(liste)
    assert "Paiement commencé à 14 h 05" in texte(detail)
    assert "réessayer au plus tard à 16 h 05" in texte(detail)
    assert boutons(detail) == ["reprendre", "verifier", "liberer"]
    horloge(days=1)
    assert "Paiement commencé le 24 novembre 2026 à 14 h 05" in texte(chez_ada.get("/factures/"))


def test_un_co_titulaire_le_voit_et_le_verifie_sans_pouvoir_ouvrir_la_page_de_l_autre(
    connecter, boe, bob, facture, paiement, payfip
):
    facture.redevable.rattachements.create(collectivite=boe, usager=bob)
    chez_bob = connecter(bob, chez=boe)
    assert boutons(chez_bob.get(f"/factures/{facture.uuid}/")) == ["verifier", "liberer"]
    reponse = agir(chez_bob, facture, "reprendre")
    assert reponse["Location"] == f"/factures/{facture.uuid}/"
    payfip.payer(str(paiement.idop))
    assert "PayFiP confirme le paiement" in suite(chez_bob, agir(chez_bob, facture, "liberer"))
    assert (bilan(facture), len(lectures(payfip))) == (PAYEE_PAR_CARTE, 2)


def test_reprendre_mene_a_la_meme_page_pendant_quinze_minutes(chez_ada, facture, paiement, payfip, horloge):
    horloge(minutes=14, seconds=59)
    page = f"{payfip.url}/tpa/paiementws.web?idop={paiement.idop}"
    assert agir(chez_ada, facture, "reprendre")["Location"] == page
    horloge(seconds=1)
    assert boutons(chez_ada.get(f"/factures/{facture.uuid}/")) == ["verifier", "liberer"]
    assert "au plus tard à 16 h 05" in suite(chez_ada, agir(chez_ada, facture, "reprendre"))
    assert (len(creations(payfip)), Paiement.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    ("resultat", "apres", "libre", "phrase"),
    [
        ("refuser", 0, True, "vous pouvez la payer"),
        ("annuler", 0, False, "PayFiP confirme l'abandon. Vous pourrez réessayer au plus tard à 14 h 08."),
        ("annuler", 3, True, "vous pouvez la payer"),
        (None, 15, False, "Vous pourrez réessayer au plus tard à 16 h 05."),
        (None, 120, True, "vous pouvez la payer"),
        ("purger", 10, False, "PayFiP ne connaît pas ce paiement. Vous pourrez réessayer au plus tard à 14 h 20."),
        ("purger", 15, True, "vous pouvez la payer"),
    ],
)
@pytest.mark.parametrize("acte", ["verifier", "liberer"])
def test_la_facture_n_est_libre_que_si_payfip_le_dit(
    chez_ada, facture, paiement, payfip, horloge, acte, resultat, apres, libre, phrase
):
    if resultat == "purger":
        Paiement.objects.update(idop=uuid4())  # PayFiP ne le connaît pas
    elif resultat:
        payfip.payer(str(paiement.idop), action=resultat)
    horloge(minutes=apres)
    reponse = agir(chez_ada, facture, acte)
    assert phrase in suite(chez_ada, reponse)
    assert (empechement(facture) == "", bilan(facture)) == (libre, DUE)
    if libre:
        attendue = f"/factures/{facture.uuid}/" + ("payer/" if acte == "liberer" else "")
        assert (reponse["Location"], demarrer(facture, paiement.usager).etat) == (attendue, "envoye")


def test_qui_dit_avoir_abandonne_mais_a_paye_voit_son_paiement(chez_ada, facture, paiement, payfip):
    payfip.payer(str(paiement.idop))
    assert "Votre paiement est enregistré" in suite(chez_ada, agir(chez_ada, facture, "liberer"))
    assert bilan(facture) == PAYEE_PAR_CARTE
    assert "plus de paiement en cours" in suite(chez_ada, agir(chez_ada, facture, "liberer"))


def test_payfip_muet_ou_inconnu_ne_libere_rien_et_n_ouvre_rien(chez_ada, facture, paiement, payfip, horloge):
    payfip.regler(panne="502")
    for acte in ("reprendre", "liberer"):  # le disjoncteur coupe à trois
        lu = suite(chez_ada, agir(chez_ada, facture, acte))
        assert "PayFiP ne répond pas en ce moment. Vous pourrez réessayer dès qu'il aura répondu" in lu
    CoupurePayfip.objects.create()  # la page de la facture ne promet pas d'heure non plus
    detail = texte(chez_ada.get(f"/factures/{facture.uuid}/"))
    assert ("au plus tard" in detail, "PayFiP ne répond pas en ce moment" in detail) == (False, True)
    CoupurePayfip.objects.all().delete()
    payfip.regler(panne="aucune", resultat="inconnu")
    payfip.payer(str(paiement.idop))
    assert "une réponse que le service doit vérifier" in suite(chez_ada, agir(chez_ada, facture, "liberer"))
    assert (empechement(facture), len(creations(payfip))) == ("PAIEMENT_EN_COURS", 1)
    horloge(hours=3)
    assert "au plus tard" not in texte(Habitante(chez_ada.connecter).get(f"/factures/{facture.uuid}/"))


def test_un_depart_coupe_net_se_libere_apres_cinq_minutes(chez_ada, facture, paiement, horloge):
    Paiement.objects.update(etat="demarre", idop=None, envoye_le=None)
    lu = suite(chez_ada, agir(chez_ada, facture, "liberer"))
    assert ("au plus tard à 14 h 10" in lu, "PayFiP ne répond pas" in lu) == (True, False)
    horloge(minutes=5)
    assert "vous pouvez la payer" in suite(chez_ada, agir(chez_ada, facture, "liberer"))


def test_par_url_payfip_ne_s_interroge_pas_la_page_se_rouvre_puis_la_facture_est_rendue(
    chez_ada, facture, paiement, payfip, horloge, settings
):
    settings.PAYFIP_PAIEMENT_URL = f"{payfip.url}/tpa/paiement.web"
    Paiement.objects.update(transport="url-regie", saisie="A", idop=None)
    assert agir(chez_ada, facture, "reprendre")["Location"].startswith(settings.PAYFIP_PAIEMENT_URL)
    lu = suite(chez_ada, agir(chez_ada, facture, "liberer"))
    assert [mot for mot in ("c'est lui qui nous préviendra", "au plus tard à 16 h 20") if mot not in lu] == []
    horloge(minutes=135)
    assert "vous pouvez la payer" in suite(chez_ada, agir(chez_ada, facture, "liberer"))
    assert lectures(payfip) == []


def test_declaree_pendant_la_verification_elle_n_est_pas_dite_libre(chez_ada, facture, paiement, monkeypatch):
    """Par URL, le POST de PayFiP arrive entre la question et la réponse."""
    Paiement.objects.update(transport="url-regie", saisie="A", idop=None)
    interroger = services.interroger

    def devancee(**question):
        corps = f"numcli={paiement.numcli}&refdet={paiement.refdet}&montant=24311&saisie=A&resultrans=P&numauto=abc123"
        assert services.recevoir_resultat(jeton=paiement.jeton, requete="", corps=corps.encode())
        return interroger(**question)

    monkeypatch.setattr("paiement_tipi.services.interroger", devancee)
    reponse = agir(chez_ada, facture, "liberer")
    lu = suite(chez_ada, reponse)
    assert "Paiement déclaré par PayFiP, en cours de confirmation" in lu
    assert ("Rien n'a été débité" in lu, "vous pouvez la payer" in lu) == (False, False)
    assert reponse["Location"] == facture.get_absolute_url()


@pytest.mark.parametrize(
    ("action", "fait"), [("refuser", "Rien n'a été débité."), (None, "Le paiement n'a pas été fait à temps.")]
)
def test_liberee_mais_le_service_suspendu_elle_n_est_pas_dite_payable(
    chez_ada, facture, paiement, payfip, horloge, action, fait
):
    factories.suspendre(facture.regie)
    if action:
        payfip.payer(str(paiement.idop), action=action)
    horloge(minutes=121)
    lu = suite(chez_ada, agir(chez_ada, facture, "liberer"))
    assert f"{fait} Le paiement a été temporairement suspendu." in lu
    assert "vous pouvez la payer" not in lu


def test_le_co_titulaire_d_un_essai_lit_que_la_facture_reste_a_payer(
    connecter, boe, bob, facture, paiement, payfip, horloge
):
    facture.redevable.rattachements.create(collectivite=boe, usager=bob)
    Paiement.objects.all().update(etat="echoue", idop=None, envoye_le=None)
    PartPaiement.objects.update(ouverte=False)
    ContratTipi.objects.update(saisie="T")
    payfip.payer(str(demarrer(facture, paiement.usager).idop))
    chez_bob = connecter(bob, chez=boe)
    lu = suite(chez_bob, agir(chez_bob, facture, "verifier"))
    assert ("PayFiP confirme le paiement" in lu, "votre facture reste à payer" in lu) == (False, True)
    assert bilan(facture) == DUE


def test_reglee_au_guichet_entre_temps_la_page_dit_de_ne_pas_terminer(chez_ada, facture, paiement, payfip):
    encaisser(facture=facture, montant=facture.reste_du, moyen="especes", origine="x:1", recu_le=timezone.now())
    assert "ne le terminez pas" in texte(chez_ada.get(f"/factures/{facture.uuid}/"))
    payfip.payer(str(paiement.idop))
    agir(chez_ada, facture, "verifier")
    assert bilan(facture) == ("0.00", "243.11", ["especes", "carte"])


def test_on_ne_touche_pas_au_paiement_d_un_autre(connecter, boe, ailleurs, ada, bob, facture, paiement, payfip):
    factories.redevable(ailleurs, ada)
    for client in (connecter(bob, chez=boe), connecter(ada, chez=ailleurs)):
        assert agir(client, facture, "liberer").status_code == 404
    assert lectures(payfip) == []
