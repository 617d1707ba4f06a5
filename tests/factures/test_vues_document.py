"""Le document d'une facture : servi à qui en a le droit, tel que déposé, et rien d'autre."""

import factories
import pytest
from django.core.files.base import ContentFile
from django.test import Client

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
    client.raise_request_exception = False
    assert client.get(adresse(deposee)).status_code == 500
