"""Ce que PayFiP laisse sans issue : un agent tranche, un jour après, sans jamais régler une somme fausse."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from factures.models import Facture
from paiement_tipi import services
from paiement_tipi.etats import AVIS_DEFINITIF
from paiement_tipi.models import Paiement
from portail.models import Journal
from tests.gestion.conftest import adresse
from tests.paiement_tipi.outils_machine import INCONNU, GuichetDocile
from tests.paiement_tipi.outils_pages import texte
from tests.paiement_tipi.outils_tentatives import (
    DUE,
    PAYEE_PAR_CARTE,
    bilan,
    constater,
    demarrer,
    empechement,
    histoire,
)

pytestmark = pytest.mark.sqlite
MICRO = timedelta(microseconds=1)
VERIFIE = "Le service vérifie ce paiement"


@pytest.fixture
def guichet(monkeypatch):
    docile = GuichetDocile()
    monkeypatch.setattr(services, "guichet", lambda **_: docile)
    return docile


@pytest.fixture
def partir(guichet, facture, ada):
    """Une tentative à laquelle PayFiP a répondu ``code``, en mentant sur la somme ou non, et qu'on a constatée."""

    def partir(code=INCONNU, temps="beau"):
        paiement = demarrer(Facture.objects.get(pk=facture.pk), ada, guichet=guichet)
        guichet.conclure(paiement.idop, code)
        guichet.temps = temps
        constater(paiement, paiement.envoye_le + timedelta(minutes=1), guichet)
        return paiement

    return partir


def vieillir(paiement, age=AVIS_DEFINITIF):
    Paiement.objects.filter(pk=paiement.pk).update(envoye_le=timezone.now() - age)
    paiement.refresh_from_db()


def comparer(guichet, jours=1):
    """La parité, quelques jours plus tard."""
    return services.comparer(guichet=guichet, maintenant=timezone.now() + timedelta(days=jours))


def confirmer(paiement):
    return services.confirmer_declare(paiement=paiement, source="confirmé par un agent", motif="Relevé du 3 mars")


def infirmer(paiement):
    return services.infirmer_declare(paiement=paiement, source="infirmé par un agent", motif="Rien au Trésor")


def test_un_code_inconnu_se_tranche_un_jour_apres_l_envoi_pas_avant(partir):
    paiement = partir()
    with time_machine.travel(timezone.now(), tick=False):
        vieillir(paiement, AVIS_DEFINITIF - MICRO)
        assert (confirmer(paiement), infirmer(paiement)) == (False, False)
        vieillir(paiement)
        assert (services.se_confirme(paiement), services.s_infirme(paiement)) == (True, True)


def test_confirme_il_paie_une_fois_et_le_succes_tardif_ne_double_rien(partir, guichet, facture):
    paiement = partir()
    vieillir(paiement)
    assert [confirmer(paiement), confirmer(paiement), infirmer(paiement)] == [True, False, False]
    paiement.refresh_from_db()
    assert (paiement.etat, paiement.anomalie, bilan(facture)) == ("paye", "", PAYEE_PAR_CARTE)
    assert Journal.objects.get(action="paiement.paye").apres["motif"] == "Relevé du 3 mars"
    guichet.preciser()
    assert (constater(paiement, timezone.now(), guichet), comparer(guichet)) == (False, {"concordant": 1})
    assert bilan(facture) == PAYEE_PAR_CARTE


def test_infirme_il_libere_la_facture_sans_revenir_chaque_jour_et_le_succes_tardif_paie(partir, guichet, facture):
    paiement = partir()
    vieillir(paiement)
    assert [infirmer(paiement), infirmer(paiement)] == [True, False]
    assert (empechement(facture), bilan(facture)) == ("", DUE)
    for jours in (1, 2):
        assert comparer(guichet, jours) == {"concordant": 1}
        paiement.refresh_from_db()
        assert (paiement.etat, paiement.anomalie) == ("infirme", "")
    guichet.preciser()
    assert comparer(guichet, 3) == {"retrouvé": 1}
    assert (histoire(paiement), bilan(facture)) == (["envoye", "infirme", "paye"], PAYEE_PAR_CARTE)


def test_infirme_une_autre_reponse_redevient_une_anomalie(partir, guichet):
    paiement = partir()
    vieillir(paiement)
    infirmer(paiement)
    guichet.preciser()
    guichet.temps = "menteur"
    comparer(guichet)
    paiement.refresh_from_db()
    assert (paiement.etat, "le montant" in paiement.anomalie) == ("infirme", True)


@pytest.mark.parametrize("code", ["P", "R", INCONNU])
def test_une_somme_fausse_s_infirme_mais_ne_se_confirme_pas(partir, facture, code):
    paiement = partir(code, "menteur")
    vieillir(paiement)
    assert (confirmer(paiement), bilan(facture)) == (False, DUE)
    assert (infirmer(paiement), empechement(facture)) == (True, "")


def test_une_anomalie_apres_un_abandon_signale_ou_une_expiration_a_aussi_son_issue(partir, guichet, facture):
    signale = partir("A")
    assert signale.etat == "abandon-signale"
    guichet.conclure(signale.idop, INCONNU)
    constater(signale, timezone.now() + timedelta(minutes=5), guichet)
    vieillir(signale)
    assert (signale.etat, infirmer(signale), empechement(facture)) == ("abandon-signale", True, "")
    expire = partir("")
    constater(expire, expire.envoye_le + timedelta(hours=2), guichet)
    guichet.conclure(expire.idop, INCONNU)
    constater(expire, expire.envoye_le + timedelta(hours=3), guichet)
    vieillir(expire)
    assert (expire.etat, expire.anomalie != "", infirmer(expire)) == ("expire", True, True)


def test_un_essai_s_infirme_et_ne_se_confirme_jamais(partir, eau, agente, boe, connecter):
    eau.contrat_tipi.saisie = "T"
    eau.contrat_tipi.save()
    paiement = partir()
    vieillir(paiement)
    assert "C'est un essai" in texte(connecter(agente, chez=boe).get(adresse(paiement)))
    assert (confirmer(paiement), infirmer(paiement)) == (False, True)


def test_l_agent_va_de_l_accueil_a_la_fiche_qui_dit_quoi_faire(partir, facture, agente, boe, connecter):
    paiement, gestion = partir(), connecter(agente, chez=boe)
    fiche = adresse(paiement)
    assert "?suivi=anomalie" in gestion.get("/gestion/").content.decode()
    assert fiche in gestion.get("/gestion/paiement_tipi/paiement/?suivi=anomalie").content.decode()
    assert "PayFiP peut encore changer d'avis" in texte(gestion.get(fiche))
    refus = gestion.post(adresse(paiement, "confirmer"), {"motif": "Trop tôt"})
    assert (refus.status_code, "PayFiP peut encore changer d'avis" in texte(refus)) == (409, True)
    vieillir(paiement)
    page = gestion.get(fiche)
    assert "s'il y est, confirmez-le ; sinon, infirmez-le" in texte(page)
    assert [acte in texte(page) for acte in ("Confirmer le paiement", "Infirmer le paiement")] == [True, True]
    assert gestion.post(adresse(paiement, "confirmer"), {"motif": ""}).status_code == 200
    assert gestion.post(adresse(paiement, "confirmer"), {"motif": "Relevé du 3 mars"}).status_code == 303
    assert bilan(facture) == PAYEE_PAR_CARTE
    assert "confirmez-le" not in texte(gestion.get(fiche))


def test_d_une_somme_fausse_la_fiche_dit_d_enregistrer_la_vraie_puis_d_infirmer(
    partir, facture, agente, boe, connecter
):
    paiement, gestion = partir("P", "menteur"), connecter(agente, chez=boe)
    vieillir(paiement)
    dit = texte(gestion.get(adresse(paiement)))
    assert ("enregistrez d'abord sur la facture la somme reçue" in dit, "Confirmer le paiement" in dit) == (True, False)
    refus = gestion.post(adresse(paiement, "confirmer"), {"motif": "x"})
    assert (refus.status_code, "ne se confirme pas" in texte(refus), bilan(facture)) == (409, True, DUE)


def test_la_personne_lit_que_le_service_verifie_et_ne_peut_ni_reprendre_ni_repayer(
    partir, facture, ada, boe, connecter
):
    paiement, client = partir(), connecter(ada, chez=boe)
    detail, liste = client.get(f"/factures/{facture.uuid}/"), texte(client.get("/factures/"))
    assert VERIFIE in texte(detail)
    boutons = [f'value="{acte}"' in detail.content.decode() for acte in ("reprendre", "verifier", "liberer")]
    assert (boutons, "reprendre ou libérer" in liste) == ([False, True, False], False)
    retour = texte(client.get(f"/paiement/retour/{paiement.jeton}/"))
    assert (VERIFIE in retour, "dix minutes" in retour) == (True, False)
    suite = client.post(f"/factures/{facture.uuid}/paiement/", {"acte": "reprendre"}, follow=True)
    assert f"{VERIFIE} : ne payez pas une seconde fois." in texte(suite)
    assert VERIFIE in texte(client.get(f"/factures/{facture.uuid}/payer/"))
    assert Paiement.objects.count() == 1
