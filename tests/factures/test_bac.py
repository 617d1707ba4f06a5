"""Le bac à sable : ce qui veut nuire n'emporte que son processus, et le lot dit pourquoi."""

import io
import json
import os
import signal
import subprocess
import tempfile
import zipfile
from pathlib import Path

import pytest

from factures.imports import FichierRefuse
from factures.imports.bac import Convention, Pieces, enfant, ouvrir_lecture, parent
from factures.imports.documents import DocumentRefuse
from factures.services import lots
from tests.factures.outils_classeurs import retouche, typee, xlsx
from tests.factures.outils_imports import ecrire_csv, rangee
from tests.factures.outils_lots import deposer, relu
from tests.factures.outils_pdf import pdf, pdf_qui_dit

pytestmark = pytest.mark.usefixtures("vrai_bac")


@pytest.fixture
def fichier():
    """``fichier(octets)`` : un vrai fichier, que le processus du bac peut lire."""
    ouverts = []

    def _fichier(octets):
        ouverts.append(tempfile.TemporaryFile())  # noqa: SIM115  # fermé plus bas
        ouverts[-1].write(octets)
        ouverts[-1].flush()
        return ouverts[-1]

    yield _fichier
    for ouvert in ouverts:
        ouvert.close()


def archive(**documents):
    sortie = io.BytesIO()
    with zipfile.ZipFile(sortie, "w", zipfile.ZIP_DEFLATED) as copie:
        for nom, contenu in documents.items():
            copie.writestr(f"{nom}.pdf", contenu)
    return sortie.getvalue()


def bombe():
    """Un classeur de quelques Mio, en règle, dont la table des textes en demande cent fois plus une fois lue."""
    textes = "".join(f"<si><t>{n:07d}</t></si>" for n in range(200_000))
    genre = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    annonce = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{genre}"/></Types>'.encode()
    classeur = retouche(xlsx(typee()), "[Content_Types].xml", lambda xml: xml.replace(b"</Types>", annonce))
    sortie = io.BytesIO(classeur)
    with zipfile.ZipFile(sortie, "a", zipfile.ZIP_DEFLATED) as copie:
        espace = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        copie.writestr("xl/sharedStrings.xml", f'<sst xmlns="{espace}">{textes}</sst>')
    return sortie.getvalue()


def lire_tout(depose, **reglages):
    bac, lecture = ouvrir_lecture(depose, **reglages)
    with bac:
        return lecture.entete, list(lecture.lignes(Convention())), lecture.part


def test_l_en_tete_puis_les_lignes_comprises_ou_non(fichier):
    entete, comprises, part = lire_tout(fichier(ecrire_csv(rangee("A"), rangee("B", montant="?"))))
    assert (entete.format, entete.titres[:2], len(entete.lignes), part) == ("csv", ["source", "code_redevable"], 2, 100)
    assert (comprises[0].ligne.numero, comprises[0].numero, str(comprises[0].ligne.montant)) == ("A", 2, "243.11")
    assert [(r.champ, r.motif) for r in comprises[1].rejets] == [("montant", "le montant « ? » n'est pas un nombre.")]
    assert comprises[1].cellules == rangee("B", montant="?")


def test_le_processus_n_a_ni_secret_ni_autre_fichier_que_le_sien(fichier, monkeypatch):
    monkeypatch.setenv("SECRET_DU_TEST", "jamais dans le bac")
    bac, _lecture = ouvrir_lecture(fichier(ecrire_csv(rangee())))
    with bac:
        proc = Path(f"/proc/{bac._processus.pid}")
        environnement = (proc / "environ").read_bytes().rstrip(b"\0").split(b"\0")
        assert environnement == [b"PATH=" + os.defpath.encode(), b"LC_ALL=C.UTF-8"]
        assert not any("socket" in str(lien.readlink()) for lien in (proc / "fd").iterdir())
        bornes = (proc / "limits").read_text()
        assert f"Max address space         {parent.MEMOIRE}" in bornes
        assert f"Max cpu time              {parent.CPU_SECONDES}" in bornes


@pytest.mark.django_db
def test_une_bombe_tue_son_processus_et_le_lot_dit_pourquoi(eau, monkeypatch):
    monkeypatch.setattr(parent, "MEMOIRE", 64 << 20)
    lot = lots.deposer(regie=eau, fichier=io.BytesIO(bombe()), libelle="eau.xlsx")
    lots.analyser(lot=lot)
    assert (relu(lot).etat, relu(lot).motif) == ("refuse", parent.MORTS["memoire"])
    bon = deposer(eau, rangee("A"))
    lots.analyser(lot=bon)
    assert relu(bon).etat == "a-verifier"


def test_ce_qui_ne_dit_plus_rien_est_arrete_au_bout_du_delai(fichier, monkeypatch):
    muet = fichier(ecrire_csv(rangee()))
    bac, lecture = ouvrir_lecture(muet)
    os.kill(bac._processus.pid, signal.SIGSTOP)
    bac._silence = 0.1
    with bac, pytest.raises(FichierRefuse, match="demande trop de temps"):
        list(lecture.lignes(Convention()))
    assert bac._processus.returncode == -signal.SIGKILL


@pytest.mark.parametrize(
    ("signe", "phrase"),
    [(signal.SIGKILL, "memoire"), (signal.SIGXCPU, "temps"), (signal.SIGSEGV, "brutale")],
)
def test_chaque_mort_a_sa_phrase(fichier, signe, phrase):
    bac, lecture = ouvrir_lecture(fichier(ecrire_csv(rangee())))
    os.kill(bac._processus.pid, signe)
    bac._processus.wait()
    with bac, pytest.raises(FichierRefuse) as refus:
        list(lecture.lignes(Convention()))
    assert str(refus.value) == parent.MORTS[phrase]


def test_une_erreur_du_bac_ne_met_rien_du_fichier_dans_les_traces(fichier, monkeypatch, capfd):
    def tomber(*_):
        raise KeyError("madame LŒUVRE")

    with tempfile.TemporaryFile() as sortie:
        assert enfant.conduire(tomber, io.BytesIO(), sortie, {}) == 1
    erreurs = capfd.readouterr().err
    assert erreurs.startswith("KeyError : tomber:")
    assert "UVRE" not in erreurs


def test_il_ne_survit_pas_a_qui_l_a_lance():
    code = (
        "import sys, time, tempfile; from factures.imports.bac import ouvrir_lecture\n"
        "f = tempfile.TemporaryFile(); f.write(b'a;b\\n1;2\\n'); f.flush()\n"
        "bac, _ = ouvrir_lecture(f); print(bac._processus.pid, flush=True); time.sleep(60)"
    )
    lanceur = subprocess.Popen(
        [parent.sys.executable, "-c", code], cwd=parent.RACINE, stdout=subprocess.PIPE, text=True
    )
    petit = int(lanceur.stdout.readline())
    lanceur.kill()
    lanceur.communicate()
    attendre_la_mort(petit)


def attendre_la_mort(pid):
    for _ in range(500):
        try:
            if Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z":
                return
        except FileNotFoundError:
            return
        parent.select.select([], [], [], 0.02)
    raise AssertionError("le processus du bac survit")


# Les documents.


def demande(numero="A", nom=""):
    return {"fichier_pdf": nom, "numero": numero, "reference": f"X{numero}", "code_redevable": "C1"}


def test_un_document_qui_tue_le_bac_ne_coute_que_sa_ligne(fichier):
    pieces = Pieces(fichier(archive(A=pdf_qui_dit("Facture A"), B=pdf("B"))), motif="{numero}.pdf")
    assert pieces.pour(demande("A")) == ("A.pdf", pdf_qui_dit("Facture A"), False)
    os.kill(pieces._bac._processus.pid, signal.SIGKILL)
    with pytest.raises(DocumentRefuse, match="trop de temps ou de mémoire"):
        pieces.pour(demande("B"))
    assert pieces.pour(demande("B"))[0] == "B.pdf"
    assert pieces.pour(demande("C")) == ("", b"", False)
    assert pieces.orphelins(["A.pdf"]) == {"nombre": 1, "noms": ["B.pdf"]}
    pieces.fermer()


def test_trop_de_documents_mortels_refusent_le_lot(fichier, monkeypatch):
    monkeypatch.setattr(parent, "PIECES_FATALES", 1)
    pieces = Pieces(fichier(archive(A=pdf("A"))), motif="{numero}.pdf")
    pieces.pour(demande("A"))
    os.kill(pieces._bac._processus.pid, signal.SIGKILL)
    with pytest.raises(FichierRefuse, match="Trop de documents"):
        pieces.pour(demande("A"))


def test_une_trame_demesuree_n_est_pas_lue(fichier, monkeypatch):
    monkeypatch.setattr(parent, "OCTETS_MAXIMUM", 10)
    with pytest.raises(FichierRefuse, match="plus de mémoire"):
        ouvrir_lecture(fichier(ecrire_csv(rangee())))


def test_les_reglages_passent_en_json_et_rien_d_autre(fichier):
    depose = fichier(ecrire_csv(rangee()))
    processus = parent.demarrer("lecture", {"fichier": depose.fileno(), "format": "", "lignes": 1}, [depose.fileno()])
    assert json.loads(processus.args[3])["memoire"] == parent.MEMOIRE
    processus.kill()
    processus.communicate()
