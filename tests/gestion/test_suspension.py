"""L'interrupteur du paiement en ligne : tout de suite ou à l'heure dite, par qui, jusqu'à quand, et un seul gagnant."""

import re
from datetime import UTC, datetime, timedelta

import factories
import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import escape
from hypothesis import given
from hypothesis import strategies as st

from factures.models import Facture
from portail import services
from portail.etats import EtatSuspension
from portail.models import Collectivite, Journal, Regie, en_suspension
from tests.gestion.conftest import adresse

HEURE = timedelta(hours=1)
MESSAGE = "Nous corrigeons le tarif <des repas>."


@pytest.fixture
def regie(monde):
    return monde.ici["portail.regie"]


@pytest.fixture
def client(monde):
    return monde.chez["agente"]


def local(quand: datetime) -> str:
    """Ce qu'envoie un navigateur, à l'heure de la commune."""
    return timezone.localtime(quand).strftime("%Y-%m-%dT%H:%M")


def lire(client, chemin: str) -> str:
    """La page, sans ses blancs."""
    return " ".join(client.get(chemin).content.decode().split())


def actes_proposes(page: str) -> list[str]:
    return re.findall(r'href="/gestion/portail/regie/\d+/(suspendre|reprendre|changer)/"', page)


@pytest.mark.sqlite
def test_elle_suspend_maintenant_avec_un_message_puis_reprend(monde, client, agente, regie):
    assert actes_proposes(lire(client, "/gestion/")) == actes_proposes(lire(client, adresse(regie))) == ["suspendre"]
    reponse = client.post(adresse(regie, "suspendre"), {"message": MESSAGE}, follow=True)
    assert "Le paiement en ligne de ce service est suspendu." in reponse.content.decode()
    qui = escape("Suspendu par Agente MAIRIE, sans date de reprise")
    assert qui in lire(client, "/gestion/")
    assert actes_proposes(lire(client, "/gestion/")) == ["reprendre"]
    fiche = lire(client, adresse(regie))
    assert (qui in fiche, escape(MESSAGE) in fiche, actes_proposes(fiche)) == (True, True, ["reprendre", "changer"])
    encore = client.post(adresse(regie, "suspendre"))
    assert (encore.status_code, qui in encore.content.decode()) == (409, True)
    fini = client.post(adresse(regie, "reprendre"), follow=True).content.decode()
    assert "Le paiement en ligne de ce service a repris." in fini
    assert client.post(adresse(regie, "reprendre")).status_code == 409
    faits = Journal.objects.filter(objet="portail.regie", acteur=agente.pk).order_by("pk")
    assert [(f.action, f.collectivite) for f in faits] == [
        ("regie.suspendue", monde.boe.pk), ("regie.reprise", monde.boe.pk),
    ]  # fmt: skip
    assert MESSAGE not in str([(f.avant, f.apres) for f in faits])


@pytest.mark.sqlite
def test_une_suspension_se_programme_se_change_et_s_annule(client, regie):
    debut, fin = timezone.now() + HEURE, timezone.now() + 3 * HEURE
    reponse = client.post(adresse(regie, "suspendre"), {"debut": local(debut), "fin": local(fin)}, follow=True)
    assert "La suspension est programmée." in reponse.content.decode()
    regie.refresh_from_db()
    assert regie.suspension == EtatSuspension.PROGRAMMEE
    assert "Suspension programmée par Agente MAIRIE, du" in lire(client, "/gestion/")
    page = lire(client, adresse(regie, "changer"))
    assert f'value="{local(debut)}"' in page
    assert client.post(adresse(regie, "changer"), {"message": MESSAGE}).status_code == 303  # sans début : tout de suite
    regie.refresh_from_db()
    assert (regie.suspension, regie.suspension_fin, regie.suspension_message) == ("en-cours", None, MESSAGE)
    commencee = regie.suspension_debut
    assert 'name="debut"' not in lire(client, adresse(regie, "changer"))
    client.post(adresse(regie, "changer"), {"debut": local(debut), "fin": local(fin)})
    regie.refresh_from_db()
    assert (regie.suspension_debut, regie.suspension_fin) == (commencee, fin.replace(second=0, microsecond=0))
    client.post(adresse(regie, "reprendre"))
    client.post(adresse(regie, "suspendre"), {"debut": local(debut)})
    reprise = client.post(adresse(regie, "reprendre"), follow=True).content.decode()
    assert escape("La suspension programmée n'aura pas lieu.") in reprise


@pytest.mark.sqlite
def test_une_date_impossible_se_dit_a_sa_place_et_rien_n_est_perdu(client, regie):
    demain, apres = local(timezone.now() + 24 * HEURE), local(timezone.now() + 48 * HEURE)
    cas = {
        "Ce moment est déjà passé.": {"fin": local(timezone.now() - HEURE)},
        "La fin est avant le début.": {"debut": apres, "fin": demain},
        "Saisissez une date et une heure valides.": {"fin": "demain"},
        "Assurez-vous que cette valeur comporte au plus 300": {"message": "x" * 301},
        # L'heure qui n'existe pas : au printemps, on passe de 2 h à 3 h.
        "elle n’existe pas": {"fin": "2031-03-30T02:30"},
    }
    for phrase, envoi in cas.items():
        page = client.post(adresse(regie, "suspendre"), {"message": "Gardé", **envoi}).content.decode()
        assert phrase in page.replace("&#x27;", "'"), phrase
        assert "message" in envoi or "Gardé" in page
    assert not Journal.objects.filter(action="regie.suspendue").exists()


def test_l_heure_est_celle_de_la_commune(monde, client, regie):
    Collectivite.objects.filter(pk=monde.boe.pk).update(fuseau="America/Guadeloupe")
    client.post(adresse(regie, "suspendre"), {"fin": "2031-06-01T18:00"})
    regie.refresh_from_db()
    assert regie.suspension_fin == datetime(2031, 6, 1, 22, tzinfo=UTC)
    assert "1er juin 2031 à 18:00" in lire(client, adresse(regie))


@pytest.mark.sqlite
def test_la_base_suspend_et_reprend_a_l_heure_dite(monde):
    maintenant = timezone.now()
    cas = [
        ({"debut": maintenant - HEURE}, True),
        ({"debut": maintenant.replace(microsecond=0)}, True),
        ({"debut": maintenant + HEURE}, False),
        ({"debut": maintenant - HEURE, "fin": maintenant + HEURE}, True),
        ({"debut": maintenant - 2 * HEURE, "fin": maintenant - HEURE}, False),
        ({"debut": maintenant + HEURE, "fin": maintenant + 2 * HEURE}, False),
        ({"debut": None}, False),
    ]
    regies = [factories.suspendre(factories.regie(monde.boe), **champs) for champs, _ in cas]
    en_base = set(Regie.objects.filter(en_suspension()).values_list("pk", flat=True))
    assert [r.pk in en_base for r in regies] == [attendu for _, attendu in cas]
    assert [r.suspension == EtatSuspension.EN_COURS for r in regies] == [attendu for _, attendu in cas]
    lues = Facture.objects.avec_etat(monde.boe.aujourd_hui())
    factures = [factories.facture(monde.ici["comptes.redevable"], r) for r in regies]
    assert [lues.get(pk=f.pk).etat == "suspendue" for f in factures] == [attendu for _, attendu in cas]


BORNES = st.one_of(st.none(), st.integers(-3, 3))


@given(debut=BORNES, fin=BORNES, instant=st.integers(-4, 4))
def test_a_chaque_instant_une_suspension_est_finie_en_cours_ou_a_venir(debut, fin, instant):
    def quand(n: int | None) -> datetime | None:
        return None if n is None else datetime(2026, 1, 1, tzinfo=UTC) + n * HEURE

    regie = Regie(suspension_debut=quand(debut), suspension_fin=quand(fin))
    etat = regie.suspension_a(quand(instant))
    finie = debut is None or (fin is not None and fin <= instant)
    assert (etat == EtatSuspension.AUCUNE) == finie
    assert (etat == EtatSuspension.EN_COURS) == (not finie and debut <= instant)


@pytest.mark.sqlite
def test_la_base_refuse_une_fin_sans_debut_ou_avant_lui(monde, regie):
    for debut, fin in ((None, timezone.now()), (timezone.now(), timezone.now() - HEURE)):
        regie.suspension_debut, regie.suspension_fin = debut, fin
        with pytest.raises(ValidationError, match="suspension_finit_apres_son_debut"):
            regie.validate_constraints()


def test_un_compte_disparu_le_dit_et_une_suspension_sans_auteur_aussi(monde, client, regie):
    factories.suspendre(regie, auteur=10**12)
    assert escape("Suspendu par un compte fermé, sans date de reprise") in lire(client, adresse(regie))
    factories.suspendre(regie, auteur=None)
    assert escape("Suspendu, sans date de reprise") in lire(client, adresse(regie))


def test_ni_lectrice_ni_exploitant_n_ont_l_interrupteur_mais_ils_voient_l_etat(monde, regie, agente):
    services.suspendre_le_paiement(regie=regie, auteur=agente)
    for nom in ("lectrice", "exploitant"):
        page = lire(monde.chez[nom], "/gestion/")
        assert ("Suspendu par Agente MAIRIE" in page, actes_proposes(page)) == (True, [])


def test_l_interrupteur_lit_les_services_puis_le_nom_de_leurs_auteurs_quel_qu_en_soit_le_nombre(monde, client, agente):
    def compter() -> int:
        lire(client, "/gestion/")
        with CaptureQueriesContext(connection) as requetes:
            lire(client, "/gestion/")
        return len(requetes)

    en_marche = compter()
    for nombre in (1, 30):
        for _ in range(nombre):
            services.suspendre_le_paiement(regie=factories.regie(monde.boe), auteur=agente)
        assert compter() == en_marche + 1
