"""Le dossier de dépôt d'un service : pris une fois, jamais à moitié, jamais ailleurs, et un reçu à côté."""

import os
import time
import zipfile

import factories
import pytest

from factures.models import LotImport
from factures.services import lots
from factures.services.lots import depots_surveilles as depots
from tests.factures.outils_imports import ecrire_csv, rangee
from tests.factures.outils_lots import relu
from tests.factures.outils_pdf import pdf
from tests.portail.outils_taches import vider

pytestmark = pytest.mark.django_db


@pytest.fixture
def dossier(eau, settings, tmp_path):
    settings.DEPOTS = tmp_path / "depots"
    lots.relever_les_depots()
    return lots.dossier_de(eau)


def deposer(dossier, nom="eau.csv", contenu=None, *, age=120):
    chemin = dossier / nom
    chemin.write_bytes(ecrire_csv(rangee("A")) if contenu is None else contenu)
    quand = time.time() - age
    os.utime(chemin, (quand, quand))
    return chemin


def noms(dossier):
    return sorted(chemin.name for chemin in dossier.iterdir())


def pris(dossier):
    return noms(dossier.parents[1] / ".pris" / dossier.parent.name / dossier.name)


@pytest.mark.sqlite
def test_un_fichier_calme_devient_un_lot_et_laisse_son_recu(eau, dossier):
    deposer(dossier)
    assert (lots.relever_les_depots(), lots.relever_les_depots()) == (1, 0)
    lot = LotImport.objects.get()
    assert (lot.regie, lot.libelle, lot.etat, noms(dossier)) == (eau, "eau.csv", "depose", ["eau.csv.recu.txt"])
    assert pris(dossier) == []
    recu = (dossier / "eau.csv.recu.txt").read_text("utf-8").splitlines()
    assert recu[:2] == ["eau.csv", f"Pris : lot {lot.pk}, à vérifier dans la gestion."]
    assert recu[2].startswith("sha256 ")
    vider()
    assert relu(lot).etat == "a-verifier"


@pytest.mark.parametrize("nom", ["eau.csv.part", "eau.csv.filepart", ".eau.csv", "eau.tmp"])
def test_un_fichier_qui_s_ecrit_encore_n_est_pas_pris(dossier, nom):
    deposer(dossier, nom)
    deposer(dossier, "recent.csv", age=5)
    assert (lots.relever_les_depots(), noms(dossier)) == (0, sorted([nom, "recent.csv"]))


def test_l_archive_du_meme_nom_va_avec_et_se_fait_attendre(dossier):
    with zipfile.ZipFile(dossier / "eau.zip", "w") as archive:
        archive.writestr("A.pdf", pdf("A"))
    deposer(dossier)
    assert (lots.relever_les_depots(), pris(dossier)) == (0, [])  # l'archive vient d'être écrite
    os.utime(dossier / "eau.zip", (1, 1))
    assert lots.relever_les_depots() == 1
    vider()
    assert LotImport.objects.get().bilan["documents"] == 1
    assert noms(dossier) == ["eau.csv.recu.txt"]


def test_une_archive_seule_attend_son_fichier(dossier):
    deposer(dossier, "eau.zip", b"PK\x03\x04")
    assert (lots.relever_les_depots(), noms(dossier)) == (0, ["eau.zip"])


@pytest.mark.sqlite
def test_le_meme_contenu_redepose_ne_fait_pas_un_second_lot_et_le_recu_le_dit(dossier):
    for nom in ("eau.csv", "encore.csv"):
        deposer(dossier, nom)
        lots.relever_les_depots()
    lot = LotImport.objects.get()
    assert f"Ce fichier est déjà celui du lot {lot.pk}" in (dossier / "encore.csv.recu.txt").read_text("utf-8")


@pytest.mark.parametrize("etape", ["_en_faire_un_lot", "_laisser_un_recu"])
def test_arrete_en_chemin_on_recommence_sans_perdre_ni_doubler(dossier, monkeypatch, etape):
    vrai = getattr(depots, etape)

    def mourir_apres(*arguments):
        vrai(*arguments)
        raise KeyboardInterrupt

    deposer(dossier)
    with monkeypatch.context() as coupure:
        coupure.setattr(depots, etape, mourir_apres)
        with pytest.raises(KeyboardInterrupt):
            lots.relever_les_depots()
    assert pris(dossier) == ["eau.csv"]
    lots.relever_les_depots()
    assert (LotImport.objects.count(), pris(dossier), noms(dossier)) == (1, [], ["eau.csv.recu.txt"])


def test_une_archive_prise_sans_son_fichier_revient_l_attendre(dossier):
    deposer(dossier, "eau.zip", b"PK\x03\x04")
    (dossier / "eau.zip").rename(dossier.parents[1] / ".pris" / dossier.parent.name / dossier.name / "eau.zip")
    lots.relever_les_depots()
    assert (noms(dossier), pris(dossier)) == (["eau.zip"], [])


def test_un_lien_ne_mene_nulle_part(dossier, tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_bytes(ecrire_csv(rangee("S")))
    os.utime(secret, (1, 1))
    (dossier / "lien.csv").symlink_to(secret)
    os.utime(dossier / "lien.csv", (1, 1), follow_symlinks=False)
    os.link(secret, dossier / "dur.csv")
    assert (lots.relever_les_depots(), LotImport.objects.count()) == (0, 0)
    assert noms(dossier) == ["dur.csv.recu.txt", "dur.csv.refuse", "lien.csv.recu.txt", "lien.csv.refuse"]
    assert "Ce n'est pas un fichier ordinaire." in (dossier / "lien.csv.recu.txt").read_text("utf-8")
    assert secret.exists()


def test_le_dossier_d_une_autre_commune_ne_s_atteint_pas_par_un_lien(eau, ailleurs, dossier, settings):
    autre = lots.dossier_de(factories.regie(ailleurs, code="EAU"))
    lots.relever_les_depots()
    deposer(dossier)
    autre.rmdir()
    autre.symlink_to(dossier)
    lots.relever_les_depots()
    assert [lot.regie for lot in LotImport.objects.all()] == [eau]


@pytest.mark.parametrize("nom", [b"\xff\xe9.csv", "é" * 120 + ".csv", "a\nb.csv"])
def test_un_nom_impossible_n_arrete_rien(dossier, nom):
    deposer(dossier, os.fsdecode(nom) if isinstance(nom, bytes) else nom)
    deposer(dossier, "z.csv", ecrire_csv(rangee("Z")))
    assert (lots.relever_les_depots(), LotImport.objects.count()) == (2, 2)
    assert len([n for n in noms(dossier) if n.endswith(".recu.txt")]) == 2


def test_un_fichier_trop_gros_est_rendu_avec_sa_raison(dossier, monkeypatch):
    monkeypatch.setattr("factures.services.lots.depot.OCTETS_FICHIER", 10)
    deposer(dossier)
    assert (lots.relever_les_depots(), noms(dossier)) == (0, ["eau.csv.recu.txt", "eau.csv.refuse"])
    assert "Refusé. Ce fichier dépasse" in (dossier / "eau.csv.recu.txt").read_text("utf-8")
    lots.relever_les_depots()
    assert LotImport.objects.count() == 0


def test_un_dossier_illisible_n_arrete_pas_les_autres(boe, eau, dossier, monkeypatch):
    cantine = factories.regie(boe, code="CANTINE")
    lots.relever_les_depots()
    deposer(lots.dossier_de(cantine))
    vrai = depots._a_prendre
    monkeypatch.setattr(
        depots, "_a_prendre", lambda d: vrai(d) if d != dossier else (_ for _ in ()).throw(PermissionError())
    )
    assert (lots.relever_les_depots(), LotImport.objects.get().regie) == (1, cantine)
