"""XLSX et ODS : les mêmes lignes que le CSV, et ce qu'un tableur abîme est refusé."""

import io
import re
import zipfile
from datetime import date, datetime
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factures.imports import FichierRefuse, Ligne, classeurs, interpreter
from factures.imports.formats import apercevoir, lire, reconnaitre
from tests.factures.outils_classeurs import ods, retouche, typee, xlsx
from tests.factures.outils_imports import ecrire_csv, rangee

FEUILLE = "xl/worksheets/sheet1.xml"
ECRIRE = {"xlsx": xlsx, "ods": ods}


def lues(octets, nom):
    return [interpreter(r) for r in lire(io.BytesIO(octets), nom)]


def phrases(octets, nom):
    return [rejet.phrase for lue in lues(octets, nom) if not isinstance(lue, Ligne) for rejet in lue]


def refus(octets, nom="xlsx"):
    with pytest.raises(FichierRefuse) as refuse:
        lues(octets, nom)
    return str(refuse.value)


@pytest.mark.parametrize("nom", ECRIRE)
def test_un_classeur_dit_la_meme_chose_que_le_csv(nom):
    attendues = lues(ecrire_csv(rangee("A"), rangee("B", montant="-12,50")), "csv")
    assert lues(ECRIRE[nom](typee(numero="A"), typee(numero="B", montant=-12.5)), nom) == attendues
    assert lues(ECRIRE[nom](rangee("A"), rangee("B", montant="-12,50")), nom) == attendues


def test_le_format_se_reconnait_au_contenu():
    vide = io.BytesIO()
    zipfile.ZipFile(vide, "w").close()
    octets = [xlsx(typee()), ods(typee()), ecrire_csv(rangee()), vide.getvalue(), b"PK\x03\x04", b""]
    assert [reconnaitre(io.BytesIO(o)) for o in octets] == ["xlsx", "ods", "csv", "zip", "zip", "csv"]


@pytest.mark.parametrize("nom", ECRIRE)
@pytest.mark.parametrize(
    ("champs", "phrase"),
    [
        ({"montant": 12.345}, "le montant « 12.345 » se lit de deux façons"),
        ({"montant": 0.1 + 0.2}, None),
        ({"numero": 1.2e15}, "le tableur a perdu des chiffres de la colonne « numero » ; mettez-la en texte."),
        ({"numero": 20261317}, None),
        (
            {"reference": date(2026, 2, 1)},
            "le tableur a fait une date de la colonne « reference » ; mettez-la en texte.",
        ),
        ({"date_emission": 46054}, "la date « 46054 » ne se comprend pas ; écrivez JJ/MM/AAAA."),
        ({"date_emission": datetime(2026, 11, 2, 8, 30)}, None),
        ({"date_emission": "01/02/26"}, "la date « 01/02/26 » ne se comprend pas"),
        ({"nom": ""}, "la colonne « nom » est vide."),
    ],
)
def test_ce_qu_un_tableur_abime_se_dit_a_sa_ligne(nom, champs, phrase):
    dites = phrases(ECRIRE[nom](typee(**champs)), nom)
    assert [re.sub(r"^Ligne 2 : ", "", dite)[: len(phrase or "")] for dite in dites] == ([phrase] if phrase else [])


@pytest.mark.parametrize("nom", ECRIRE)
def test_un_nombre_n_est_jamais_arrondi_de_travers(nom):
    ecrits = [243.11, 0.01, 1234567.89, 19.99, 100, Decimal("4.10")]
    lignes = lues(ECRIRE[nom](*(typee(numero=f"N{n}", montant=m) for n, m in enumerate(ecrits))), nom)
    assert [str(ligne.montant) for ligne in lignes] == ["243.11", "0.01", "1234567.89", "19.99", "100.00", "4.10"]


@pytest.mark.parametrize("nom", ECRIRE)
def test_un_code_postal_en_nombre_retrouve_son_zero(nom):
    [ligne] = lues(ECRIRE[nom](typee(code_postal=1000)), nom)
    assert ligne.code_postal == "01000"


def test_une_formule_est_refusee_plutot_que_sa_vieille_valeur():
    dites = phrases(xlsx(typee(montant="=120+3")), "xlsx")
    assert dites == ["Ligne 2 : la colonne « montant » contient une formule ; collez-y les valeurs."]
    sans, avec = b'office:value="243.11"', b'table:formula="of:=1" office:value="243.11"'
    calculee = retouche(ods(typee()), "content.xml", lambda x: x.replace(sans, avec))
    assert phrases(calculee, "ods") == dites


def test_une_dimension_menteuse_ne_cache_aucune_ligne():
    entier = xlsx(*(typee(numero=f"N{n}") for n in range(500)))
    menteur = retouche(entier, FEUILLE, lambda x: re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1"', x))
    assert menteur != entier
    assert len(lues(menteur, "xlsx")) == 500


def test_le_calendrier_de_1904_est_suivi():
    def anciennes(classeur):
        classeur.epoch = datetime(1904, 1, 1)

    [ligne] = lues(xlsx(typee(), changer=anciennes), "xlsx")
    assert ligne.date_emission == date(2026, 11, 2)


def test_la_premiere_feuille_visible_est_lue():
    def cacher(classeur):
        classeur.create_sheet("Brouillon", 0).sheet_state = "hidden"

    assert len(lues(xlsx(typee(), changer=cacher), "xlsx")) == 1


def avec_des_caches(nom):
    """Deux rangées cachées (l'une filtrée), une troisième vide ; deux feuilles cachées, et une autre que l'on voit."""
    if nom == "xlsx":

        def cacher(classeur):
            for rang in (3, 4, 9):
                classeur.active.row_dimensions[rang].hidden = True
            classeur.create_sheet("Annexe")
            for etat in ("hidden", "veryHidden"):
                classeur.create_sheet(etat, 0).sheet_state = etat

        return xlsx(*(typee(numero=n) for n in "ABC"), changer=cacher)
    rangees = ods(*(typee(numero=n) for n in "ABC"))
    with zipfile.ZipFile(io.BytesIO(rangees)) as archive:
        lignes = re.findall("<table:table-row>.*?</table:table-row>", archive.read("content.xml").decode())
    for rang, comment in ((2, "collapse"), (3, "filter")):
        lignes[rang] = lignes[rang].replace("table-row>", f'table-row table:visibility="{comment}">', 1)
    lignes.append('<table:table-row table:visibility="collapse"><table:table-cell/></table:table-row>')
    cachee = '<table:table table:style-name="ta2">'
    contenu = "".join(lignes) + f"</table:table><table:table>{lignes[1]}</table:table>{cachee}{lignes[1]}"
    style = '<style:style style:name="ta2" style:family="table"><style:table-properties table:display="false"/>'
    classeur = ods(lignes=contenu, avant=f"<office:automatic-styles>{style}</style:style></office:automatic-styles>")
    premiere = f"<office:spreadsheet>{cachee}{lignes[1]}</table:table>".encode()
    return retouche(classeur, "content.xml", lambda xml: xml.replace(b"<office:spreadsheet>", premiere))


@pytest.mark.parametrize("nom", ECRIRE)
def test_ce_qu_un_classeur_cache_est_compte_et_seule_la_premiere_feuille_visible_est_lue(nom):
    apercu = apercevoir(io.BytesIO(avec_des_caches(nom)), nom, 1)
    correspondance = dict(zip(apercu.titres, apercu.titres, strict=True))
    assert [rangee.cellules["numero"] for rangee in apercu.rangees(correspondance, {})] == ["A", "B", "C"]
    assert apercu.non_dits == classeurs.NonDits(rangees_cachees=2, feuilles_cachees=2, autres_feuilles=1)


def test_une_feuille_aux_lignes_tres_lointaines_est_refusee():
    def a_la_ligne(numero):
        return retouche(xlsx(typee()), FEUILLE, lambda x: x.replace(b'r="2"', f'r="{numero}"'.encode()))

    assert [lue.numero_de_ligne for lue in lues(a_la_ligne(10_002), "xlsx")] == [10_002]
    assert refus(a_la_ligne(10_003)) == refus(a_la_ligne(99_999_999)) == classeurs.ILLISIBLE


def test_les_repetitions_d_ods_sont_bornees():
    debut = ods(typee())
    with zipfile.ZipFile(io.BytesIO(debut)) as archive:
        [entete, ligne] = re.findall(r"<table:table-row>.*?</table:table-row>", archive.read("content.xml").decode())

    def repetee(fois, avant=""):
        return ods(lignes=entete + avant + ligne.replace("row>", f'row table:number-rows-repeated="{fois}">', 1))

    cellule = '<table:table-cell table:number-columns-repeated="16384"/>'
    vide = f'<table:table-row table:number-rows-repeated="1000">{cellule}</table:table-row>'
    assert [lue.numero_de_ligne for lue in lues(repetee(2, avant=vide), "ods")] == [1002, 1003]
    assert len(lues(repetee(100), "ods")) == 100
    assert refus(repetee(101), "ods") == refus(repetee(10**12), "ods") == classeurs.ILLISIBLE


BOMBES = {
    "milliard de rires": '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>',
    "entité externe": '<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
    "DTD distante": '<!DOCTYPE l SYSTEM "http://exemple.fr/x.dtd" [<!ENTITY a "b">]>',
}


@pytest.mark.parametrize("prologue", BOMBES.values(), ids=BOMBES)
def test_une_bombe_xml_est_refusee(prologue):
    assert refus(ods(typee(), prologue=prologue), "ods") == classeurs.ILLISIBLE
    piege = retouche(xlsx(typee()), FEUILLE, lambda x: prologue.encode() + x)
    assert refus(piege) == classeurs.ILLISIBLE


def test_openpyxl_lit_bien_par_defusedxml():
    assert openpyxl.DEFUSEDXML is True


def test_une_bombe_zip_est_refusee_avant_d_etre_ouverte(monkeypatch):
    lourd = retouche(xlsx(typee()), FEUILLE, lambda x: x + b" " * (40 << 20))
    assert "qui se gonfle démesurément" in refus(lourd)
    monkeypatch.setattr(classeurs, "OCTETS_OUVERT", 1000)
    assert refus(xlsx(typee())) == "L'archive dépasse 0 Mio une fois ouverte."
    monkeypatch.setattr(classeurs, "ENTREES_MAXIMUM", 3)
    assert refus(xlsx(typee())) == classeurs.ILLISIBLE


@pytest.mark.parametrize("nom", ECRIRE)
@pytest.mark.parametrize("octets", [b"", b"PK\x03\x04", b"bonjour"])
def test_ce_qui_n_est_pas_un_classeur(nom, octets):
    assert refus(octets, nom) == classeurs.ILLISIBLE


@pytest.mark.parametrize("nom", ECRIRE)
def test_un_autre_tableau_est_refuse(nom):
    autre = ECRIRE[nom](entete=["a", "b"])
    assert refus(autre, nom).startswith("Il manque des colonnes : source,")
    assert refus(ECRIRE[nom](entete=["x"] * 201), nom).startswith("Ce fichier a plus de 200 colonnes")


SAINS = {"xlsx": xlsx(typee()), "ods": ods(typee())}


@given(st.sampled_from(["xlsx", "ods"]), st.data())
def test_aucune_corruption_ne_fait_tomber_un_lecteur(nom, data):
    sain = SAINS[nom]
    ou = data.draw(st.integers(min_value=0, max_value=len(sain) - 1))
    octets = data.draw(st.binary(min_size=1, max_size=4))
    try:
        lues(sain[:ou] + octets + sain[ou + len(octets) :], nom)
    except FichierRefuse as refuse:
        assert str(refuse).startswith(("Ce ", "Il ", "L'archive ", "Une "))  # noqa: PT017  # l'un ou l'autre sort


@given(st.sampled_from(["xlsx", "ods"]), st.binary(max_size=200))
def test_aucun_contenu_interne_ne_fait_tomber_un_lecteur(nom, octets):
    membre = {"xlsx": FEUILLE, "ods": "content.xml"}[nom]
    refus(retouche(SAINS[nom], membre, lambda _: octets), nom)
