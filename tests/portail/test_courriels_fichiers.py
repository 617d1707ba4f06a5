"""Les courriels de la démonstration : des fichiers entiers, lisibles par un logiciel de courriel, privés."""

import email
import email.policy
import re
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine
from django.core.mail import EmailMessage, get_connection

from portail.courriels import fichiers


@pytest.fixture
def dossier(settings, tmp_path: Path) -> Path:
    settings.EMAIL_BACKEND = "portail.courriels.fichiers.EnvoiEnFichiers"
    settings.EMAIL_FILE_PATH = str(tmp_path / "a" / "courriels")
    return tmp_path / "a" / "courriels"


def message(sujet: str = "Été") -> EmailMessage:
    return EmailMessage(sujet, "Bonjour\n", "a@b.fr", ["ada@exemple.fr"], headers={"Message-ID": "<un-deux@b.fr>"})


@time_machine.travel(datetime(2026, 11, 23, 9, 30, tzinfo=UTC), tick=False)
def test_le_nom_dit_l_heure_utc_et_l_identifiant(dossier):
    assert message().send() == 1
    assert [f.name for f in dossier.iterdir()] == ["20261123T093000000000Z-un-deux.eml"]


def test_le_fichier_est_un_message_rfc_5322_prive(dossier):
    message().send()
    [fichier] = dossier.iterdir()
    octets = fichier.read_bytes()
    assert re.findall(rb"(?<!\r)\n", octets) == []
    lu = email.message_from_bytes(octets, policy=email.policy.default)
    assert (lu["Subject"], lu["To"], lu.get_content()) == ("Été", "ada@exemple.fr", "Bonjour\r\n")
    assert (stat.S_IMODE(fichier.stat().st_mode), stat.S_IMODE(dossier.stat().st_mode)) == (0o600, 0o700)


def test_qui_regarde_le_dossier_ne_voit_que_des_fichiers_entiers(dossier, monkeypatch):
    vus = []

    def regarder(_descripteur):
        vus.extend(f.name for f in dossier.glob("*.eml"))

    monkeypatch.setattr(fichiers.os, "fsync", regarder)
    message().send()
    assert (vus, len(list(dossier.glob("*.eml"))), len(list(dossier.iterdir()))) == ([], 1, 1)


def test_deux_messages_font_deux_fichiers(dossier):
    assert get_connection().send_messages([message("un"), message("deux")]) == 2
    assert len(list(dossier.iterdir())) == 2


def test_un_dossier_impossible_est_un_serveur_muet(dossier, settings, tmp_path):
    (tmp_path / "a").write_text("un fichier")
    with pytest.raises(OSError, match="directory"):
        get_connection().open()
