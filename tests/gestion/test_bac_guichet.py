"""Ce qu'un agent dépose lui-même se lit aussi hors du processus web : un fichier hostile n'y gagne qu'une phrase."""

import io
import zipfile
import zlib

import pikepdf
import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile

from factures.imports import FichierRefuse
from factures.imports.bac import guichet, lire_les_recus, parent
from factures.imports.documents import DocumentRefuse
from factures.models import DepotReglements, Facture, RejetImport
from factures.services import depots, joindre, lots
from tests.contact.outils_pieces import EICAR, clamd, pdf_infecte
from tests.factures.outils_classeurs import typee, xlsx
from tests.factures.outils_imports import ecrire_csv, rangee
from tests.factures.outils_lots import relu
from tests.factures.outils_manuel import brouillon
from tests.factures.outils_pdf import avec, pdf, pdf_qui_dit
from tests.factures.test_bac import archive as zip_de
from tests.factures.test_bac import bombe
from tests.gestion.conftest import adresse
from tests.gestion.test_a_la_main import DEPOSER, texte

pytestmark = pytest.mark.usefixtures("vrai_bac")
ENTETE = "numero;reference;montant;date;moyen"


def polyglotte():
    """Un PDF sain, suivi d'une archive : un tableur ouvrirait l'une, un lecteur montrerait l'autre."""
    sortie = io.BytesIO(pdf())
    with zipfile.ZipFile(sortie, "a") as archive:
        archive.writestr("index.html", "<script>alert(1)</script>")
    return sortie.getvalue()


def bombe_pdf():
    """Cent kilooctets, dont chercher le texte demande cinquante Mio."""

    def gonfler(document):
        police = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
        document.pages[0].obj.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=police))
        flux = document.pages[0].obj.Contents = document.make_stream(b"")
        texte = b"BT /F1 9 Tf (" + b"a" * (30 << 20) + b") Tj ET"
        flux.write(zlib.compress(texte, 1), filter=pikepdf.Name.FlateDecode)

    return avec(gonfler)


def test_un_fichier_de_reglements_se_lit_sans_ce_que_la_base_ne_garde_pas():
    lignes = "\n".join(f"N{n};;1,00;02/03/2026;cb" for n in range(450))
    lues, _ = lire_les_recus(io.BytesIO(f"{ENTETE}\nA\x00;{'x' * 999};1;;\n{lignes}".encode()))
    assert [(r.numero, r.cellules["numero"]) for r in lues[1:]] == [(n + 3, f"N{n}") for n in range(450)]
    assert (lues[0].cellules["numero"], lues[0].cellules["reference"]) == ("A\ufffd", "x" * 200)


@pytest.mark.django_db
def test_une_bombe_n_emporte_que_son_lecteur_et_l_agent_lit_pourquoi(boe, eau, agente, connecter, monkeypatch):
    monkeypatch.setattr(parent, "MEMOIRE", 64 << 20)
    poste = connecter(agente, chez=boe)
    page = poste.post(DEPOSER, {"regie": eau.pk, "fichier": SimpleUploadedFile("r.xlsx", bombe())})
    assert (page.status_code, parent.MORTS["memoire"] in texte(page)) == (200, True)
    assert not DepotReglements.objects.exists()


def test_un_lecteur_qui_ne_finit_pas_est_arrete_et_le_dit(monkeypatch):
    monkeypatch.setattr(guichet, "CPU_SECONDES", 0)
    with pytest.raises(FichierRefuse) as refus:
        lire_les_recus(io.BytesIO(f"{ENTETE}\n".encode() + b"A;;1;02/03/2026;cb\n" * 5000))
    assert str(refus.value) == parent.MORTS["temps"]


@pytest.mark.django_db
def test_un_pdf_hostile_depose_a_la_main_n_y_gagne_qu_une_phrase(eau, facture, agente, boe, connecter, monkeypatch):
    poste, ecrite = connecter(agente, chez=boe), brouillon(eau, facture.redevable)
    chiffre = pdf(encryption=pikepdf.Encryption(owner="a", user="b"))
    envois = (
        (chiffre, "protégé par un mot de passe"),
        (polyglotte(), "coupé, ou suivi d'autre chose"),
        (b"%PDF-1.7\n" + bytes(999) + b"%%EOF", "abîmé"),
        (pdf_qui_dit("autre"), "est-ce le bon ?"),
    )
    for contenu, phrase in envois:
        envoi = {"document": SimpleUploadedFile("f.pdf", contenu)}
        assert phrase in texte(poste.post(adresse(ecrite, "document"), envoi, follow=True)), phrase
    garde = Facture.objects.get(pk=ecrite.pk).pdf.name
    monkeypatch.setattr(parent, "MEMOIRE", 64 << 20)
    page = poste.post(adresse(ecrite, "document"), {"document": SimpleUploadedFile("f.pdf", bombe_pdf())})
    assert (page.status_code, "trop de temps ou de mémoire" in texte(page)) == (200, True)
    assert Facture.objects.get(pk=ecrite.pk).pdf.name == garde


@pytest.mark.django_db
def test_l_apercu_dit_ce_que_le_classeur_cache(eau, facture, agente, boe, connecter):
    poste = connecter(agente, chez=boe)

    def cacher(classeur):
        classeur.active.row_dimensions[2].hidden = True
        classeur.create_sheet("Brouillon").sheet_state = "hidden"

    recus = xlsx({"numero": "A", "montant": 1, "date": "02/03/2026", "moyen": "cb"},
                 entete=("numero", "montant", "date", "moyen"), changer=cacher)  # fmt: skip
    depot = {"regie": eau.pk, "fichier": SimpleUploadedFile("r.xlsx", recus)}
    lot = lots.deposer(regie=eau, fichier=io.BytesIO(xlsx(typee(), changer=cacher)), libelle="a.xlsx")
    lots.analyser(lot=lot)
    for page in (poste.post(DEPOSER, depot, follow=True), poste.get(adresse(lot))):
        assert "Lignes cachées ou filtrées du classeur, lues comme les autres 1" in texte(page)
        assert "Feuilles cachées du classeur, qui ne sont pas lues 1" in texte(page)
        assert "Autres feuilles" not in texte(page)


# L'antivirus.


@pytest.mark.django_db
def test_l_antivirus_regle_voit_aussi_les_factures_les_reglements_et_les_documents(eau, facture, settings):
    ecrite = brouillon(eau, facture.redevable)

    def essayer(numero):
        recus = io.BytesIO(f"{ENTETE}\n{EICAR.decode()};;1;02/03/2026;cb".encode())
        lot = lots.deposer(regie=eau, fichier=io.BytesIO(ecrire_csv(rangee(numero))), libelle="a", archive=documents)
        lots.analyser(lot=lot)
        refus = [*RejetImport.objects.filter(lot=lot).values_list("motif", flat=True), relu(lot).motif]
        for acte in (
            lambda: depots.deposer(regie=eau, fichier=recus, libelle="r"),
            lambda: joindre(facture=ecrite, contenu=infecte, version=ecrite.version),
            lambda: lots.lire_les_corrections(lot, ContentFile(EICAR)),
        ):
            with pytest.raises((FichierRefuse, DocumentRefuse)) as refuse:
                acte()
            refus.append(str(refuse.value))
        return refus

    infecte = pdf_infecte()
    documents = io.BytesIO(zip_de(A=infecte, B=infecte))
    with clamd() as serveur:
        settings.CLAMAV = serveur.server_address
        virus = essayer("A")
    muet = essayer("B")
    assert virus[:2] == ["l'antivirus voit un virus dans ce PDF.", ""]
    assert [phrase[:16].lower() for phrase in virus[2:]] == ["l'antivirus voit"] * 3
    assert {phrase[:27] for phrase in muet} == {"L'antivirus ne répond pas, "}
    assert not Facture.objects.exclude(pdf="").exists()
