"""Le PDF d'une facture : tout ce que dit la facture, lisible par une personne comme par un lecteur d'écran."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from html import unescape
from io import BytesIO

import factories
import pikepdf
import pypdfium2
import pytest
import time_machine
from django.db.models import Q

from factures import registre
from factures.etats import Empechement, Moyen, Sens, Statut
from factures.models import Facture, LigneFacture, Reglement
from factures.services import composer_document, encaisser, nom_du_document
from portail.models import ModeRegie
from portail.qr import dessiner
from portail.templatetags.ui import montant

LIGNES = [("Abonnement", "32.40"), ("Eau potable, 74 m³", "119.88"), ("Assainissement", "90.83")]
RECU_LE = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def le_23_novembre() -> Iterator[None]:
    with time_machine.travel(datetime(2026, 11, 23, 9, 0, tzinfo=UTC), tick=False):
        yield


def facturer(eau, ada, *, redevable=None, lignes=(), **champs) -> Facture:
    """Une facture d'Ada aux dates écrites, et ses ``lignes`` : (libellé, montant[, quantité, prix])."""
    dates = {
        "date_emission": date(2026, 11, 12),
        "date_echeance": date(2026, 12, 15),
        "date_limite_en_ligne": date(2027, 1, 31),
    }
    pour = factories.redevable(eau.collectivite, ada, **{"nom": "LOVELACE", "code": "R-ADA", **(redevable or {})})
    creee = factories.facture(pour, eau, **{"numero": "2026-EAU-1317", **dates, **champs})
    for rang, (libelle, somme, *reste) in enumerate(lignes, start=1):
        quantite, prix = reste or ("", "")
        LigneFacture.objects.create(
            facture=creee, collectivite=eau.collectivite, rang=rang, libelle=libelle, montant=Decimal(somme),
            quantite=quantite, prix_unitaire=prix,
        )  # fmt: skip
    return creee


def recevoir(facture, somme, moyen=Moyen.CARTE, recu_le=RECU_LE):
    encaisser(facture=facture, montant=Decimal(somme), moyen=moyen, origine=f"essai:{somme}", recu_le=recu_le)


def propre(texte: str) -> str:
    """Chaque suite d'espaces, insécables comprises, réduite à une espace."""
    return " ".join(texte.split())


def pages(facture: Facture) -> list[str]:
    with pypdfium2.PdfDocument(composer_document(facture)) as pdf:
        return [propre(pdf[n].get_textpage().get_text_range()) for n in range(len(pdf))]


def lire(facture: Facture) -> str:
    return " ".join(pages(facture))


@pytest.fixture
def balises(eau, ada):
    """``balises("/TH")`` : les éléments de structure de ce genre, dans le PDF d'une facture de trois lignes."""
    facture = facturer(eau, ada, lignes=[(*ligne, "1", "1 €") for ligne in LIGNES])
    with pikepdf.open(BytesIO(composer_document(facture))) as pdf:
        elements = [o for o in pdf.objects if isinstance(o, pikepdf.Dictionary) and "/S" in o and "/P" in o]
        yield lambda genre: [e for e in elements if genre == e.S]


# Ce que le document dit.


def test_le_document_dit_tout_ce_que_dit_la_facture(eau, ada):
    facture = facturer(eau, ada, reference="X0000301010000001317", objet="Eau, 2e semestre 2026", lignes=LIGNES)

    texte = lire(facture)

    attendus = [
        "Ville de Boé", "05 61 00 19 30", "du lundi au vendredi, de 7h à 22h", "Eau et assainissement",
        "Facture n° 2026-EAU-1317", "Eau, 2e semestre 2026", "Référence X0000301010000001317", "Code client R-ADA",
        "Madame LOVELACE Ada 1 rue des Tests 47550 Boé",
        "Date de la facture 12 novembre 2026", "À régler avant le 15 décembre 2026",
        "Payable en ligne jusqu'au 31 janvier 2027", "Reste à régler 243,11 €",
        "Abonnement 32,40 €", "Eau potable, 74 m³ 119,88 €", "Assainissement 90,83 €",
        "Montant de la facture 243,11 €", "Reste dû 243,11 €",
        "http://localhost/?LIEN=M470310001", "« Payer la facture »",
        "Document d'information", "Composé le 23 novembre 2026.", "Seul fait foi le document officiel", "Page 1 sur 1",
    ]  # fmt: skip
    assert [attendu for attendu in attendus if attendu not in texte] == []


@pytest.mark.parametrize("somme", ["0.01", "1.00", "243.11", "1234.50", "123456789.12"])
def test_les_sommes_sont_celles_de_la_base_au_centime(eau, ada, somme):
    facture = facturer(eau, ada, montant=Decimal(somme), lignes=[("Total", somme)])

    attendue = propre(montant(Decimal(somme)))

    assert f"Total {attendue} Montant de la facture {attendue} Reste dû {attendue}" in lire(facture)


def test_la_page_porte_toutes_les_sommes_du_document(eau, ada, boe, connecter):
    # Critère 13.3 du RGAA : la page est la version accessible d'un PDF déposé, elle dit au moins autant.
    facture = facturer(eau, ada, lignes=LIGNES)
    recevoir(facture, "100.00")
    recevoir(facture, "20.50")

    page = connecter(ada, chez=boe).get(facture.get_absolute_url()).content.decode()

    du_document, de_la_page = (set(re.findall(r"\d[\d ]*,\d\d €", propre(t))) for t in (lire(facture), unescape(page)))
    assert du_document == {"243,11 €", "32,40 €", "119,88 €", "90,83 €", "100,00 €", "20,50 €", "122,61 €"}
    assert du_document <= de_la_page


def test_les_quantites_et_les_prix_sont_affiches_tels_qu_imprimes(eau, ada):
    facture = facturer(eau, ada, lignes=[("Eau potable", "119.88", "74 m³", "1,62 €"), ("Remise", "-5.00")])

    assert "Montant Eau potable 74 m³ 1,62 € 119,88 € Remise -5,00 €" in lire(facture)


def test_sans_quantite_le_tableau_n_a_que_deux_colonnes(eau, ada):
    texte = lire(facturer(eau, ada, lignes=LIGNES))

    assert "Désignation Montant Abonnement" in texte
    assert "Quantité" not in texte


def test_une_facture_sans_ligne_garde_son_objet_et_son_montant(eau, ada):
    texte = lire(facturer(eau, ada, objet="Cantine d'octobre"))

    assert "Cantine d'octobre" in texte
    assert "Montant de la facture 243,11 €" in texte
    assert "Désignation" not in texte


def test_une_facture_sans_date_limite_ni_echeance(eau, ada):
    texte = lire(facturer(eau, ada, date_echeance=None, date_limite_en_ligne=None))

    assert "À régler Payer en ligne" in texte
    assert "jusqu'au" not in texte


def test_un_titre_de_recettes_renvoie_a_l_avis_des_sommes_a_payer(eau, ada):
    eau.mode = ModeRegie.TITRE
    eau.save()

    assert "Seul fait foi l'avis des sommes à payer qui vous est adressé." in lire(facturer(eau, ada))


# Ce qu'il reste à faire.


def test_un_paiement_partiel_montre_ce_qui_est_recu_et_ce_qui_reste(eau, ada):
    facture = facturer(eau, ada)
    recevoir(facture, "100.00")

    texte = lire(facture)

    assert "Reste à régler 143,11 €" in texte
    assert "243,11 € Reçu le 21 novembre 2026, carte bancaire -100,00 € Reste dû 143,11 €" in texte


def test_un_reglement_porte_la_date_de_la_commune(eau, ada, boe):
    boe.fuseau = "America/Cayenne"
    boe.save()
    facture = facturer(eau, ada)
    recevoir(facture, "100.00")

    assert "Reçu le 20 novembre 2026" in lire(facture)


@pytest.mark.parametrize(
    ("sens", "mots"), [(Sens.REJET, "Rejeté par la banque le"), (Sens.REMBOURSEMENT, "Remboursé le")]
)
def test_l_argent_repris_ou_rendu_se_lit_sans_signe(eau, ada, sens, mots):
    facture = facturer(eau, ada)
    Reglement.objects.create(
        facture=facture, collectivite=facture.collectivite, sens=sens, moyen=Moyen.PRELEVEMENT,
        montant=Decimal("84.20"), recu_le=RECU_LE, origine="banque:1",
    )  # fmt: skip
    recevoir(facture, "84.20")

    assert f"{mots} 21 novembre 2026, prélèvement 84,20 €" in lire(facture)


def test_une_facture_payee_ne_dit_plus_comment_payer(eau, ada):
    facture = facturer(eau, ada)
    recevoir(facture, "243.11")

    texte = lire(facture)

    assert "Montant 243,11 € Cette facture est payée." in texte
    assert "Reste dû 0,00 €" in texte
    assert "Payer en ligne" not in texte


def test_un_trop_percu_est_annonce(eau, ada):
    facture = facturer(eau, ada)
    recevoir(facture, "250.00")

    texte = lire(facture)

    assert "6,89 € vous reviennent : le service vous dira comment." in texte
    assert "Reste dû 0,00 € Trop-perçu 6,89 €" in texte


def test_un_ordre_de_prelevement_est_dit_enregistre(eau, ada):
    facture = facturer(eau, ada)
    recevoir(facture, "243.11", moyen=Moyen.PRELEVEMENT)

    assert "Montant 243,11 € Prélèvement enregistré" in lire(facture)


def test_un_prelevement_automatique_dit_sa_date_et_qu_il_n_y_a_rien_a_faire(eau, ada):
    texte = lire(facturer(eau, ada, date_prelevement=date(2026, 12, 5)))

    assert "Prélèvement automatique le 5 décembre 2026" in texte
    assert "vous n'avez rien à faire" in texte
    assert "Payer en ligne" not in texte


def test_un_avoir_n_est_pas_a_payer(eau, ada):
    facture = facturer(
        eau, ada, numero="A-7", montant=Decimal("-25.20"), date_echeance=None, lignes=[("Repas non pris", "-25.20")]
    )

    texte = lire(facture)

    assert "Avoir n° A-7" in texte
    assert "Montant -25,20 € Ceci est un avoir : cette somme vous est due, vous n'avez rien à payer." in texte
    assert "Repas non pris -25,20 € Montant de l'avoir -25,20 €" in texte
    assert not [mot for mot in ("Facture", "Reste dû", "Payer en ligne") if mot in texte]


def test_une_facture_annulee_dit_pourquoi_et_ne_demande_rien(eau, ada):
    texte = lire(facturer(eau, ada, statut=Statut.ANNULEE, motif_annulation="Relevé erroné"))

    assert "Annulée Motif : Relevé erroné" in texte
    assert "vous n'avez rien à payer" in texte
    assert not [mot for mot in ("Reste dû", "Payer en ligne", "Reste à régler") if mot in texte]


def test_une_echeance_depassee_se_paie_encore_en_ligne(eau, ada):
    texte = lire(facturer(eau, ada, date_echeance=date(2026, 11, 22)))

    assert "À régler dès que possible La date de paiement, le 22 novembre 2026, est passée." in texte
    assert "Payer en ligne" in texte


@pytest.mark.parametrize(
    ("champs", "mots"),
    [
        ({"date_limite_en_ligne": date(2026, 11, 22)}, "Adressez votre règlement au Trésor public"),
        ({"montant": Decimal("0.99")}, "Le paiement en ligne commence à 1 €."),
    ],
)
def test_ce_qui_ne_se_paie_pas_en_ligne_dit_quoi_faire_comme_la_page(eau, ada, champs, mots):
    texte = lire(facturer(eau, ada, **champs))

    assert mots in texte
    assert "Payer en ligne" not in texte


def test_un_paiement_suspendu_est_dit(eau, ada):
    factories.suspendre(eau, message="Un tarif est faux.", fin=datetime(2031, 6, 1, 16, tzinfo=UTC))

    texte = lire(facturer(eau, ada))
    dits = ("Le paiement a été temporairement suspendu. Un tarif est faux.", "reprendra le 1er juin 2031 à 18:00.")
    assert [dit in texte for dit in dits] == [True, True]


@pytest.mark.parametrize(
    ("cause", "attendu"),
    [
        (Empechement.PAIEMENT_EN_COURS, "Un paiement est en cours pour cette facture."),
        (Empechement.PAIEMENT_ABANDONNE, "À régler avant le 15 décembre 2026 Payer en ligne"),
    ],
)
def test_un_paiement_en_cours_se_dit_et_un_abandon_s_oublie(eau, ada, monkeypatch, cause, attendu):
    monkeypatch.setattr(registre, "operations", lambda: [(Q(reste_du__gt=0), cause)])

    assert attendu in lire(facturer(eau, ada))


# Sa mise en page.


@pytest.mark.parametrize("nombre", [1, 5, 8, 9, 10, 11, 12, 13, 14, 15, 40, 60])
def test_chaque_ligne_est_imprimee_une_fois_quel_que_soit_le_changement_de_page(eau, ada, nombre):
    lignes = [(f"Repas numéro {n:03d}.", "4.20") for n in range(nombre)]
    feuillets = pages(facturer(eau, ada, montant=Decimal("4.20") * nombre, lignes=lignes))
    texte = " ".join(feuillets)

    assert re.findall(r"Repas numéro \d{3}\.", texte) == [libelle for libelle, _ in lignes]
    assert [texte.count(mot) for mot in ("Reste dû", "Montant de la facture", "Payer autrement")] == [1, 1, 1]
    assert re.findall(r"Page \d+ sur \d+", texte) == [
        f"Page {n + 1} sur {len(feuillets)}" for n in range(len(feuillets))
    ]
    assert [feuillet.count("Désignation Montant") for feuillet in feuillets] == [1] * len(feuillets)


def test_soixante_lignes_tiennent_en_trois_pages(eau, ada):
    lignes = [(f"Repas du {n}", "4.20", "1", "4,20 €") for n in range(60)]

    assert len(pages(facturer(eau, ada, montant=Decimal(252), lignes=lignes))) == 3


def test_des_textes_demesures_restent_dans_la_page(eau, ada):
    redevable = {"nom": "N" * 80, "prenom": "P" * 80, "adresse": "A" * 200, "ville": "V" * 80, "code": "C" * 40}
    champs = {"numero": "N" * 40, "reference": "X" * 40, "objet": "O" * 160}
    ligne = ("W" * 200, "1.00", "9" * 30, "8" * 30)
    facture = facturer(eau, ada, redevable=redevable, lignes=[ligne], **champs)

    with pypdfium2.PdfDocument(composer_document(facture)) as pdf:
        page = pdf[0]
        cadres = [page.get_textpage().get_charbox(n) for n in range(page.get_textpage().count_chars())]
        texte = "".join(page.get_textpage().get_text_range().split())
    marge, largeur = 51, 595 - 51  # 18 mm, en points
    assert [c for c in cadres if c[2] > c[0] and not marge - 1 <= c[0] <= c[2] <= largeur + 1] == []
    longueurs = {"X": 40, "O": 160, "W": 200, "A": 200, "C": 40}
    assert [lettre for lettre, longueur in longueurs.items() if lettre * longueur not in texte] == []


def test_un_texte_saisi_ne_devient_jamais_du_html(eau, ada):
    texte = lire(facturer(eau, ada, objet="<b>gras</b> & <img src='file:///etc/passwd'>", lignes=[("<tr>", "1.00")]))

    assert "<b>gras</b> & <img src='file:///etc/passwd'>" in texte
    assert "<tr> 1,00 €" in texte


# Ses balises.


def test_le_document_est_balise_et_dit_son_titre_et_sa_langue(eau, ada):
    with pikepdf.open(BytesIO(composer_document(facturer(eau, ada, objet="Eau")))) as pdf:
        assert (pdf.Root.Lang, pdf.Root.MarkInfo.Marked) == ("fr", True)
        assert pdf.Root.ViewerPreferences.DisplayDocTitle is True
        assert pdf.Root.StructTreeRoot.K[0].S == "/Document"
        assert pdf.docinfo["/Title"] == "Facture n° 2026-EAU-1317 — Ville de Boé"
        assert (pdf.docinfo["/Author"], pdf.docinfo["/Subject"]) == ("Ville de Boé", "Eau")


def test_les_polices_sont_libres_et_embarquees(eau, ada):
    with pikepdf.open(BytesIO(composer_document(facturer(eau, ada)))) as pdf:
        polices = [o for o in pdf.objects if isinstance(o, pikepdf.Dictionary) and o.get("/Type") == "/FontDescriptor"]
        assert {str(p.FontFamily) for p in polices} == {"Atkinson Hyperlegible"}
        assert [p for p in polices if "/FontFile2" not in p and "/FontFile3" not in p] == []
        toutes = [o for o in pdf.objects if isinstance(o, pikepdf.Dictionary) and o.get("/Type") == "/Font"]
        assert {str(police.Subtype) for police in toutes} == {"/Type0", "/CIDFontType2"}


def test_le_document_ne_contient_rien_qui_s_execute(eau, ada):
    with pikepdf.open(BytesIO(composer_document(facturer(eau, ada)))) as pdf:
        tous = [d for objet in pdf.objects for d in dictionnaires(objet)]
        cles = {cle for d in tous for cle in d.keys()}  # noqa: SIM118  # un dictionnaire de pikepdf n'est pas itérable
        actions = {str(d.S) for d in tous if d.get("/Type") == "/Action"}
    assert cles & {"/JS", "/JavaScript", "/OpenAction", "/AA", "/EmbeddedFiles", "/AF", "/AcroForm"} == set()
    assert actions == {"/URI"}


def dictionnaires(objet: pikepdf.Object) -> Iterator[pikepdf.Dictionary]:
    """L'objet et tout ce qu'il contient en propre, sans suivre ses références."""
    if isinstance(objet, pikepdf.Stream):
        yield from dictionnaires(objet.stream_dict)
    elif isinstance(objet, pikepdf.Dictionary | pikepdf.Array):
        if isinstance(objet, pikepdf.Dictionary):
            yield objet
        for enfant in objet.values() if isinstance(objet, pikepdf.Dictionary) else objet:
            if isinstance(enfant, pikepdf.Dictionary | pikepdf.Array) and not enfant.is_indirect:
                yield from dictionnaires(enfant)


def test_les_en_tetes_de_tableau_disent_leur_portee(balises):
    portees = [str(th.A.Scope) for th in balises("/TH")]

    assert (portees.count("/Column"), portees.count("/Row"), len(portees)) == (4, 7, 11)


def test_chaque_cellule_renvoie_a_ses_en_tetes(balises):
    cellules = balises("/TD")
    assert len(cellules) == 3 * 4 + 7
    assert [c for c in cellules if not len(c.A.Headers)] == []


def test_le_titre_et_la_legende_sont_balises(balises):
    assert [len(balises(genre)) for genre in ("/H1", "/H2", "/H3", "/Table", "/Caption")] == [1, 1, 3, 3, 1]


def test_le_pied_de_page_n_est_pas_relu_a_chaque_page(eau, ada):
    facture = facturer(eau, ada, montant=Decimal(30), lignes=[("Repas", "1.00")] * 30)

    with pikepdf.open(BytesIO(composer_document(facture))) as pdf:
        assert len(pdf.pages) == 2
        for page in pdf.pages:
            ouverts, vus = [], set()
            for operation in pikepdf.parse_content_stream(page):
                if str(operation.operator) in {"BMC", "BDC"}:
                    ouverts.append(operation.operands)
                elif str(operation.operator) == "EMC":
                    ouverts.pop()
                elif str(operation.operator) in {"TJ", "Tj"}:
                    [(genre, proprietes)] = ouverts
                    vus.add((str(genre), str(proprietes.get("/Type", ""))))
            assert vus == {("/Span", ""), ("/Artifact", "/Pagination")}


def test_les_liens_sont_decrits_et_s_impriment(eau, ada):
    facture = facturer(eau, ada)
    adresses = ("http://localhost/?LIEN=M470310001", registre.adresse_de_papier(facture))
    with pikepdf.open(BytesIO(composer_document(facture))) as pdf:
        liens = list(pdf.pages[0].Annots)
        lus = [(str(lien.A.URI), str(lien.Contents), int(lien.F)) for lien in liens]
        assert lus == [(adresse, adresse, 4) for adresse in adresses]


def test_le_code_de_papier_n_est_que_sur_ce_qui_se_paie_en_ligne(eau, ada, monkeypatch):
    dessines = []
    monkeypatch.setattr("factures.services.documents.dessiner", lambda texte: dessines.append(texte) or dessiner(texte))
    facture = facturer(eau, ada)
    with pikepdf.open(BytesIO(composer_document(facture))) as pdf:
        [figure] = [o for o in pdf.objects if isinstance(o, pikepdf.Dictionary) and o.get("/S") == "/Figure"]
        assert str(figure.Alt) == "Code QR de l'adresse écrite à côté"
    assert dessines == [registre.adresse_de_papier(facture)]
    recevoir(facture, "243.11")
    assert ("/p/" in lire(facture), len(dessines)) == (False, 1)


# Sa fabrication.


@pytest.mark.parametrize("nombre", [0, 60])
def test_trois_requetes_suffisent_quel_que_soit_le_nombre_de_lignes(eau, ada, nombre, django_assert_num_queries):
    facture = facturer(eau, ada, lignes=[("Repas", "1.00")] * nombre)
    recevoir(facture, "10.00")
    relue = Facture.objects.select_related("collectivite").get(pk=facture.pk)

    with django_assert_num_queries(3):
        composer_document(relue)


def test_la_meme_facture_donne_les_memes_octets_le_meme_jour(eau, ada):
    facture = facturer(eau, ada, lignes=LIGNES)

    assert composer_document(facture) == composer_document(Facture.objects.get())


def test_la_couleur_et_le_logo_sont_ceux_de_la_commune(eau, ada, boe):
    boe.couleur = "#7a1f5c"
    boe.save()

    with pypdfium2.PdfDocument(composer_document(facturer(eau, ada))) as pdf:
        assert pdf[0].render().to_pil().convert("RGB").getpixel((300, 3)) == (0x7A, 0x1F, 0x5C)


@pytest.mark.parametrize(
    ("numero", "nom"),
    [
        ("2026-1317", "facture-2026-1317.pdf"),
        ("F 2026/0042", "facture-F-2026-0042.pdf"),
        ("été n°4", "facture-été-n-4.pdf"),
        ("../../etc/passwd", "facture-etc-passwd.pdf"),
        ("..", "facture-sans-numero.pdf"),
        ("", "facture-sans-numero.pdf"),
        ("a\r\nSet-Cookie: b=c", "facture-a-Set-Cookie-b-c.pdf"),
        ('a"; filename="b.exe', "facture-a-filename-b-exe.pdf"),
        ("a\x00b\u202egnp.exe", "facture-a-b-gnp-exe.pdf"),
        ("C:\\CON", "facture-C-CON.pdf"),
        ("e\u0301te\u0301", "facture-été.pdf"),
    ],
)
def test_le_nom_du_fichier_est_sur_quel_que_soit_le_numero_imprime(numero, nom):
    assert nom_du_document(Facture(numero=numero)) == nom


def test_un_avoir_donne_son_nom_au_fichier():
    assert nom_du_document(Facture(numero="7", nature="avoir")) == "avoir-7.pdf"


@pytest.mark.parametrize(
    ("numero", "disposition"),
    [
        ('a"b\r\nX: y', 'attachment; filename="facture-a-b-X-y.pdf"'),
        ("../é", "attachment; filename*=utf-8''facture-%C3%A9.pdf"),
    ],
)
def test_la_vue_envoie_le_document_sous_un_nom_sur(eau, ada, boe, connecter, numero, disposition):
    facture = facturer(eau, ada, numero=numero)

    reponse = connecter(ada, chez=boe).get(f"{facture.get_absolute_url()}pdf/")

    assert (reponse.status_code, reponse["Content-Type"]) == (200, "application/pdf")
    assert reponse["Content-Disposition"] == disposition
    assert b"".join(reponse.streaming_content).startswith(b"%PDF-1.7")
