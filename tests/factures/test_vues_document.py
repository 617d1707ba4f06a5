"""Le document d'une facture : servi à qui en a le droit, tel que déposé, et rien d'autre."""

import html
import re
import sys

import factories
import pytest
import time_machine
from django.core.files.base import ContentFile
from django.test import Client

from portail import documents
from portail.models import Journal

INSTANT = 1_800_000_000
PDF = b"%PDF-1.7\nle document du service\n%%EOF\n"


@pytest.fixture
def client(ada, boe, connecter):
    return connecter(ada, chez=boe)


@pytest.fixture(autouse=True)
def fichiers_jetables(settings, tmp_path):
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}}
    }


@pytest.fixture
def deposee(facture):
    """Une facture dont le service a déposé le document."""
    facture.pdf.save("facture.pdf", ContentFile(PDF))
    return facture


def adresse(facture) -> str:
    return f"{facture.get_absolute_url()}pdf/"


@pytest.mark.sqlite
def test_le_document_depose_est_rendu_octet_pour_octet_avec_ses_entetes(client, deposee):
    reponse = client.get(adresse(deposee))
    assert (reponse.status_code, reponse.getvalue()) == (200, PDF)
    attendus = {
        "Content-Type": "application/pdf",
        "Content-Disposition": 'attachment; filename="facture-2026-EAU-1317.pdf"',
        "Content-Length": str(len(PDF)),
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    assert {nom: reponse[nom] for nom in attendus} == attendus
    assert "sandbox" in reponse["Content-Security-Policy"].split("; ")
    assert dict(reponse.cookies) == {}


def test_sans_depot_le_document_est_compose_et_rien_n_est_garde(client, facture):
    premier, second = (client.get(adresse(facture)).getvalue() for _ in range(2))
    facture.refresh_from_db()
    assert premier.startswith(b"%PDF-")
    assert (premier == second, facture.pdf.name) == (True, "")


NOMS = [
    ("2026/1317", "facture-2026-1317.pdf"),
    ("Été 2026", "facture-Été-2026.pdf"),
    ('a"; filename="b.exe', "facture-a-filename-b-exe.pdf"),
    ("a\r\nSet-Cookie: b=1", "facture-a-Set-Cookie-b-1.pdf"),
    ("../../etc/passwd", "facture-etc-passwd.pdf"),
    ("...", "facture-sans-numero.pdf"),
    ("№ ２０２６", "facture-No-2026.pdf"),
]


@pytest.mark.parametrize(("numero", "nom"), NOMS)
def test_un_numero_etrange_donne_un_nom_de_fichier_sur(client, boe, ada, eau, numero, nom):
    facture = factories.facture(factories.redevable(boe, ada), eau, numero=numero)
    facture.pdf.save("x.pdf", ContentFile(PDF))
    reponse = client.get(adresse(facture))
    reponse.getvalue()
    if nom.isascii():
        assert reponse["Content-Disposition"] == f'attachment; filename="{nom}"'
    else:
        assert reponse["Content-Disposition"] == "attachment; filename*=utf-8''facture-%C3%89t%C3%A9-2026.pdf"
    assert "Set-Cookie" not in reponse


def test_une_lecture_sans_contenu_donne_les_memes_entetes(client, deposee):
    reponse = client.head(adresse(deposee))
    assert (reponse.status_code, reponse["Content-Type"], reponse.getvalue()) == (200, "application/pdf", b"")


@pytest.mark.parametrize(
    "entete", [{"Range": "bytes=0-3"}, {"If-None-Match": "*"}, {"If-Modified-Since": "Mon, 01 Jan 2035 00:00:00 GMT"}]
)
def test_une_lecture_partielle_ou_conditionnelle_rend_tout_et_verifie_le_droit(
    client, deposee, bob, boe, connecter, entete
):
    assert client.get(adresse(deposee), headers=entete).getvalue() == PDF
    assert connecter(bob, chez=boe).get(adresse(deposee), headers=entete).status_code == 404


@pytest.mark.sqlite
def test_apres_la_deconnexion_le_document_est_refuse(client, deposee):
    client.post("/deconnexion/")
    reponse = client.get(adresse(deposee))
    assert (reponse.status_code, reponse["Location"]) == (302, f"/connexion/?next={adresse(deposee)}")


@pytest.mark.parametrize("methode", ["post", "put", "delete"])
def test_le_document_ne_se_modifie_pas_par_son_adresse(client, deposee, methode):
    assert getattr(client, methode)(adresse(deposee)).status_code == 405


def test_le_fichier_prive_n_a_pas_d_adresse_a_lui(client, deposee):
    for chemin in (f"/{deposee.pdf.name}", f"/media/{deposee.pdf.name}", f"/static/{deposee.pdf.name}"):
        assert Client(HTTP_HOST="localhost").get(chemin).status_code == 404


def test_un_document_perdu_est_une_panne_et_non_un_faux_document(client, deposee):
    deposee.pdf.storage.delete(deposee.pdf.name)
    refusee_en_francais(client.get(adresse(deposee)))


def test_sans_moyen_de_composer_un_document_la_page_le_dit(client, facture, monkeypatch):
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    documents._moteur.cache_clear()
    try:
        refusee_en_francais(client.get(adresse(facture)))
    finally:
        documents._moteur.cache_clear()


def refusee_en_francais(reponse) -> None:
    contenu = html.unescape(reponse.content.decode())
    reference = re.search(r"<strong>([0-9a-f]{8})</strong>", contenu)
    assert (reponse.status_code, reponse["Content-Type"]) == (503, "text/html; charset=utf-8")
    assert "Ce document n'est pas disponible" in contenu
    assert reference is not None
    assert (reponse["Cache-Control"], "sandbox" in reponse["Content-Security-Policy"]) == ("no-store", False)


def test_trente_documents_par_minute_puis_une_page_d_attente_et_une_trace(deposee, ada, bob, boe, connecter):
    with time_machine.travel(INSTANT, tick=False) as horloge:
        client = connecter(ada, chez=boe)
        recus = [client.get(adresse(deposee)) for _ in range(32)]
        assert [(reponse.status_code, reponse.getvalue())[0] for reponse in recus] == [200] * 30 + [429] * 2
        refus = client.get(adresse(deposee))
        assert (refus["Retry-After"], "attendez une minute" in refus.content.decode()) == ("60", True)
        assert client.get(deposee.get_absolute_url()).status_code == 200  # lire n'est pas limité
        assert connecter(bob, chez=boe).get(adresse(deposee)).status_code == 404  # ni compté pour les autres
        horloge.shift(60)
        assert client.get(adresse(deposee)).getvalue() == PDF
    note = Journal.objects.get(action="limite.depassee")  # une seule entrée pour toute la série
    assert (note.acteur, note.collectivite, note.apres) == (ada.pk, boe.pk, {"limite": "documents"})
