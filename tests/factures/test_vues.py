"""L'accueil, la liste et la facture, tels que la personne les lit."""

from datetime import date, timedelta
from decimal import Decimal

import factories
import pytest
from lxml import html

from factures.etats import EtatFacture, Moyen, Statut
from factures.services import encaisser, marquer

AUJOURD_HUI = date.today()
NBSP = "\N{NO-BREAK SPACE}"
FINE = "\N{NARROW NO-BREAK SPACE}"


@pytest.fixture
def client(ada, boe, connecter):
    """Ada, connectée à Boé."""
    return connecter(ada, chez=boe)


@pytest.fixture
def redevable(boe, ada):
    return factories.redevable(boe, ada, nom="LOVELACE", prenom="Ada", code="C-42")


def page(reponse):
    assert reponse.status_code == 200
    return html.fromstring(reponse.content)


def mots(element) -> str:
    return " ".join(element.text_content().replace(NBSP, " ").replace(FINE, " ").split())


def tous(element, chemin: str) -> list[str]:
    return [mots(e) for e in element.xpath(chemin)]


def objets(lue) -> list[str]:
    return tous(lue, "//*[@class='facture-objet']")


def etats(lue) -> list[str]:
    return [str(e) for e in lue.xpath("//main//@data-etat")]


def boutons(lue) -> list[str]:
    return tous(lue, "//main//button | //main//a[starts-with(@class, 'bouton')]")


def creer(redevable, regie, objet, *, il_y_a=10, **champs):
    emise = AUJOURD_HUI - timedelta(days=il_y_a)
    return factories.facture(redevable, regie, objet=objet, date_emission=emise, **champs)


@pytest.mark.sqlite
def test_l_accueil_dit_bienvenue_et_ce_qui_reste_a_regler(client, redevable, eau):
    creer(redevable, eau, "due")
    creer(redevable, eau, "soldée", reste_du=Decimal(0))
    creer(redevable, eau, "avoir", montant=Decimal("-5.00"))
    lue = page(client.get("/"))
    assert tous(lue, "//h1") == ["Bienvenue sur le portail de dématérialisation"]
    assert tous(lue, "//h2[@id='a-regler']") == ["Vous avez 1 facture à régler"]
    assert tous(lue, "//*[@class='somme']") == ["243,11 €"]
    rubriques = ["Mes factures", "Mes informations", "Contact", "Ada LOVELACE", "Déconnexion"]
    assert tous(lue, "//header//nav//li") == rubriques


def test_l_accueil_compte_au_pluriel_et_sait_qu_il_n_y_a_rien(client, redevable, eau):
    assert tous(page(client.get("/")), "//h2[@id='a-regler']") == ["Vous n'avez rien à régler"]
    creer(redevable, eau, "une")
    creer(redevable, eau, "deux")
    lue = page(client.get("/"))
    assert tous(lue, "//h2[@id='a-regler']") == ["Vous avez 2 factures à régler"]
    assert tous(lue, "//*[@class='somme']") == ["486,22 €"]


@pytest.mark.sqlite
def test_la_liste_montre_ce_qui_est_a_payer_puis_l_historique_du_plus_recent_au_plus_ancien(client, redevable, eau):
    creer(redevable, eau, "payée récente", il_y_a=1, reste_du=Decimal(0))
    creer(redevable, eau, "due ancienne", il_y_a=300)
    creer(redevable, eau, "due récente", il_y_a=2)
    creer(redevable, eau, "annulée", il_y_a=3, statut=Statut.ANNULEE, motif_annulation="Erreur")
    creer(redevable, eau, "avoir", il_y_a=4, montant=Decimal("-5.00"))
    creer(redevable, eau, "brouillon", statut=Statut.BROUILLON, publiee_le=None)
    lue = page(client.get("/factures/"))
    assert objets(lue) == ["due récente", "due ancienne", "payée récente", "annulée", "avoir"]
    assert tous(lue, "//section/h2") == ["À payer", "Historique"]
    assert etats(lue) == ["a-payer", "a-payer", "payee", "annulee", "avoir"]


@pytest.mark.sqlite
def test_le_total_du_compte_les_marquees_et_ni_les_annulees_ni_les_avoirs_ni_les_payees(client, ada, redevable, eau):
    creer(redevable, eau, "due", montant=Decimal("1000.10"))
    marquer(facture=creer(redevable, eau, "marquée", montant=Decimal("200.02")), usager=ada, reglee=True)
    creer(redevable, eau, "entamée", montant=Decimal("80.00"), reste_du=Decimal("34.44"))
    creer(redevable, eau, "prélevée", montant=Decimal("0.01"), date_prelevement=AUJOURD_HUI)
    creer(redevable, eau, "payée", reste_du=Decimal(0))
    creer(redevable, eau, "annulée", statut=Statut.ANNULEE, motif_annulation="Erreur")
    creer(redevable, eau, "avoir", montant=Decimal("-500.00"))
    creer(redevable, eau, "brouillon", statut=Statut.BROUILLON, publiee_le=None)
    assert tous(page(client.get("/factures/")), "//*[@class='somme']") == ["1 234,57 €"]
    assert tous(page(client.get("/factures/?etat=payee")), "//*[@class='somme']") == ["1 234,57 €"]


@pytest.fixture
def variees(boe, ada, redevable, eau):
    cantine = factories.regie(boe, code="CANTINE", libelle="Restauration scolaire")
    debut = {"date_emission": date(2025, 1, 1), "date_echeance": None}
    fin = {"date_emission": date(2024, 12, 31), "date_echeance": None}
    factories.facture(redevable, eau, objet="eau 2025", **debut)
    factories.facture(redevable, eau, objet="eau 2024", reste_du=Decimal(0), **fin)
    factories.facture(redevable, cantine, objet="cantine 2025", reste_du=Decimal(0), **debut)


FILTRES = [
    ("", ["eau 2025", "cantine 2025", "eau 2024"]),
    ("?annee=2024", ["eau 2024"]),
    ("?annee=2025", ["eau 2025", "cantine 2025"]),
    ("?service=CANTINE", ["cantine 2025"]),
    ("?etat=payee", ["cantine 2025", "eau 2024"]),
    ("?annee=2025&service=EAU&etat=a-payer", ["eau 2025"]),
    ("?annee=2024&service=CANTINE", []),
    ("?annee=&service=&etat=", ["eau 2025", "cantine 2025", "eau 2024"]),
]


@pytest.mark.sqlite
@pytest.mark.usefixtures("variees")
@pytest.mark.parametrize(("adresse", "attendus"), FILTRES)
def test_la_liste_se_filtre_par_annee_service_et_etat(client, adresse, attendus):
    lue = page(client.get(f"/factures/{adresse}"))
    assert objets(lue) == attendus
    assert tous(lue, "//*[@class='carte vide']/h2") == ([] if attendus else ["Aucune facture ne correspond"])


@pytest.mark.usefixtures("variees")
@pytest.mark.parametrize(
    "adresse",
    [
        "?annee=1999", "?annee=abc", "?annee=2025.0", "?annee=%00", "?service=ZZZ", "?service=' OR 1=1", "?etat=paye",
        "?etat=%F0%9F%92%A9", "?inconnu=1", "?annee=99999999999999999999", "?page=0", "?page=abc", "?page=-1",
    ],
)  # fmt: skip
def test_un_filtre_ou_une_page_qui_n_existe_pas_ne_filtre_rien(client, adresse):
    assert objets(page(client.get(f"/factures/{adresse}"))) == ["eau 2025", "cantine 2025", "eau 2024"]


@pytest.mark.usefixtures("variees")
def test_un_filtre_faux_n_empeche_pas_les_autres(client):
    assert objets(page(client.get("/factures/?annee=abc&service=CANTINE"))) == ["cantine 2025"]


@pytest.mark.usefixtures("variees")
def test_les_filtres_ne_proposent_que_ce_que_la_personne_a(client, boe, bob, eau):
    factories.facture(
        factories.redevable(boe, bob), factories.regie(boe, libelle="Crèche"), date_emission=date(2020, 1, 1)
    )
    lue = page(client.get("/factures/"))
    assert tous(lue, "//select[@name='annee']/option") == ["Toutes", "2025", "2024"]
    assert sorted(tous(lue, "//select[@name='service']/option")) == [
        "Eau et assainissement",
        "Restauration scolaire",
        "Tous",
    ]
    assert tous(lue, "//select[@name='etat']/option") == ["Tous", *(str(etat.label) for etat in EtatFacture)]


@pytest.mark.parametrize(("nombre", "premiere", "seconde"), [(24, 24, None), (25, 24, 1)])
def test_la_liste_va_par_pages_de_24(client, redevable, eau, nombre, premiere, seconde):
    for n in range(nombre):
        creer(redevable, eau, f"facture {n}", il_y_a=n)
    lue = page(client.get("/factures/?service=EAU"))
    suites = [str(lien) for lien in lue.xpath("//a[@rel='next']/@href")]
    assert len(objets(lue)) == premiere
    assert suites == ([] if seconde is None else ["?service=EAU&page=2"])
    if seconde is not None:
        derniere = page(client.get("/factures/?service=EAU&page=2"))
        assert objets(derniere) == ["facture 24"]
        assert objets(page(client.get("/factures/?page=99"))) == ["facture 24"]  # au-delà : la dernière
        assert [str(lien) for lien in derniere.xpath("//a[@rel='prev']/@href")] == ["?service=EAU&page=1"]


def test_sans_aucune_facture_la_liste_dit_pourquoi(client):
    lue = page(client.get("/factures/"))
    assert tous(lue, "//main//h2") == ["Vous n'avez pas encore de facture ici"]
    assert (lue.xpath("//form[@role='search']"), tous(lue, "//*[@class='somme']")) == ([], [])


@pytest.mark.sqlite
def test_la_facture_dit_tout_ce_qu_elle_porte(client, redevable, eau):
    facture = factories.facture(
        redevable,
        eau,
        numero="2026-EAU-1317",
        reference="X0000301010000001317",
        objet="Eau <b>2026</b>",
        date_emission=date(2026, 1, 2),
        date_echeance=date(2036, 2, 3),
        date_limite_en_ligne=date(2036, 3, 4),
        lignes=[("Abonnement", Decimal("200.00")), ("Consommation", Decimal("43.11"))],
    )
    encaisser(
        facture=facture,
        montant=Decimal("40.00"),
        moyen=Moyen.ESPECES,
        origine="guichet:1",
        recu_le="2026-01-05T09:00:00Z",
    )
    lue = page(client.get(facture.get_absolute_url()))
    assert tous(lue, "//h1") == ["Eau <b>2026</b>"]
    assert dict(zip(tous(lue, "//dt"), tous(lue, "//dd"), strict=True)) == {
        "Numéro": "2026-EAU-1317",
        "Référence": "X0000301010000001317",
        "Service": "Eau et assainissement, Ville de Boé",
        "Adressée à": "Madame LOVELACE Ada 1 rue des Tests 47550 Boé",
        "Code client": "C-42",
        "Date de la facture": "2 janvier 2026",
        "À régler avant le": "3 février 2036",
        "Payable en ligne jusqu'au": "4 mars 2036",
    }
    assert [tous(ligne, "./th | ./td") for ligne in lue.xpath("//table//tr")][1:] == [
        ["Abonnement", "", "", "200,00 €"],
        ["Consommation", "", "", "43,11 €"],
        ["Montant de la facture", "243,11 €"],
        ["Déjà réglé", "40,00 €"],
        ["Reste dû", "203,11 €"],
    ]
    assert tous(lue, "//ul[@class='reglements']/li") == ["Reçu le 5 janvier 2026, espèces 40,00 €"]
    assert (etats(lue), tous(lue, "//*[@class='somme']")) == (["partiellement-payee"], ["203,11 €"])


@pytest.mark.sqlite
def test_une_grande_liste_se_lit_comme_une_petite(client, bob, redevable, eau, monkeypatch):
    # Une date pour trois factures : à égalité, l'ordre et la coupure des pages ne doivent pas dépendre du chemin.
    for n in range(50):
        reste = {"reste_du": Decimal(0)} if n % 4 == 0 else {}
        creer(redevable, eau, f"n° {n}", il_y_a=n // 3, montant=Decimal(n + 1), **reste)
    factories.facture(factories.redevable(redevable.collectivite, bob), eau, objet="celle de Bob")
    petite = [objets(page(client.get(f"/factures/?page={n}"))) for n in (1, 2, 3)]
    monkeypatch.setattr("factures.models.liste.GRAND_COMPTE", 0)
    assert [objets(page(client.get(f"/factures/?page={n}"))) for n in (1, 2, 3)] == petite
    assert [len(lignes) for lignes in petite] == [24, 24, 2]
    assert len({objet for lignes in petite for objet in lignes}) == 50
