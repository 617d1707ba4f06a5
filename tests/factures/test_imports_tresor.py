"""PES, ORMC et ROLMRE : construits champ par champ d'après payfip.md, aucun vrai fichier complet n'étant public."""

import io
import zipfile
from dataclasses import asdict

import factories
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factures.imports import FichierRefuse, Ligne, interpreter, lecteur_pes
from factures.imports.formats import lire, obligatoires, reconnaitre
from factures.models import Facture
from factures.services import lots
from tests.factures.outils_lots import phrases as phrases_du_lot
from tests.factures.outils_lots import relu
from tests.factures.outils_pdf import pdf
from tests.factures.outils_tresor import article, fichier_rolmre, ligne, pes, piece, pj, pj_ref, rolmre, tiers


def lues(octets, nom):
    return [interpreter(r, obligatoires=obligatoires(nom)) for r in lire(io.BytesIO(octets), nom)]


def phrases(octets, nom):
    return [rejet.phrase for lue in lues(octets, nom) if not isinstance(lue, Ligne) for rejet in lue]


def refus(octets, nom):
    with pytest.raises(FichierRefuse) as refuse:
        lues(octets, nom)
    return str(refuse.value)


def dit(lue, *champs):
    return tuple(str(getattr(lue, champ)) for champ in champs)


def test_les_formats_se_reconnaissent_au_contenu():
    octets = [
        pes(piece()),
        b"\xef\xbb\xbf  <a/>",
        fichier_rolmre(rolmre()),
        fichier_rolmre(rolmre()).replace(b"1", b"x"),
    ]
    assert [reconnaitre(io.BytesIO(o)) for o in octets] == ["pes", "pes", "rolmre", "csv"]


# PES.


def test_un_titre_se_lit_en_entier():
    [lue] = lues(pes(piece(ligne(tva="12.50", prelevement="2026-12-05"))), "pes")
    assert dit(lue, "source", "code_redevable", "nom", "prenom", "adresse", "code_postal", "ville") == (
        *("PES", "C1", "LŒUVRE", "ÉLODIE", "1 RUE DE L'ÉTÉ", "47550", "BOÉ"),
    )
    assert dit(lue, "numero", "exercice", "objet", "montant", "date_emission", "date_prelevement") == (
        *("2026-17-1", "2026", "EAU 1ER SEMESTRE", "255.61", "2026-11-02", "2026-12-05"),
    )
    assert dit(lue, "piece", "ligne", "dette", "code_recette", "reference", "courriel") == ("17", "1", "", "EA", "", "")


def test_chaque_ligne_d_un_titre_est_une_dette_et_un_article_de_role_une_seule():
    lignes = (ligne("1", "10.00"), ligne("2", "20.50", debiteurs=(tiers("C2", "AUTRE"),)))
    titres = lues(pes(piece(*lignes)), "pes")
    assert [dit(t, "numero", "montant", "code_redevable") for t in titres] == [
        ("2026-17-1", "10.00", "C1"),
        ("2026-17-2", "20.50", "C2"),
    ]
    deux_lignes = article("000000000001317").replace("</Piece>", ligne("2", "7") + "</Piece>")
    [role] = lues(pes(deux_lignes, typ_bord="06"), "pes")
    assert dit(role, "numero", "montant", "dette", "periode", "ligne") == ("2026-1-1317", "250.11", "1317", "1", "")


def test_le_premier_tiers_est_le_principal_et_le_numero_de_facture_l_emporte():
    codebiteurs = ligne(debiteurs=(tiers("C1", prenom="NC", Adr1="CHEZ M"), tiers("C9", "AUTRE")))
    [lue] = lues(pes(piece(codebiteurs, NumeroFacture="F-2026-12")), "pes")
    assert dit(lue, "code_redevable", "prenom", "numero", "adresse") == (
        "C1",
        "",
        "F-2026-12",
        "CHEZ M\n1 RUE DE L'ÉTÉ",
    )


def test_rien_de_bancaire_n_est_lu():
    octets = pes(piece())
    assert b"SECRET" in octets
    assert "SECRET" not in str([asdict(lue) for lue in lues(octets, "pes")])
    assert "SECRET" not in str([r.cellules for r in lire(io.BytesIO(fichier_rolmre(rolmre())), "rolmre")])


@pytest.mark.parametrize(("pieces", "bordereau"), [(piece(), "02"), (piece(nat="06"), "01")])
def test_une_annulation_est_rendue_a_l_agent(pieces, bordereau):
    assert phrases(pes(pieces, typ_bord=bordereau), "pes") == [
        "Ligne 1 : c'est une annulation ou une réduction ; faites-la à la main sur la facture d'origine."
    ]


@pytest.mark.parametrize("ht", ["", "douze", "NaN", "Infinity", "1e", None])
def test_un_montant_illisible_est_dit(ht):
    assert phrases(pes(piece(ligne(ht=ht))), "pes") == ["Ligne 1 : un montant (MtHT ou MtTVA) n'est pas un nombre."]


def test_ce_qui_manque_est_dit():
    assert phrases(pes(piece(ligne(debiteurs=(tiers(ref=None),)))), "pes") == [
        "Ligne 1 : la colonne « code_redevable » est vide."
    ]


def test_l_objet_se_cherche_de_la_piece_au_bordereau():
    objets = [(("P", "L"), "P"), ((None, "L"), "L"), ((None, None), "BORDEREAU")]
    for (de_piece, de_ligne), attendu in objets:
        [lue] = lues(pes(piece(ligne(objet=de_ligne), objet=de_piece)), "pes")
        assert lue.objet == attendu


PROLOGUES = {
    "milliard de rires": '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>',
    "explosion quadratique": f'<!DOCTYPE l [<!ENTITY a "{"x" * 70_000}">]>',
    "entité externe": '<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
    "DTD distante": '<!DOCTYPE l SYSTEM "http://exemple.fr/x.dtd">',
}


@pytest.mark.parametrize("prologue", PROLOGUES.values(), ids=PROLOGUES)
@pytest.mark.parametrize("encodage", ["utf-8", "utf-16"])
def test_une_bombe_xml_est_refusee_sans_rien_ouvrir(prologue, encodage):
    assert refus(pes(piece(), prologue=prologue, encodage=encodage), "pes") == "Ce fichier XML ne peut pas être lu."


@pytest.mark.parametrize(
    ("octets", "phrase"),
    [
        (b"", "Ce fichier XML ne peut pas être lu."),
        (pes(piece())[:-9], "Ce fichier XML ne peut pas être lu."),
        (pes(piece()).replace(b"ISO-8859-15", b"UTF-7"), "Ce fichier XML ne peut pas être lu."),
        (pes(), "Ce PES ne contient aucune pièce de recette."),
        (pes(piece(), racine="PES_Retour"), "Ce fichier XML est un PES_Retour ; il faut un PES_Aller de recettes."),
        (b"<html></html>", "Ce fichier XML est un html ; il faut un PES_Aller de recettes."),
    ],
)
def test_un_xml_qui_n_est_pas_un_pes_aller(octets, phrase):
    assert refus(octets, "pes") == phrase


def test_un_element_sans_fin_est_arrete(monkeypatch):
    monkeypatch.setattr(lecteur_pes, "OCTETS_PAR_ELEMENT", 1 << 20)
    long = pes(piece(), joints=[pj("a", b"x" * (4 << 20), compresse=False)])
    assert refus(long, "pes") == "Un élément de ce fichier dépasse 1 Mio."


# Les pièces jointes.


def joints(octets):
    sortie = io.BytesIO()
    lecteur_pes.pieces_jointes(io.BytesIO(octets), sortie)
    with zipfile.ZipFile(sortie) as archive:
        return {nom: archive.read(nom) for nom in archive.namelist()}


def test_les_pdf_joints_sont_rendus_et_nommes_par_leur_ligne():
    octets = pes(
        piece(joint=pj_ref("A")),
        piece(ligne(joint=pj_ref("B")), id_pce="18"),
        piece(joint=pj_ref("XML"), id_pce="19"),
        piece(joint=pj_ref("ABSENTE"), id_pce="20"),
        joints=[pj("A", pdf("A")), pj("B", pdf("B"), compresse=False), pj("XML", b"<asap/>"), "<PJ/>"],
    )
    assert [lue.fichier_pdf for lue in lues(octets, "pes")] == ["A", "B", "", ""]
    assert joints(octets) == {"A": pdf("A"), "B": pdf("B")}


def test_une_bombe_gzip_ne_se_gonfle_que_jusqu_a_la_borne(monkeypatch):
    monkeypatch.setattr(lecteur_pes, "OCTETS_PAR_DOCUMENT", 1000)
    bombe = pes(piece(joint=pj_ref("A")), joints=[pj("A", b"%PDF-" + b"0" * (50 << 20))])
    assert {nom: len(contenu) for nom, contenu in joints(bombe).items()} == {"A": 1001}


@pytest.mark.parametrize("abime", ["pas du base64 !", "H4sIAAAA", ""])
def test_une_piece_jointe_abimee_est_ignoree(abime):
    octets = pes(piece(joint=pj_ref("A")), joints=[pj("A", pdf())])
    debut, fin = octets.index(b'pdf">') + 5, octets.index(b"</Fichier>")
    octets = octets[:debut] + abime.encode() + octets[fin:]
    assert (joints(octets), lues(octets, "pes")[0].fichier_pdf) == ({}, "")


# ROLMRE.


def test_un_enregistrement_rolmre_se_lit_en_entier():
    [lue] = lues(fichier_rolmre(rolmre()), "rolmre")
    assert dit(lue, "source", "code_redevable", "nom", "adresse", "code_postal", "ville") == (
        *("ROLMRE", "C1", "LOEUVRE ELODIE", "BAT A\n1 RUE DE L'ETE", "01000", "BOE"),
    )
    assert dit(lue, "numero", "exercice", "objet", "montant", "date_emission", "date_prelevement") == (
        *("2026-EA-1-1317", "2026", "EAU 1ER SEMESTRE", "243.11", "2026-11-02", "None"),
    )
    assert dit(lue, "dette", "code_recette", "periode", "reference") == ("1317", "EA", "1", "")


def test_une_dette_de_quinze_chiffres_garde_ses_deux_premiers():
    [lue] = lues(fichier_rolmre(rolmre(ROLDEB="12", ROLDET=34)), "rolmre")
    assert lue.dette == "120000000000034"


@pytest.mark.parametrize("fin", ["\r\n", "\n"])
@pytest.mark.parametrize("ordre", [1, -1])
def test_la_redevance_lema_s_ajoute_a_sa_dette(fin, ordre):
    enregistrements = [rolmre(), rolmre(ROLDET=9), rolmre(ROLTPR="2", ROLEAU=1000, ROLASS=0, ROLTVE=0, ROLTVA=0)]
    tous = lues(fichier_rolmre(*enregistrements[::ordre], fin=fin), "rolmre")
    assert sorted(dit(lue, "dette", "montant") for lue in tous) == [("1317", "253.11"), ("9", "243.11")]


def test_deux_redevances_lema_s_ajoutent_toutes_deux():
    lema = rolmre(ROLTPR="2", ROLEAU=1000, ROLASS=0, ROLTVE=0, ROLTVA=0)
    [lue] = lues(fichier_rolmre(lema, rolmre(), lema), "rolmre")
    assert dit(lue, "montant", "numero_de_ligne") == ("263.11", "2")


def test_une_redevance_lema_sans_dette_est_une_dette_a_sa_place():
    """L'analyse reprend au-delà de la dernière ligne lue : un rang qui reculerait serait oublié."""
    tous = lues(fichier_rolmre(rolmre(ROLTPR="2"), rolmre(ROLDET=9)), "rolmre")
    assert [dit(lue, "numero_de_ligne", "dette") for lue in tous] == [("1", "1317"), ("2", "9")]


def test_un_changement_de_client_n_est_pas_une_dette():
    assert len(lues(fichier_rolmre(rolmre(ROLMVT="2"), rolmre(ROLMVT="3"), rolmre(ROLMVT="4")), "rolmre")) == 1


def test_une_dette_prelevee_ne_se_paie_pas_en_ligne():
    [lue] = lues(fichier_rolmre(rolmre(ROLPRE="5")), "rolmre")
    assert lue.date_prelevement == lue.date_emission


def test_l_objet_manquant_se_dit_par_le_role():
    [lue] = lues(fichier_rolmre(rolmre(ROLORU="")), "rolmre")
    assert lue.objet == "Rôle 03 de 2026"


@pytest.mark.parametrize(
    ("enregistrement", "phrase"),
    [
        (rolmre(ROLTOT=1), "Ligne 1 : le total n'est pas la somme de l'eau, de l'assainissement et de leurs TVA."),
        (
            rolmre().replace("000000020000", "00000002000X"),
            "Ligne 1 : les montants ne sont pas des nombres de centimes.",
        ),
        (rolmre(ROLCLI=""), "Ligne 1 : la colonne « code_redevable » est vide."),
        (rolmre(ROLDAT="20261302"), "Ligne 1 : la date « 2026-13-02 » n'existe pas (jour, mois, année)."),
    ],
)
def test_un_enregistrement_faux_est_dit(enregistrement, phrase):
    assert phrases(fichier_rolmre(enregistrement), "rolmre") == [phrase]


@pytest.mark.parametrize("coupe", [499, 501])
def test_un_enregistrement_d_une_autre_longueur_refuse_le_fichier(coupe):
    faux = (rolmre() + "  ")[:coupe]
    assert refus(fichier_rolmre(rolmre(), faux), "rolmre") == "Ligne 2 : un enregistrement ROLMRE a 500 caractères."


def test_la_marque_de_fin_des_vieux_systemes_est_permise():
    assert len(lues(fichier_rolmre(rolmre()) + b"\x1a", "rolmre")) == 1


SAINS = {
    "pes": pes(piece(joint=pj_ref("A")), joints=[pj("A", pdf())]),
    "rolmre": fichier_rolmre(rolmre()),
}


@given(st.sampled_from(["pes", "rolmre"]), st.data())
def test_aucune_corruption_ne_fait_tomber_un_lecteur(nom, data):
    sain = SAINS[nom]
    ou = data.draw(st.integers(min_value=0, max_value=len(sain) - 1))
    octets = data.draw(st.binary(min_size=1, max_size=4))
    try:
        lues(sain[:ou] + octets + sain[ou + len(octets) :], nom)
    except FichierRefuse as refuse:
        assert str(refuse).endswith(".")  # noqa: PT017  # l'un ou l'autre sort convient


@given(st.binary(max_size=300))
def test_aucun_octet_ne_fait_tomber_un_lecteur(octets):
    for nom in ("pes", "rolmre"):
        try:
            lues(octets, nom)
        except FichierRefuse as refuse:
            assert str(refuse).endswith(".")  # noqa: PT017  # l'un ou l'autre sort convient


# Jusqu'à la facture, avec la référence que le service y gagne.


@pytest.fixture
def importer(boe, tmp_path):
    def _importer(octets, nom, mode):
        lot = lots.deposer(
            regie=factories.regie(boe, mode=mode), fichier=io.BytesIO(octets), libelle="depot", format=nom
        )
        lots.analyser(lot=lot)
        if not relu(lot).rejets.exists():
            lots.publier(lot=lot)
        return relu(lot)

    return _importer


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("octets", "nom", "mode", "reference"),
    [
        (pes(piece(id_pce="2")), "pes", "titre", "202600000002000001"),
        (pes(article(), typ_bord="06"), "pes", "role", "2026EA000000000001317"),
        (fichier_rolmre(rolmre()), "rolmre", "role", "2026EA000000000001317"),
    ],
)
def test_la_reference_se_compose_d_apres_le_mode_du_service(importer, octets, nom, mode, reference):
    assert importer(octets, nom, mode).etat == "publie"
    assert Facture.objects.get().reference == reference


@pytest.mark.django_db
def test_une_regie_n_a_pas_de_reference_a_composer(importer):
    lot = importer(pes(piece()), "pes", "regie")
    phrase = "Ligne 1 : le fichier ne donne pas la référence de paiement, que ce service choisit lui-même."
    assert phrases_du_lot(lot) == [phrase]


@pytest.mark.django_db
def test_une_reference_qui_ne_se_compose_pas_est_dite(importer):
    lot = importer(pes(piece(ligne(produit="9901")), typ_bord="06"), "pes", "role")
    assert phrases_du_lot(lot) == [
        "Ligne 1 : il manque de quoi composer la référence de paiement (pièce et ligne, ou code recette et dette)."
    ]


@pytest.mark.django_db
def test_le_pdf_joint_devient_le_document_de_la_facture(importer):
    lot = importer(pes(piece(joint=pj_ref("A")), joints=[pj("A", pdf("A")), pj("SEUL", pdf("S"))]), "pes", "titre")
    assert lot.bilan["orphelins"] == {"nombre": 1, "noms": ["SEUL"]}
    with Facture.objects.get().pdf.open("rb") as document:
        assert document.read() == pdf("A")
