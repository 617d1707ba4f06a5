"""L'accueil de la gestion : des chiffres exacts, par période et par service, qui mènent aux lignes qu'ils comptent."""

import re
from datetime import timedelta
from decimal import Decimal
from html import unescape

import factories
import pytest
from django.utils import timezone

from comptes.models import ModeEnvoi
from factures.etats import Statut
from factures.models import BilanService
from factures.services import encaisser, tenir_le_bilan
from portail.gestion.registre import Carte, Chiffre, Contenu, _cartes, declarer_carte
from tests.gestion.conftest import MARQUE
from tests.gestion.test_pages import SOCLE, compter, lire

pytestmark = pytest.mark.sqlite

ACCUEIL = "/gestion/"
EUROS = "\N{NO-BREAK SPACE}€"
POURCENT = "\N{NO-BREAK SPACE}%"


def chiffres(page: str) -> dict[str, str]:
    """Chaque libellé d'une carte et sa valeur, blancs réunis."""
    paires = re.findall(r"<dt[^>]*>(.*?)</dt>\s*<dd>(.*?)</dd>", page, re.DOTALL)
    textes = ([unescape(re.sub(r"<[^>]+>", "", texte)) for texte in paire] for paire in paires)
    return {libelle.strip(): re.sub("[ \n]+", " ", valeur).strip() for libelle, valeur in textes}


@pytest.fixture
def scene(monde):
    """Six factures de deux services : payées en ligne et au guichet, en retard, à venir, lue, suspendue."""
    redevable, regie = monde.ici["comptes.redevable"], monde.ici["portail.regie"]
    hier = monde.boe.aujourd_hui() - timedelta(days=1)
    neuves = [factories.facture(redevable, regie, montant=Decimal(n)) for n in (10, 20, 30)]
    for facture, montant, origine in ((neuves[0], 15, "payfip:1"), (neuves[1], 20, "guichet")):
        encaisser(facture=facture, montant=Decimal(montant), moyen="carte", origine=origine, recu_le=timezone.now())
    factories.facture(redevable, regie, montant=Decimal(7), date_echeance=hier)
    creche = factories.regie(monde.boe, code="CRECHE", libelle="Crèche", suspendue=True)
    factories.facture(redevable, creche, montant=Decimal(5))
    factories.facture(redevable, creche, statut=Statut.BROUILLON, publiee_le=None)
    factories.redevable(monde.boe, mode_envoi=ModeEnvoi.ELECTRONIQUE)
    tenir_le_bilan(collectivite=monde.boe)
    return monde


def test_il_dit_ce_que_sont_devenues_les_factures_et_chaque_nombre_mene_a_ses_lignes(scene):
    client = scene.chez["agente"]
    page = lire(client, ACCUEIL)
    attendus = {
        "Publiées": "6",
        "Lues": f"1 16{POURCENT}",
        "Payées en ligne": f"1 16{POURCENT}",
        "Payées ailleurs": f"1 16{POURCENT}",
        "À régler, dans les délais": f"3 50{POURCENT}",
        "En retard": f"1 16{POURCENT}",
        "Taux de paiement en ligne": f"50{POURCENT}",
        "Montant publié": f"315,11{EUROS}",
        "Reste dû": f"284,11{EUROS}",
        "Dont en retard": f"7,00{EUROS}",
        "De services suspendus": "1",
        "Argent à rendre": "1",
        "Reçu en ligne": f"15,00{EUROS} 41{POURCENT}",
        "Reçu ailleurs": f"21,00{EUROS}",
        "En tout": f"36,00{EUROS}",
        "Avec un compte": f"1 50{POURCENT}",
        "Sans compte": f"1 50{POURCENT}",
        "Au format électronique": f"1 50{POURCENT}",
        "Au format papier": f"1 50{POURCENT}",
        "Crèche": "Suspendu, sans date de reprise",
        "Eau": "En marche",
        "En cours": "0",
        "Anomalies": "1",
        "PayFiP ne répond pas": "0",
        "À envoyer": "0",
        "Refusés par l'adresse": "1",
        "Abandonnés après trop d'essais": "0",
    }
    lus = chiffres(page)
    assert {nom: lus.get(nom) for nom in attendus} == attendus  # d'autres cartes sont à d'autres
    assert re.search(r"À jour à \d\d:\d\d\.", page)
    for lien, nombre in re.findall(r'<dd>\s*<a href="([^"]+)"[^>]*>(\d+)</a>', page):
        lignes = lire(client, unescape(lien))
        attendu = "Aucune ligne" if nombre == "0" else f"{nombre} ligne{'s' if int(nombre) > 1 else ''}\n"
        assert attendu in lignes, lien


def test_il_suit_le_service_et_les_dates_choisis(scene):
    client = scene.chez["agente"]
    creche = lire(client, f"{ACCUEIL}?service=CRECHE")
    lus = chiffres(creche)
    assert (lus["Publiées"], lus["Reste dû"], lus["Avec un compte"]) == ("1", f"5,00{EUROS}", f"1 100{POURCENT}")
    [lien] = re.findall(r'<a href="([^"]+suivi=publiees[^"]*)"', creche)
    assert "1 ligne\n" in lire(client, unescape(lien))
    avant = chiffres(lire(client, f"{ACCUEIL}?du=2020-01-01&au=2020-12-31"))
    assert (avant["Publiées"], avant["Reste dû"], avant["En tout"]) == ("0", f"0,00{EUROS}", f"0,00{EUROS}")
    assert 'svg class="dessin' not in lire(client, f"{ACCUEIL}?du=2020-01-01&au=2020-12-31")
    for adresse in re.findall(r'<a href="(\?[^"]*du=[^"]*)"', creche):
        assert "Crèche" in lire(client, f"{ACCUEIL}{unescape(adresse)}")


@pytest.mark.parametrize(
    ("choix", "phrase"),
    [
        ("du=2026-02-31&au=2026-03-01", "Saisissez une date valide."),
        ("du=2026-03-02&au=2026-03-01", "La première date doit venir avant la seconde, entre 2000 et 2100."),
        ("du=0001-01-01&au=9999-12-31", "La première date doit venir avant la seconde, entre 2000 et 2100."),
        ("service=INCONNU", "INCONNU"),
        ("du=%00&service=%00", "Saisissez une date valide."),
    ],
)
def test_un_choix_impossible_se_dit_et_laisse_les_douze_derniers_mois(scene, choix, phrase):
    page = lire(scene.chez["agente"], f"{ACCUEIL}?{choix}")
    assert phrase in page
    assert chiffres(page)["Publiées"] == "6"


def test_chaque_dessin_a_un_nom_une_description_et_son_tableau(scene):
    page = lire(scene.chez["agente"], ACCUEIL)
    dessins = re.findall(r'<svg class="dessin[^"]*"[^>]*role="img"[^>]*>', page)
    assert len(dessins) == 3  # deux services, et la courbe
    for dessin in dessins:
        [noms] = re.findall(r'aria-labelledby="([^"]+)"', dessin)
        assert all(f'id="{nom}"' in page for nom in noms.split())
    assert "4 factures publiées" not in page
    assert "5 factures publiées : payées en ligne 1, payées ailleurs 1," in page
    assert page.count("Les mêmes chiffres en tableau") == 2
    assert (" style=" in page, "nan" in page.lower().split('class="dessin')[1][:4000]) == (False, False)


def test_il_ne_montre_que_sa_commune_et_rien_a_l_exploitant_sans_acces(scene):
    tenir_le_bilan(collectivite=scene.ailleurs)
    assert MARQUE not in lire(scene.chez["agente"], ACCUEIL)
    assert chiffres(lire(scene.chez["agent_d_ailleurs"], ACCUEIL))["Publiées"] == "1"
    ferme = chiffres(lire(scene.chez["exploitant"], ACCUEIL))
    assert {"Publiées", "Reste dû", "Avec un compte"} & set(ferme) == set()
    assert chiffres(lire(scene.chez["exploitant_ouvert"], ACCUEIL))["Publiées"] == "6"


def test_il_dit_quand_les_chiffres_manquent_ou_vieillissent(monde):
    client = monde.chez["agente"]
    assert "Ces chiffres seront comptés dans quelques minutes." in lire(client, ACCUEIL)
    tenir_le_bilan(collectivite=monde.boe)
    BilanService.objects.update(compte_le=timezone.now() - timedelta(hours=2))
    assert "le travail de fond ne les tient plus à jour" in lire(client, ACCUEIL)


def test_il_coute_les_memes_requetes_pour_une_facture_que_pour_trente(monde):
    couts = []
    for nombre in (1, 29):
        for _ in range(nombre):
            factories.facture(monde.ici["comptes.redevable"], monde.ici["portail.regie"])
        tenir_le_bilan(collectivite=monde.boe)
        couts.append([compter(monde.chez[nom], ACCUEIL) for nom in ("agente", "administratrice")])
    assert couts[0] == couts[1]
    assert max(couts[0]) <= SOCLE + 18  # une ou deux par carte


def test_une_carte_peut_porter_une_note_et_se_tait_sans_chiffre(monde, monkeypatch):
    monkeypatch.setattr("portail.gestion.registre._cartes", dict(_cartes))
    declarer_carte(Carte("Vide", "factures.lotimport", lambda _commune: []))
    chiffre = Chiffre("Trois", 3, precision="sur quatre", alerte=True)
    declarer_carte(Carte("Notée", "factures.lignefacture", lambda _commune: Contenu([chiffre], note="Une note.")))
    page = lire(monde.chez["agente"], ACCUEIL)
    assert ("Vide" in page, "Une note." in page, chiffres(page)["Trois"]) == (False, True, "3 sur quatre")
