"""Le logo : une image et rien d'autre, refaite par nous, sans laisser de fichier derrière."""

import struct
import zlib
from contextlib import suppress
from io import BytesIO

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from portail import logos, services
from portail.models import Collectivite, Journal, Role
from tests.gestion.conftest import adresse, agent_de
from tests.gestion.test_reglages import lire, lu


@pytest.fixture
def admin(boe, connecter):
    return connecter(agent_de(boe, Role.ADMINISTRATION), chez=boe)


@pytest.fixture(autouse=True)
def dossier(settings, tmp_path):
    """Les fichiers rangés, par nom."""
    stockage = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}}
    settings.STORAGES = settings.STORAGES | {"default": stockage}
    return lambda: sorted(str(f.relative_to(tmp_path)) for f in tmp_path.rglob("*") if f.is_file())


def image(genre: str = "PNG", taille: tuple[int, int] = (40, 20), mode: str = "RGB", **options) -> bytes:
    sortie = BytesIO()
    Image.new(mode, taille, "red" if mode != "L" else 80).save(sortie, genre, **options)
    return sortie.getvalue()


def reencoder(octets: bytes) -> bytes:
    return logos.reencoder(BytesIO(octets), len(octets))


def envoyer(client, boe, octets: bytes, nom: str = "logo.png", **champs):
    fichier = SimpleUploadedFile(nom, octets, content_type="image/png")
    return client.post(adresse(boe, "logo"), {"logo": fichier, **champs})


EXIF = Image.Exif()
EXIF[0x9286] = "CANARI"  # commentaire
EXIF[0x0112] = 6  # tournée d'un quart de tour


@pytest.mark.parametrize(
    ("octets", "taille"),
    [
        (image(), (40, 20)),
        (image("WEBP", exif=EXIF.tobytes()), (20, 40)),
        (image("JPEG", exif=EXIF.tobytes(), comment=b"CANARI", icc_profile=b"CANARI" * 30), (20, 40)),
        (image("JPEG", mode="CMYK"), (40, 20)),
        (image("PNG", mode="P"), (40, 20)),
        (image("PNG", taille=(3000, 1500)), (512, 256)),
    ],
)
def test_chaque_image_devient_un_png_sans_rien_d_autre_que_ses_points(octets, taille):
    png = reencoder(octets)
    refaite = Image.open(BytesIO(png))
    assert (refaite.format, refaite.size, refaite.info) == ("PNG", taille, {})
    assert b"CANARI" not in png


def test_la_transparence_est_gardee():
    assert Image.open(BytesIO(reencoder(image(mode="RGBA")))).mode == "RGBA"


def bombe(cote: int) -> bytes:
    """Un PNG qui annonce cote × cote points et n'en a aucun."""
    entete = struct.pack(">IIBBBBB", cote, cote, 8, 6, 0, 0, 0)
    morceaux = [(b"IHDR", entete), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    ecrits = [struct.pack(">I", len(m)) + nom + m + struct.pack(">I", zlib.crc32(nom + m)) for nom, m in morceaux]
    return b"\x89PNG\r\n\x1a\n" + b"".join(ecrits)


REFUS = {
    "un SVG": (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
    "un GIF": (image("GIF"), "PNG, JPEG ou WebP"),
    "rien": (b"", "PNG, JPEG ou WebP"),
    "une page": (b"<html>", "PNG, JPEG ou WebP"),
    "un PNG qui n'en est pas un": (b"\x89PNG\r\n\x1a\n<svg onload=alert(1)>", "abîmée"),
    "un RIFF qui n'est pas un WebP": (b"RIFF\x00\x00\x00\x00WAVEfmt ", "abîmée"),
    "un JPEG coupé": (image("JPEG", taille=(300, 300))[:400], "abîmée"),
    "trop de points": (image(taille=(3001, 1)), "trop grande"),
    "une bombe": (bombe(3000), "abîmée"),
    "une bombe énorme": (bombe(60_000), "abîmée"),
    "trop d'octets": (image() + b"\0" * logos.POIDS, "trop lourd"),
}


@pytest.mark.parametrize("nom", REFUS)
def test_tout_le_reste_est_refuse_par_une_phrase(admin, boe, dossier, nom):
    octets, phrase = REFUS[nom]
    assert phrase in lire(envoyer(admin, boe, octets))
    assert (dossier(), Collectivite.objects.get(pk=boe.pk).logo.name) == ([], "")


@given(st.sampled_from(logos.SIGNATURES), st.binary(max_size=400))
def test_aucun_fichier_ne_fait_autre_chose_qu_un_png_ou_un_refus(signature, suite):
    with suppress(ValidationError):
        assert reencoder(signature + suite).startswith(b"\x89PNG")


def test_il_se_pose_se_remplace_et_se_retire_sans_laisser_de_fichier(
    admin, boe, dossier, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        assert envoyer(admin, boe, image("JPEG"), nom="../../Marie DUPONT.svg").status_code == 303
    [premier] = dossier()
    page = lire(admin.get("/gestion/reglages/"))
    vu = f"/charte/{boe.lien}/logo?v={premier.removesuffix('.png').rpartition('-')[2]}"
    assert page.count(vu) == 2  # l'en-tête, et la rubrique
    reponse = admin.get(vu)
    assert (reponse["Content-Type"], reponse.getvalue()[:4]) == ("image/png", b"\x89PNG")
    with django_capture_on_commit_callbacks(execute=True):
        envoyer(admin, boe, image(taille=(10, 10)))
    [second] = dossier()
    assert second != premier
    with django_capture_on_commit_callbacks(execute=True):
        assert admin.post(adresse(boe, "retirer_le_logo")).status_code == 303
    assert (dossier(), admin.post(adresse(boe, "retirer_le_logo")).status_code) == ([], 409)
    faits = Journal.objects.filter(action__startswith="collectivite.logo").order_by("pk")
    assert [(f.avant["logo"], f.apres["logo"]) for f in faits] == [("", premier), (premier, second), (second, "")]
    assert "DUPONT" not in str([(f.avant, f.apres) for f in faits])


def test_une_transaction_perdue_garde_l_ancien_et_ne_laisse_pas_le_nouveau(boe, dossier):
    services.changer_de_logo(collectivite=boe, png=b"ancien")
    [ancien] = dossier()
    with transaction.atomic():
        services.retirer_le_logo(collectivite=boe)
        transaction.set_rollback(True)
    assert dossier() == [ancien]
    with pytest.raises(Collectivite.DoesNotExist):
        services.changer_de_logo(collectivite=Collectivite(pk=-1, lien="M000000000"), png=b"neuf")
    assert dossier() == [ancien]


def test_deux_logos_a_la_fois_le_second_voit_le_premier(admin, boe, dossier):
    vu = lu(admin, adresse(boe, "logo"))
    envoyer(admin, boe, image(), lu=vu)
    assert "Quelqu'un vient de changer la même chose" in lire(envoyer(admin, boe, image(taille=(9, 9)), lu=vu))
    assert len(dossier()) == 1
