"""L'accusé de réception : un par paiement, au bon moment, avec les bons mots, et rien de trop."""

import email
import email.policy
import re
from datetime import UTC, datetime
from threading import Thread

import pytest
from django.core import mail
from django.db import connection

from paiement_tipi import services
from paiement_tipi.models import ContratTipi
from portail import courriels
from portail.models import Courriel
from tests.paiement_tipi.outils_machine import GuichetDocile
from tests.paiement_tipi.outils_tentatives import constater, demarrer

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]
PLUS_TARD = datetime(2027, 1, 1, tzinfo=UTC)


def payer(facture, usager, resultat, guichet=None):
    """La tentative, une fois constatée."""
    guichet = guichet or GuichetDocile()
    paiement = demarrer(facture, usager, guichet=guichet)
    guichet.conclure(paiement.idop, resultat)
    constater(paiement, PLUS_TARD, guichet)
    return paiement


def recu() -> email.message.EmailMessage:
    [message] = mail.outbox
    return email.message_from_bytes(message.message().as_bytes(), policy=email.policy.default)


@pytest.mark.parametrize(
    ("resultat", "sujet", "phrase", "absente"),
    [
        ("P", "Votre paiement est enregistré", "Votre paiement par carte a été enregistré le", "prélev"),
        (
            "V",
            "Votre demande de prélèvement est enregistrée",
            "La somme sera prélevée sur votre compte bancaire dans les prochains jours.",
            "carte",
        ),
    ],
)
def test_chaque_moyen_a_ses_mots(facture, ada, resultat, sujet, phrase, absente):
    paiement = payer(facture, ada, resultat)
    courriels.envoyer()
    message = recu()
    assert (message["To"], message["Subject"].strip()) == ("ada@exemple.fr", sujet)
    for genre in ("plain", "html"):
        texte = message.get_body((genre,)).get_content()
        assert phrase in texte
        assert absente not in texte
        assert f"http://localhost/factures/{facture.uuid}/" in texte
        assert "Eau et assainissement" in texte
        assert "2026-EAU-1317" in texte
        assert "05 61 00 19 30" in texte
    assert Courriel.objects.get().cle == f"paiement:{paiement.uuid}"


def test_l_html_est_une_page_simple_et_accessible(facture, ada):
    payer(facture, ada, "P")
    courriels.envoyer()
    html = recu().get_body(("html",)).get_content()
    assert html.startswith('<!DOCTYPE html>\n<html lang="fr">')
    assert re.findall(r"<(?:title|h1)>(.*?)</", html) == ["Votre paiement est enregistré"] * 2


def test_ni_montant_ni_piece_ni_image_ni_adresse_etrangere(facture, ada):
    payer(facture, ada, "P")
    courriels.envoyer()
    message = recu()
    for partie in message.walk():
        if not partie.is_multipart():
            texte = partie.get_content()
            assert re.findall(r"243|€|<img|background|style=", texte) == []
            assert set(re.findall(r"https?://[^/\"\s<]+", texte)) == {"http://localhost"}
    assert list(message.iter_attachments()) == []


def test_la_date_est_celle_de_payfip_dans_le_fuseau_de_la_commune(facture, ada):
    paiement = payer(facture, ada, "P")
    type(paiement).objects.update(date_payfip=datetime(2026, 12, 1, 9, 5, tzinfo=UTC))
    type(facture.collectivite).objects.update(fuseau="Indian/Reunion")
    courriels.envoyer()
    assert "le 1er décembre 2026 à 13:05." in recu().get_body(("plain",)).get_content()


@pytest.mark.parametrize("resultat", ["R", "Z", "A"])
def test_rien_n_est_accuse_quand_rien_n_est_paye(facture, ada, resultat):
    payer(facture, ada, resultat)
    assert not Courriel.objects.exists()


@pytest.mark.parametrize("saisie", ["T", "X"])
def test_un_essai_n_est_jamais_accuse(facture, ada, saisie):
    ContratTipi.objects.update(saisie=saisie)
    assert payer(facture, ada, "P").etat == "essai-reussi"
    assert not Courriel.objects.exists()


def test_le_meme_paiement_constate_cent_fois_n_a_qu_un_accuse(facture, ada):
    guichet = GuichetDocile()
    paiement = payer(facture, ada, "P", guichet)
    for _ in range(100):
        constater(paiement, PLUS_TARD, guichet)
    courriels.envoyer()
    assert (Courriel.objects.count(), len(mail.outbox)) == (1, 1)


def test_l_accuse_disparait_avec_la_transaction_qui_l_a_voulu(facture, ada, monkeypatch):
    def echouer(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("paiement_tipi.services.constat.prochaine_lecture", echouer)
    with pytest.raises(ZeroDivisionError):
        payer(facture, ada, "P")
    assert not Courriel.objects.exists()


def test_un_paiement_introuvable_rend_l_accuse_sans_objet(facture, ada, ailleurs):
    payer(facture, ada, "P")
    Courriel.objects.update(collectivite=ailleurs)
    courriels.envoyer()
    assert (Courriel.objects.get().etat, mail.outbox) == ("sans-objet", [])


@pytest.mark.postgresql
@pytest.mark.skipif(connection.vendor != "postgresql", reason="course sur PostgreSQL")
@pytest.mark.django_db(transaction=True)
def test_constate_par_vingt_fils_il_n_y_a_qu_un_accuse(facture, ada):
    guichet = GuichetDocile()
    paiement = demarrer(facture, ada, guichet=guichet)
    guichet.conclure(paiement.idop, "P")

    def constats():
        try:
            services.constater(paiement=paiement, guichet=guichet, cause="essai", maintenant=PLUS_TARD)
        finally:
            connection.close()

    fils = [Thread(target=constats) for _ in range(20)]
    for fil in fils:
        fil.start()
    for fil in fils:
        fil.join()
    assert Courriel.objects.count() == 1
