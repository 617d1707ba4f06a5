"""Payé chez PayFiP, réglé ici en moins de dix minutes, malgré un accident, un clic ou une fin décidée trop tôt."""

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import time_machine
from django.utils import timezone

from paiement_tipi import services
from paiement_tipi.admin.modeles import FiltreSuivi
from paiement_tipi.client import GuichetIndisponible, QuestionEcartee
from paiement_tipi.models import CoupurePayfip, Paiement
from paiement_tipi.services import disjoncteur
from paiement_tipi.services.disjoncteur import GuichetProtege
from tests.paiement_tipi.outils_machine import GuichetDocile
from tests.paiement_tipi.outils_tentatives import PAYEE_PAR_CARTE, bilan, demarrer, histoire

MINUTE, SECONDE, PERIODE = timedelta(minutes=1), timedelta(seconds=1), timedelta(minutes=5)
PROMIS = 10 * MINUTE
DEPART = datetime(2026, 6, 15, 8, 0, tzinfo=UTC)


@pytest.fixture
def horloge():
    with time_machine.travel(DEPART, tick=False) as temps:
        yield temps


@pytest.fixture
def payfip(monkeypatch):
    docile = GuichetDocile()
    monkeypatch.setattr(
        "paiement_tipi.services.guichet", lambda *, personne: GuichetProtege(docile, insistant=not personne)
    )
    return docile


@pytest.fixture
def paiement(horloge, payfip, facture, ada):
    return demarrer(facture, ada)


def relever() -> None:
    services.relever(guichet=services.guichet(personne=False), maintenant=timezone.now())


def payer_juste_apres_un_releve(payfip, paiement) -> datetime:
    """Le pire moment."""
    relever()
    payfip.operations[paiement.idop].resultat = "P"
    return timezone.now() + SECONDE


def attente(horloge, paiement, paye_le) -> timedelta:
    """Le temps que met le relevé seul, toutes les cinq minutes, à régler ce qui est payé."""
    while Paiement.objects.get(pk=paiement.pk).etat != "paye":
        assert timezone.now() - paye_le < 20 * PROMIS
        horloge.shift(PERIODE)
        relever()
    return timezone.now() - paye_le


@pytest.mark.sqlite
def test_un_accident_ne_coute_qu_un_releve(horloge, payfip, facture, paiement):
    paye_le = payer_juste_apres_un_releve(payfip, paiement)
    payfip.temps = "panne"
    horloge.shift(PERIODE)
    relever()
    payfip.temps = "beau"
    assert attente(horloge, paiement, paye_le) == PROMIS - SECONDE
    assert bilan(facture) == PAYEE_PAR_CARTE


def test_un_second_accident_apres_une_reponse_n_attend_pas_davantage(horloge, payfip, paiement):
    for temps in ("panne", "beau"):
        payfip.temps = temps
        horloge.shift(PERIODE)
        relever()
    paye_le = payer_juste_apres_un_releve(payfip, paiement)
    payfip.temps = "panne"
    horloge.shift(PERIODE)
    relever()
    payfip.temps = "beau"
    assert attente(horloge, paiement, paye_le) == PROMIS - SECONDE


@pytest.mark.parametrize("clics", [1, 2, 5])
def test_les_clics_qui_echouent_ne_retardent_pas_le_releve(horloge, payfip, connecter, boe, ada, paiement, clics):
    navigateur = connecter(ada, chez=boe)
    paye_le = payer_juste_apres_un_releve(payfip, paiement)
    payfip.temps = "panne"
    horloge.shift(3 * MINUTE)
    avant = Paiement.objects.get(pk=paiement.pk).relire_le
    for _ in range(clics):
        assert navigateur.post(f"/paiement/retour/{paiement.jeton}/").status_code == 200
    paiement.refresh_from_db()
    assert (paiement.pannes, paiement.relire_le) == (0, avant)
    payfip.temps = "beau"
    horloge.shift(-3 * MINUTE)
    assert attente(horloge, paiement, paye_le) == PERIODE - SECONDE


def test_une_notification_qui_echoue_ne_retarde_pas_le_releve(horloge, payfip, paiement):
    paye_le = payer_juste_apres_un_releve(payfip, paiement)
    payfip.temps = "panne"
    guichet = services.guichet(personne=False)
    assert not services.constater(paiement=paiement, guichet=guichet, cause="notification")
    payfip.temps = "beau"
    assert attente(horloge, paiement, paye_le) == PERIODE - SECONDE


@pytest.mark.sqlite
def test_notre_propre_saturation_n_est_pas_une_panne_de_payfip(horloge, payfip, connecter, boe, ada, facture, paiement):
    navigateur = connecter(ada, chez=boe)
    avant = list(paiement.echanges.values_list("code", "texte", "fois"))
    with ExitStack() as prises:
        for _ in range(disjoncteur.EN_VOL + disjoncteur.EN_ATTENTE):
            prises.enter_context(disjoncteur._tenir(disjoncteur._entrees, attente=0))
        for _ in range(3):
            assert navigateur.post(f"/paiement/retour/{paiement.jeton}/").status_code == 200
        with pytest.raises(QuestionEcartee):
            services.guichet(personne=True).lire(uuid4())
    paiement.refresh_from_db()
    assert (paiement.pannes, list(paiement.echanges.values_list("code", "texte", "fois"))) == (0, avant)
    assert not CoupurePayfip.objects.exists()


def test_un_depart_que_la_saturation_ecarte_dit_que_payfip_n_y_est_pour_rien(payfip, facture, ada):
    with ExitStack() as prises:
        for _ in range(disjoncteur.EN_VOL + disjoncteur.EN_ATTENTE):
            prises.enter_context(disjoncteur._tenir(disjoncteur._entrees, attente=0))
        with pytest.raises(QuestionEcartee):
            demarrer(facture, ada)
    ecarte = Paiement.objects.get()
    assert [(t.vers, t.cause) for t in ecarte.transitions.all()] == [("echoue", "jamais demandé")]
    assert not ecarte.echanges.exists()
    assert demarrer(facture, ada).etat == "envoye"


def test_paye_juste_apres_un_abandon_confirme(horloge, payfip, facture, paiement):
    horloge.shift(MINUTE)
    payfip.conclure(paiement.idop, "A")
    for _ in range(2):
        relever()
        horloge.shift(4 * MINUTE)
    paye_le = payer_juste_apres_un_releve(payfip, paiement)
    assert histoire(paiement) == ["envoye", "abandon-signale", "abandonne"]
    assert attente(horloge, paiement, paye_le) == PERIODE - SECONDE
    assert bilan(facture) == PAYEE_PAR_CARTE


@pytest.mark.parametrize(("apres", "promis"), [(121, PERIODE), (174, PERIODE), (181, 15 * MINUTE)])
def test_paye_apres_l_expiration(horloge, payfip, paiement, apres, promis):
    horloge.shift(120 * MINUTE)
    relever()
    horloge.shift((apres - 120) * MINUTE)
    paye_le = payer_juste_apres_un_releve(payfip, paiement)
    assert histoire(paiement) == ["envoye", "expire"]
    assert attente(horloge, paiement, paye_le) == promis - SECONDE


def alertes() -> int:
    """Ce que compte « PayFiP ne répond pas » sur l'accueil de la gestion."""
    return Paiement.objects.filter(FiltreSuivi.CONDITIONS["panne"][1]).count()


@pytest.mark.sqlite
def test_une_panne_que_le_releve_rencontre_est_une_alerte_jusqu_a_la_reponse(payfip, facture, ada):
    demarrer(facture, ada)
    payfip.temps = "panne"
    relever()
    assert alertes() == 1
    payfip.temps = "beau"
    relever()
    assert alertes() == 0


def test_une_panne_ne_se_note_pas_sur_ce_qu_une_notification_regle_entre_temps(payfip, facture, ada):
    paiement = demarrer(facture, ada)
    payfip.conclure(paiement.idop, "P")

    class Lent:
        def lire(self, idop):
            autre = Paiement.objects.get(idop=idop)
            services.constater(paiement=autre, guichet=services.guichet(personne=False), cause="notification")
            raise GuichetIndisponible("ReadTimeout")

    services.relever(guichet=Lent(), maintenant=timezone.now())
    paiement.refresh_from_db()
    assert (paiement.etat, paiement.pannes, paiement.relire_le) == ("paye", 0, None)


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("reste", "nombre"), [({"etat": "envoye"}, 1), *(({"etat": e}, 0) for e in ("paye", "refuse", "rejete"))]
)
def test_une_vieille_panne_d_une_tentative_terminee_n_est_plus_une_alerte(payfip, facture, ada, reste, nombre):
    demarrer(facture, ada)
    Paiement.objects.update(pannes=3, **reste)
    assert alertes() == nombre
    Paiement.objects.update(envoye_le=timezone.now() - timedelta(days=366))
    assert alertes() == 0
