"""L'archive des documents : on y trouve ce que le fichier nomme, et rien n'en sort."""

import io
import stat
import zipfile

import pytest

from factures.imports import FichierRefuse, documents
from factures.imports.documents import Archive, DocumentRefuse, rassembler


def archive(**fichiers):
    return Archive(octets(fichiers))


def octets(fichiers, methode=zipfile.ZIP_DEFLATED):
    sortie = io.BytesIO()
    with zipfile.ZipFile(sortie, "w", methode) as z:
        for nom, contenu in fichiers.items():
            z.writestr(nom, contenu)
    return sortie


def refus(fichier):
    with pytest.raises(FichierRefuse) as refuse:
        Archive(fichier)
    return str(refuse.value)


def introuvable(archive, nom):
    with pytest.raises(DocumentRefuse) as refuse:
        archive.lire(nom)
    return str(refuse.value)


def test_un_document_se_trouve_par_son_chemin_ou_par_son_nom_s_il_est_seul():
    lue = Archive(octets({"nov/a.pdf": "A", "nov/É.pdf": "E", "dec/b.pdf": "B", "nov/b.pdf": "B2"}))
    assert lue.lire("nov/a.pdf") == lue.lire("a.pdf") == lue.lire("NOV\\A.PDF") == lue.lire("./nov/a.pdf") == b"A"
    assert lue.lire("E\u0301.pdf") == b"E"
    assert lue.lire("dec/b.pdf") == b"B"
    assert introuvable(lue, "b.pdf") == (
        "l'archive contient plusieurs documents « b.pdf » ; écrivez aussi leur dossier."
    )
    assert introuvable(lue, "c.pdf") == "le document « c.pdf » n'est pas dans l'archive."
    assert lue.orphelins(["a.pdf", "c.pdf", "nov/b.pdf"]) == ["dec/b.pdf", "nov/É.pdf"]


@pytest.mark.parametrize(
    ("nom", "defaut"),
    [
        ("../a.pdf", "dont le chemin sort de l'archive"),
        ("x/../../a.pdf", "dont le chemin sort de l'archive"),
        ("..\\a.pdf", "dont le chemin sort de l'archive"),
        ("/etc/passwd", "dont le chemin sort de l'archive"),
        ("C:\\a.pdf", "dont le chemin sort de l'archive"),
        ("x" * 256, "dont le nom est trop long"),
        ("a.zip", "qui est une autre archive"),
        ("a.TGZ", "qui est une autre archive"),
    ],
)
def test_une_entree_dangereuse_fait_refuser_l_archive(nom, defaut):
    assert refus(octets({"a.pdf": "A", nom: "B"})) == f"L'archive contient « {nom[:80]} », {defaut}."


def test_un_nom_d_au_plus_255_signes_est_garde():
    assert Archive(octets({"x" * 255: "A"})).lire("x" * 255) == b"A"


def test_un_lien_fait_refuser_l_archive():
    lien = zipfile.ZipInfo("a.pdf")
    lien.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert refus(octets({lien: "/etc/passwd"})) == "L'archive contient « a.pdf », qui est un lien."


@pytest.mark.parametrize("autre", ["A.PDF", "a.pdf", "./a.pdf"])
def test_deux_noms_qu_un_disque_confondrait_font_refuser_l_archive(autre):
    sortie = io.BytesIO()
    with zipfile.ZipFile(sortie, "w") as z:
        z.writestr("a.pdf", "A")
        with pytest.warns(UserWarning, match="Duplicate") if autre == "a.pdf" else contextlib_nul():
            z.writestr(autre, "B")
    assert refus(sortie) == "L'archive contient deux documents du même nom."


def contextlib_nul():
    return documents.contextlib.nullcontext()


def test_une_bombe_se_voit_au_repertoire():
    assert refus(octets({"a.pdf": b"\0" * (20 << 20)})) == "L'archive contient « a.pdf », qui se gonfle démesurément."


def test_une_bombe_qui_ment_sur_sa_taille_est_arretee_en_se_gonflant(monkeypatch):
    monkeypatch.setattr(documents, "OCTETS_PAR_DOCUMENT", 1 << 20)
    vrai = octets({"a.pdf": b"\0" * (3 << 20)}).getvalue()
    menteur = vrai.replace((3 << 20).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    assert menteur != vrai
    assert introuvable(Archive(io.BytesIO(menteur)), "a.pdf") in {
        "le document « a.pdf » dépasse 1 Mio.",
        "le document « a.pdf » est abîmé dans l'archive.",
    }


@pytest.mark.parametrize(("taille", "garde"), [(1 << 20, True), ((1 << 20) + 1, False)])
def test_la_taille_d_un_document_est_bornee(monkeypatch, taille, garde):
    monkeypatch.setattr(documents, "OCTETS_PAR_DOCUMENT", 1 << 20)
    lue = Archive(octets({"a.pdf": b"x" * taille}, zipfile.ZIP_STORED))
    if garde:
        assert len(lue.lire("a.pdf")) == taille
    else:
        assert introuvable(lue, "a.pdf") == "le document « a.pdf » dépasse 1 Mio."


def test_le_nombre_et_le_total_sont_bornes(monkeypatch):
    monkeypatch.setattr(documents, "ENTREES_MAXIMUM", 2)
    assert Archive(octets({"a": "", "b": ""}))
    assert refus(octets({"a": "", "b": "", "c": ""})) == "L'archive contient plus de 2 documents."
    monkeypatch.setattr(documents, "OCTETS_EN_TOUT", 1 << 20)
    assert refus(octets({"a": b"x" * (1 << 20), "b": "x"}, zipfile.ZIP_STORED)) == (
        "L'archive dépasse 1 Mio une fois ouverte."
    )


@pytest.mark.parametrize("contenu", [b"", b"PK\x03\x04", b"pas un zip" * 100])
def test_ce_qui_n_est_pas_un_zip(contenu):
    assert refus(io.BytesIO(contenu)) == "L'archive des documents n'est pas un ZIP lisible."


def test_un_document_abime_se_dit_a_sa_ligne():
    contenu = bytearray(octets({"a.pdf": "bonjour" * 100}).getvalue())
    contenu[45] ^= 0xFF
    assert introuvable(Archive(io.BytesIO(bytes(contenu))), "a.pdf") == (
        "le document « a.pdf » est abîmé dans l'archive."
    )


def test_un_document_protege_fait_refuser_l_archive():
    contenu = octets({"a.pdf": "A"}).getvalue()
    for signature, decalage in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        ou = contenu.index(signature) + decalage
        contenu = contenu[:ou] + b"\x01" + contenu[ou + 1 :]
    assert refus(io.BytesIO(contenu)) == "L'archive contient « a.pdf », qui est protégé par un mot de passe."


def test_rassembler_ne_prend_que_ce_qui_est_dans_le_dossier(tmp_path):
    dossier = tmp_path / "depot"
    (dossier / "pdf").mkdir(parents=True)
    (dossier / "pdf" / "a.pdf").write_bytes(b"A")
    (tmp_path / "secret.pdf").write_bytes(b"S")
    (dossier / "lien.pdf").symlink_to(tmp_path / "secret.pdf")
    noms = ["pdf/a.pdf", "pdf\\a.pdf", "../secret.pdf", "lien.pdf", f"{tmp_path}/secret.pdf", "pdf", "x\0", "n" * 300]
    copies = []
    for _ in range(2):
        sortie = io.BytesIO()
        rassembler(dossier, noms, sortie)
        copies.append(sortie.getvalue())
    assert zipfile.ZipFile(sortie).namelist() == ["pdf/a.pdf", "pdf\\a.pdf"]
    assert copies[0] == copies[1]
