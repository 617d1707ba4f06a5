"""``importer_factures`` : ses codes de sortie, ses phrases, et ce qu'elle laisse."""

import zipfile
from io import StringIO

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from factures.models import Facture, LigneImport, LotImport
from tests.factures.outils_classeurs import ods, typee, xlsx
from tests.factures.outils_imports import ecrire_csv, rangee
from tests.factures.outils_lots import par_date, visibles
from tests.factures.outils_pdf import pdf, pdf_qui_dit

pytestmark = pytest.mark.django_db


@pytest.fixture
def importer(eau, tmp_path):
    """``importer(fichiers…, options…)`` : le code de sortie, ce qui est dit, ce qui est dit d'une erreur."""

    def _importer(*arguments, regie="EAU", lien="M470310001"):
        sortie, erreurs = StringIO(), StringIO()
        commande = ["importer_factures", *map(str, arguments), f"--collectivite={lien}", f"--regie={regie}"]
        try:
            call_command(*commande, stdout=sortie, stderr=erreurs)
        except SystemExit as fin:
            return fin.code, sortie.getvalue(), erreurs.getvalue()
        return 0, sortie.getvalue(), erreurs.getvalue()

    return _importer


@pytest.fixture
def ecrire(tmp_path):
    def _ecrire(nom, *rangees, **options):
        (tmp_path / nom).write_bytes(ecrire_csv(*rangees, **options))
        return tmp_path / nom

    return _ecrire


@pytest.mark.sqlite
def test_publier_dit_les_totaux_et_sort_par_zero(importer, ecrire):
    chemin = ecrire("eau.csv", rangee("A", montant="1 243,11"), rangee("B", montant="-12,50", code_redevable="C2"))
    code, dit, erreurs = importer(chemin, "--publier")
    lot = LotImport.objects.get()
    assert (code, erreurs, visibles()) == (0, "", ["A", "B"])
    assert dit.splitlines() == [
        f"eau.csv (lot {lot.pk}) : 2 ligne(s)",
        "  nouvelle : 2 (1\xa0230,61\xa0€)",
        "  modifiée : 0 (0,00\xa0€)",
        "  inchangée : 0 (0,00\xa0€)",
        "  en conflit : 0 (0,00\xa0€)",
        "  écartée : 0 (0,00\xa0€)",
        "  rejetée : 0",
        "  redevables : 2 nouveau(x), 0 modifié(s)",
        "  documents : 0, dont 0 sans le numéro de leur facture ; que rien ne nomme : 0",
        f"Lot {lot.pk} publié.",
    ]


@pytest.mark.sqlite
def test_relancer_la_meme_commande_ne_fait_rien(importer, ecrire):
    chemin = ecrire("eau.csv", rangee("A"))
    importer(chemin, "--publier")
    code, dit, erreurs = importer(chemin, "--publier")
    assert (code, erreurs, visibles(), LotImport.objects.count()) == (0, "", ["A"], 1)
    assert dit.endswith("déjà publié : rien à faire.\n")
    assert importer(chemin)[1].endswith("déjà publié.\n")


@pytest.mark.sqlite
def test_une_ligne_rejetee_sort_par_un_et_ne_publie_rien(importer, ecrire):
    chemin = ecrire("eau.csv", rangee("A"), rangee("B", montant="12.3.4"), rangee("A", reference="Z"))
    code, _, erreurs = importer(chemin, "--publier")
    assert (code, visibles(), Facture.objects.count()) == (1, [], 0)
    assert erreurs.splitlines() == [
        "Ligne 3 : le montant « 12.3.4 » n'est pas un nombre.",
        "Ligne 4 : le numéro « A » est déjà à la ligne 2.",
        "Rien n'est publié.",
    ]
    corrige = ecrire("eau.csv", rangee("A"), rangee("B"), rangee("C"))
    assert (importer(corrige, "--publier")[0], visibles()) == (0, ["A", "B", "C"])


def test_un_conflit_compte_comme_un_rejet(importer, ecrire, facture):
    code, _, erreurs = importer(ecrire("eau.csv", par_date(facture) | {"montant": "1"}), "--publier")
    assert (code, visibles()) == (1, [facture.numero])
    assert erreurs.startswith(f"Ligne 2 : la facture « {facture.numero} » est publiée pour 243,11\xa0€")


def test_un_rejet_d_un_fichier_retient_aussi_les_autres(importer, ecrire):
    bon, mauvais = ecrire("bon.csv", rangee("A")), ecrire("mauvais.csv", rangee("B", nom=""))
    assert (importer(bon, mauvais, "--publier")[0], visibles()) == (1, [])
    bon_aussi = ecrire("mauvais.csv", rangee("B"))
    assert (importer(bon, bon_aussi, "--publier")[0], visibles()) == (0, ["A", "B"])


@pytest.mark.parametrize(
    ("contenu", "phrase"),
    [
        (b"", "eau.csv est refusé. Ce fichier est vide.\n"),
        (b"a;b\r\n1;2\r\n", "eau.csv est refusé. Il manque des colonnes : source, code_redevable, nom, numero,"),
        (
            b"\x81\x00",
            "eau.csv est refusé. Ce fichier n'est pas du texte lisible ; exportez-le de nouveau en CSV UTF-8.",
        ),
    ],
)
def test_un_fichier_illisible_sort_par_deux(importer, tmp_path, contenu, phrase):
    (tmp_path / "eau.csv").write_bytes(contenu)
    code, dit, erreurs = importer(tmp_path / "eau.csv", "--publier")
    assert (code, dit, visibles()) == (2, "", [])
    assert erreurs.startswith(phrase)
    assert erreurs.endswith("Rien n'est publié.\n")


@pytest.mark.parametrize(("lien", "regie"), [("M000000000", "EAU"), ("M470310001", "VIN")])
def test_une_commune_ou_un_service_inconnus_sortent_par_deux(importer, ecrire, lien, regie):
    code, _, erreurs = importer(ecrire("eau.csv", rangee()), lien=lien, regie=regie)
    assert (code, erreurs) == (2, f"La commune {lien} n'a pas de service {regie} sur cette installation.\n")


def test_un_fichier_absent_ou_deux_suites_contraires_se_disent_par_l_aide(importer, ecrire, tmp_path):
    with pytest.raises(CommandError, match="ne se lit pas"):
        importer(tmp_path / "absent.csv")
    with pytest.raises(CommandError):
        importer(ecrire("eau.csv", rangee()), "--publier", "--a-blanc")


@pytest.mark.sqlite
@pytest.mark.parametrize(("montant", "code"), [("12", 0), ("?", 1)])
def test_a_blanc_dit_tout_et_ne_garde_rien(importer, ecrire, montant, code):
    chemin = ecrire("eau.csv", rangee("A", montant=montant))
    obtenu, dit, _ = importer(chemin, "--a-blanc")
    assert (obtenu, visibles(), Facture.objects.count()) == (code, [], 0)
    assert dit.endswith("À blanc : rien n'est publié ni gardé.\n")
    lot = LotImport.objects.get()
    assert (lot.etat, lot.lignes.count(), lot.rejets.count()) == ("abandonne", 0, 0)


def test_sans_publier_le_lot_attend_et_a_blanc_ne_le_defait_pas(importer, ecrire):
    chemin = ecrire("eau.csv", rangee("A"))
    code, dit, _ = importer(chemin)
    lot = LotImport.objects.get()
    assert (code, lot.etat, visibles()) == (0, "a-verifier", [])
    assert dit.endswith(f"Lot {lot.pk} : prêt, ajoutez --publier pour le publier.\n")
    importer(chemin, "--a-blanc")
    assert LotImport.objects.get().etat == "a-verifier"
    assert (importer(chemin, "--publier")[0], visibles()) == (0, ["A"])


@pytest.mark.parametrize("ecrire_classeur", [xlsx, ods])
def test_un_classeur_se_reconnait_au_contenu(importer, tmp_path, ecrire_classeur):
    (tmp_path / "eau.bin").write_bytes(ecrire_classeur(typee(numero="A"), typee(numero="B")))
    assert (importer(tmp_path / "eau.bin", "--publier")[0], visibles()) == (0, ["A", "B"])
    assert importer(tmp_path / "eau.bin", "--format=csv")[0] == 0  # le même contenu : déjà publié


def test_ce_qu_un_classeur_cache_se_dit(importer, tmp_path):
    def cacher(classeur):
        classeur.active.row_dimensions[2].hidden = True

    (tmp_path / "eau.xlsx").write_bytes(xlsx(typee(numero="A"), changer=cacher))
    dit = importer(tmp_path / "eau.xlsx")[1]
    assert "  classeur : 1 ligne(s) cachée(s), lues ; non lues, 0 feuille(s) cachée(s) et 0 autre(s)\n" in dit


# Les documents.


@pytest.fixture
def deux_factures():
    return rangee("A", fichier_pdf="pdf/a.pdf"), rangee("B", fichier_pdf="b.pdf", code_redevable="C2")


def contenu(numero):
    with Facture.objects.get(numero=numero).pdf.open("rb") as document:
        return document.read()


@pytest.mark.sqlite
def test_les_documents_sont_a_cote_du_fichier(importer, ecrire, tmp_path, deux_factures):
    (tmp_path / "pdf").mkdir()
    (tmp_path / "pdf" / "a.pdf").write_bytes(pdf("A"))
    (tmp_path / "b.pdf").write_bytes(pdf("B"))
    code, _, erreurs = importer(ecrire("eau.csv", *deux_factures), "--publier")
    assert (code, erreurs) == (0, "")
    assert (contenu("A"), contenu("B")) == (pdf("A"), pdf("B"))


def test_les_documents_sont_dans_un_zip(importer, ecrire, tmp_path, deux_factures):
    with zipfile.ZipFile(tmp_path / "documents.zip", "w") as archive:
        for nom in ("pdf/a.pdf", "pdf/b.pdf", "pdf/seul.pdf"):
            archive.writestr(nom, pdf(nom))
    code, dit, _ = importer(ecrire("eau.csv", *deux_factures), tmp_path / "documents.zip", "--publier")
    assert code == 0
    assert "documents : 2, dont 0 sans" in dit
    assert "que rien ne nomme : 1" in dit
    assert (contenu("A"), contenu("B")) == (pdf("pdf/a.pdf"), pdf("pdf/b.pdf"))
    assert LotImport.objects.get().bilan["orphelins"] == {"nombre": 1, "noms": ["pdf/seul.pdf"]}


def test_un_document_qui_parle_d_une_autre_facture_est_signale(importer, ecrire, tmp_path):
    for nom, texte in (("a", "Facture n° a - 1"), ("b", "Référence XB-1"), ("c", "Facture A-1"), ("d", "")):
        (tmp_path / f"{nom}.pdf").write_bytes(pdf_qui_dit(texte))
    rangees = [rangee(f"{n}-1", fichier_pdf=f"{n.lower()}.pdf") for n in "ABCD"]
    code, dit, _ = importer(ecrire("eau.csv", *rangees))
    assert code == 0
    assert "documents : 4, dont 1 sans le numéro de leur facture" in dit
    assert [ligne.numero for ligne in LigneImport.objects.filter(pdf_douteux=True)] == ["C-1"]


def test_un_document_absent_ou_dangereux_rejette_sa_ligne(importer, ecrire, tmp_path, deux_factures):
    (tmp_path / "b.pdf").write_bytes(b"<html>")
    code, _, erreurs = importer(ecrire("eau.csv", *deux_factures), "--publier")
    assert (code, visibles()) == (1, [])
    assert erreurs.splitlines() == [
        "Ligne 2 : le document « pdf/a.pdf » n'est pas dans l'archive.",
        "Ligne 3 : ce document n'est pas un PDF.",
        "Rien n'est publié.",
    ]


def test_le_meme_document_pour_deux_personnes_est_refuse(importer, ecrire, tmp_path, deux_factures):
    (tmp_path / "pdf").mkdir()
    for nom in ("pdf/a.pdf", "b.pdf"):
        (tmp_path / nom).write_bytes(pdf("le même"))
    code, _, erreurs = importer(ecrire("eau.csv", *deux_factures), "--publier")
    assert code == 1
    assert erreurs.startswith("Ligne 3 : ce document est déjà celui d'une autre personne, à la ligne 2.\n")


def test_un_document_d_une_personne_peut_servir_a_ses_deux_factures(importer, ecrire, tmp_path):
    (tmp_path / "a.pdf").write_bytes(pdf("A"))
    chemin = ecrire("eau.csv", rangee("A", fichier_pdf="a.pdf"), rangee("B", fichier_pdf="a.pdf"))
    assert importer(chemin, "--publier")[0] == 0
    assert contenu("A") == contenu("B") == pdf("A")


@pytest.mark.django_db(transaction=True)
def test_renoncer_efface_les_documents_que_rien_d_autre_ne_nomme(importer, ecrire, tmp_path):
    for nom in ("a", "b"):
        (tmp_path / f"{nom}.pdf").write_bytes(pdf(nom))
    importer(ecrire("un.csv", rangee("A", fichier_pdf="a.pdf")), "--publier")
    gardes = noms_ranges()
    importer(ecrire("deux.csv", rangee("A", fichier_pdf="a.pdf"), rangee("B", fichier_pdf="b.pdf")), "--a-blanc")
    assert noms_ranges() == gardes
    assert contenu("A") == pdf("a")


def noms_ranges():
    regie = LotImport.objects.first().regie_id
    return default_storage.listdir(f"factures/{regie}")[1]


def test_deux_archives_ou_une_archive_seule_sortent_par_deux(importer, ecrire, tmp_path):
    for nom in ("a.zip", "b.zip"):
        with zipfile.ZipFile(tmp_path / nom, "w") as archive:
            archive.writestr("a.pdf", pdf())
    phrase = "Donnez au moins un fichier de factures, et au plus un ZIP de documents.\n"
    assert importer(tmp_path / "a.zip")[::2] == (2, phrase)
    assert importer(ecrire("eau.csv", rangee()), tmp_path / "a.zip", tmp_path / "b.zip")[::2] == (2, phrase)


def test_une_archive_dangereuse_refuse_le_lot(importer, ecrire, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("../a.pdf", pdf())
    code, _, erreurs = importer(ecrire("eau.csv", rangee()), tmp_path / "a.zip", "--publier")
    assert (code, erreurs.splitlines()[0]) == (
        2,
        "eau.csv est refusé. L'archive contient « ../a.pdf », dont le chemin sort de l'archive.",
    )
