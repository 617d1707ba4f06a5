"""Quel PDF pour quelle facture ; et ce qu'un libellé ou un en-tête laissent deviner."""

import io
import zipfile

import pytest

from factures.imports import FichierRefuse
from factures.imports.appariement import Appariement, defaut_du_motif
from factures.imports.correspondances import manquantes, proposer
from factures.imports.documents import Archive, DocumentRefuse
from factures.imports.sensibles import nature


def appariement(motif="{numero}.pdf", **fichiers):
    sortie = io.BytesIO()
    with zipfile.ZipFile(sortie, "w") as archive:
        for nom, contenu in fichiers.items():
            archive.writestr(nom.replace("__", "/").replace("_csv", ".csv").replace("_pdf", ".pdf"), contenu)
    return Appariement(Archive(sortie), motif=motif)


def ligne(numero="A", **champs):
    return {"fichier_pdf": "", "numero": numero, "reference": f"X{numero}", "code_redevable": "C1", **champs}


def test_le_nom_l_emporte_sur_l_index_et_l_index_sur_le_motif():
    documents = appariement(n_pdf="nommé", i_pdf="indexé", A_pdf="motif", index_csv="Numéro;Fichier\nA;i.pdf\n")
    assert documents.pour(ligne(fichier_pdf="n.pdf")) == ("n.pdf", "nommé".encode())
    assert documents.pour(ligne()) == ("i.pdf", "indexé".encode())
    assert appariement(A_pdf=b"motif").pour(ligne()) == ("A.pdf", b"motif")
    assert documents.pour(ligne("Z")) == ("", b"")
    assert documents.orphelins(["n.pdf", "i.pdf"]) == ["A.pdf"]  # l'index n'est pas un document


def test_l_index_se_lit_par_reference_avec_tout_separateur_et_encodage():
    documents = appariement(index_csv="référence,pdf\nXA,b.pdf\n".encode("cp1252"), b_pdf=b"b")
    assert documents.pour(ligne()) == ("b.pdf", b"b")


@pytest.mark.parametrize(
    ("numero", "nom"), [("2026/17", "2026-17"), ("2026 17", "2026_17"), ("É-1", "É-1"), ("a-1", "A-1")]
)
def test_un_numero_se_retrouve_sous_un_nom_de_fichier(numero, nom):
    documents = appariement("dossier/facture_{numero}.pdf", **{f"dossier__facture_{nom}_pdf": b"x"})
    assert documents.pour(ligne(numero))[1] == b"x"


def test_deux_documents_possibles_ou_un_index_fautif_se_disent():
    with pytest.raises(DocumentRefuse, match="plusieurs documents"):
        appariement(un__A_pdf=b"1", deux__A_pdf=b"2").pour(ligne())
    for index in ("a;b\n1;2\n", ""):
        with pytest.raises(FichierRefuse, match="doit avoir une colonne"):
            appariement(index_csv=index)
    with pytest.raises(FichierRefuse, match="plusieurs index"):
        appariement(index_csv="numero;pdf\n", sous__index_csv="numero;pdf\n")


@pytest.mark.parametrize("motif", ["{numero}.pdf", "f_{reference}.pdf", "{code_redevable}_{numero}.pdf", ""])
def test_un_motif_sur(motif):
    assert defaut_du_motif(motif) == ""


@pytest.mark.parametrize("motif", ["{code_redevable}.pdf", "x.pdf", "{nom}.pdf", "{numero", "{}", "{numero!r}", "{0}"])
def test_un_motif_qui_donnerait_le_document_d_un_autre_est_refuse(motif):
    assert defaut_du_motif(motif) != ""


@pytest.mark.parametrize(
    ("libelle", "attendue"),
    [
        ("Cantine SANS PORC, novembre", "religion"), ("Repas kascher", "religion"), ("P.A.I. et PAI", "sante"),
        ("Sans gluten", "sante"), ("Cantine QF 650", "social"), ("1 85 05 78 006 084 36", "identite"),
        ("Né le 12/03/2015", "identite"), ("Cotisation syndicale", "opinions"), ("Papier, eau, portail", ""),
        ("Location salle paroissiale", ""), ("Facture 2026-EAU-1317", ""), ("Halle aux grains", ""),
    ],
)  # fmt: skip
def test_ce_qu_un_libelle_revele(libelle, attendue):
    assert nature(libelle) == attendue


def test_les_titres_connus_se_proposent_une_fois_chacun():
    titres = ["n_client", "titulaire", "nom", "facture", "montant_ttc", "total", "rien"]
    assert proposer(titres) == ["code_redevable", "", "nom", "numero", "montant", "", ""]
    assert manquantes({"a": "nom", "b": "numero"}, {"source": "X", "objet": "Y"}) == [
        *("code_redevable", "reference", "montant", "date_emission")
    ]
