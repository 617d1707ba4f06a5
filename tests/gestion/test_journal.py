"""Le journal se lit en français : chaque action a sa phrase ; on retrouve un fait par objet, personne, jour."""

import ast
import re
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import factories
import pytest
from django.utils import timezone

from comptes.etats import EtatRattachement
from factures.etats import EtatLot, Statut
from factures.etats.depots import EtatDepot
from factures.etats.rapprochement import EtatDeclaration, EtatEcart
from factures.services import annuler, encaisser, marquer
from paiement_tipi.etats import EtatPaiement
from portail.etats import EtatCourriel
from portail.gestion import faits
from portail.journal import noter
from portail.models import Journal, Role
from tests.gestion.conftest import MARQUE, adresse, agent_de, rechercher
from tests.gestion.test_pages import SOCLE, compter
from tests.test_architecture import MODULES, arbre, fonctions

JOURNAL = "/gestion/portail/journal/"
# Les états que prennent les actions composées : « facture.{vers} ».
ETATS = {
    "courriel": set(EtatCourriel) - {EtatCourriel.A_ENVOYER},
    "declaration": set(EtatDeclaration) - {EtatDeclaration.DECLAREE},
    "depot": set(EtatDepot) - {EtatDepot.A_VERIFIER},
    "ecart": set(EtatEcart) - {EtatEcart.OUVERT},
    "facture": {Statut.PUBLIEE, Statut.ANNULEE},
    "lot": set(EtatLot) - {EtatLot.DEPOSE},
    "paiement": set(EtatPaiement),
    "rattachement": set(EtatRattachement),
}
NOM = re.compile(r"[a-z_]+\.[a-z_-]+")


def notees(module: Path) -> set[str]:
    """Les actions que ce module écrit : à ``noter``, ou à une fonction d'ici qui lui passe son argument."""
    relais = {"noter", "noter_chacun", "modifier"}  # de portail.services.modification
    relais |= {f.name for f in fonctions(module) if any(_passe(n, relais) for n in ast.walk(f))}
    appels = [n for n in arbre(module) if isinstance(n, ast.Call) and _nom(n) in relais]
    dits = {_action(n) for appel in appels for argument in appel.args for n in ast.walk(argument)}
    return {dit for dit in dits if NOM.fullmatch(dit)}


def _passe(noeud: ast.AST, relais: set[str]) -> bool:
    return (
        isinstance(noeud, ast.Call) and _nom(noeud) in relais and any(isinstance(a, ast.Name) for a in noeud.args[:1])
    )


def _nom(appel: ast.Call) -> str:
    return appel.func.id if isinstance(appel.func, ast.Name) else ""


def _action(noeud: ast.AST) -> str:
    """Le texte, ou « facture.x » pour ``f"facture.{vers}"``."""
    if isinstance(noeud, ast.JoinedStr) and isinstance(noeud.values[0], ast.Constant):
        return f"{noeud.values[0].value}x"
    return noeud.value if isinstance(noeud, ast.Constant) and isinstance(noeud.value, str) else ""


def test_chaque_action_ecrite_au_journal_a_sa_phrase():
    ecrites = {action for module in MODULES if "simulateur" not in module.parts for action in notees(module)}
    composees = {action.removesuffix(".x") for action in ecrites if action.endswith(".x")}
    assert composees == set(ETATS)
    ecrites = {a for a in ecrites if not a.endswith(".x")} | {f"{n}.{e}" for n, etats in ETATS.items() for e in etats}
    assert len(ecrites) > 60
    assert {action for action in ecrites | {"journal.retire"} if faits.phrase(action) == action} == set()
    phrases = [action for genre in faits.genres().values() for action in genre.phrases]
    assert len(phrases) == len(set(phrases))


def test_le_temoin_une_action_sans_phrase_se_verrait():
    assert "regie.suspendue" in notees(Path("portail/services/suspension.py"))  # par un relais
    assert "regie.modifiee" in notees(Path("portail/services/regies.py"))
    assert "paiement.x" in notees(Path("paiement_tipi/services/transitions.py"))
    assert faits.phrase("rien.connu") == "rien.connu"


def lire(client, chemin: str) -> str:
    reponse = client.get(chemin, follow=True)
    assert reponse.status_code == 200, chemin
    return reponse.content.decode()


@pytest.mark.sqlite
def test_il_dit_qui_a_fait_quoi_a_quoi_sans_uuid_ni_centimes(monde, agente):
    facture, client = monde.ici["factures.facture"], monde.chez["administratrice"]
    noter("facture.annulee", sur=facture, acteur=agente.pk, avant={"reste_du": 24311}, apres={"reste_du": 0})
    inconnu = factories.usager()
    noter("connexion.ouverte", sur=inconnu, acteur=inconnu.pk, collectivite=monde.boe.pk)
    page = lire(client, JOURNAL)
    assert f'Facture <a href="{adresse(facture)}">2026-1</a>' in page
    assert ("Facture annulée" in page, "Agente MAIRIE" in page) == (True, True)
    assert f"compte n° {inconnu.pk}" in page  # il n'est pas de la commune
    assert inconnu.nom not in page
    fiche = lire(client, adresse(Journal.objects.filter(action="facture.annulee").latest("pk")))
    assert "Reste dû : 243,11\N{NO-BREAK SPACE}€ → 0,00\N{NO-BREAK SPACE}€" in fiche
    assert MARQUE not in page


@pytest.mark.sqlite
def test_l_exploitant_lit_les_faits_sans_nom_d_habitant_ni_objet_ferme(monde):
    facture, habitante = monde.ici["factures.facture"], monde.ici["comptes.usager"]
    type(habitante).objects.filter(pk=habitante.pk).update(nom="HABITANTE")
    noter("facture.marquee", sur=facture, acteur=habitante.pk)
    page = lire(monde.chez["exploitant"], JOURNAL)
    assert ("Dite réglée" in page, f"compte n° {habitante.pk}" in page) == (True, True)
    assert ("HABITANTE" in page, adresse(facture) in page) == (False, False)
    assert "HABITANTE" in lire(monde.chez["exploitant_ouvert"], JOURNAL)


@pytest.mark.sqlite
def test_on_le_filtre_par_objet_par_personne_par_genre_et_par_jour(monde, agente):
    facture, client = monde.ici["factures.facture"], monde.chez["administratrice"]
    autre = factories.facture(monde.ici["comptes.redevable"], monde.ici["portail.regie"], numero="AUTRE-1")
    paris = ZoneInfo("Europe/Paris")
    noter("facture.annulee", sur=facture, acteur=agente.pk, le=datetime(2026, 3, 2, 0, 30, tzinfo=paris))
    noter("facture.marquee", sur=autre, acteur=None, le=datetime(2026, 3, 2, 23, 30, tzinfo=paris))
    noter("facture.demarquee", sur=autre, acteur=None, le=datetime(2026, 3, 3, 0, 30, tzinfo=paris))
    annulee, marquee, demarquee = (faits.phrase(f"facture.{a}") for a in ("annulee", "marquee", "demarquee"))
    attendus = {
        "du=2026-03-02&au=2026-03-02": {annulee, marquee},
        "du=2026-03-03&au=2026-03-03": {demarquee},
        "au=2026-03-02": {annulee, marquee},
        f"par={agente.pk}&genre=factures": {annulee},
        "par=site&genre=factures": {marquee, demarquee},
        "genre=contrats": set(),
        f"objet=factures.facture:{facture.uuid}&genre=factures&par={agente.pk}": {annulee},
        "objet=portail.courriel": set(),
        rechercher(client, "AUTRE-1"): {marquee, demarquee},
        rechercher(client, str(facture.uuid)): {annulee, marquee},  # marquée aussi, par une habitante
        rechercher(client, "facture.annulee"): {annulee},
        rechercher(client, agente.email): set(),  # une agente n'est pas une habitante de la commune
        rechercher(client, "introuvable"): set(),
    }
    for filtre, phrases in attendus.items():
        page = lire(client, f"{JOURNAL}?{filtre}")
        assert {p for p in (annulee, marquee, demarquee) if f">{p}<" in page} == phrases, filtre
    for impossible in ("du=2026-02-31", "au=9999-12-31", "du=x", "par=²", "par=999999999999", "objet=:", "genre=x"):
        assert annulee in lire(client, f"{JOURNAL}?{impossible}") or impossible.startswith("par=9"), impossible
    assert client.get(f"{JOURNAL}?le__gte=2026-01-01").status_code == 400


@pytest.mark.sqlite
def test_son_export_se_lit_sans_le_site(monde, agente):
    facture = monde.ici["factures.facture"]
    noter("facture.annulee", sur=facture, acteur=agente.pk, avant={"reste_du": 24311}, apres={"reste_du": 0})
    reponse = monde.chez["administratrice"].post(f"{JOURNAL}exporter/?genre=factures", {"format": "csv"})
    lignes = b"".join(reponse.streaming_content).decode("utf-8-sig").splitlines()
    assert lignes[0] == "Le;Fait;Genre d'objet;Objet;Identifiant de l'objet;Par;Ce qui a changé;Action"
    [ligne] = [ligne for ligne in lignes if "Facture annulée" in ligne]
    for mot in ("Facture;2026-1;", "Agente MAIRIE", "243,11\N{NO-BREAK SPACE}€", str(facture.uuid)):
        assert mot in ligne


# --- la frise


def frise(client, objet) -> list[tuple[str, str]]:
    """Chaque phrase et son auteur, de la plus ancienne à la plus récente."""
    page = lire(client, adresse(objet, "history"))
    dits = re.findall(r"<strong>(.*?)</strong>(.*?)</p>", page, re.DOTALL)
    qui = [re.search(r'<span class="doux">\s*par (.*?)\s*</span>', suite, re.DOTALL) for _phrase, suite in dits]
    return [(phrase, auteur[1] if auteur else "") for (phrase, _suite), auteur in zip(dits, qui, strict=True)]


@pytest.mark.sqlite
def test_la_frise_d_une_facture_raconte_tout_dans_l_ordre(monde, agente):
    facture, paiement = monde.ici["factures.facture"], monde.ici["paiement_tipi.paiement"]
    maintenant = timezone.now()
    type(facture).objects.filter(pk=facture.pk).update(publiee_le=maintenant - timedelta(days=9))
    type(facture.lot).objects.filter(pk=facture.lot_id).update(cree_le=maintenant - timedelta(days=10))
    annuler(factures=[facture], motif="Erreur de relevé")
    page = lire(monde.chez["agente"], adresse(facture))
    assert "Qu&#x27;est-il arrivé à cette facture ?" in page
    phrases = [phrase for phrase, _qui in frise(monde.chez["agente"], facture)]
    assert phrases[:2] == [
        "Reçue du logiciel de facturation : lot « Lot  »",
        "Publiée : ses lecteurs la voient sur le portail",
    ]
    assert {
        "Lue pour la première fois",
        "Paiement en ligne de 242,11\N{NO-BREAK SPACE}€ commencé",
        "1,00\N{NO-BREAK SPACE}€ reçus par carte bancaire",
        "Paiement expiré : la page de PayFiP s&#x27;est fermée",
        "PayFiP prévient qu&#x27;il y a du nouveau",
        "Dite réglée par la personne",
        "Facture annulée",
    } <= set(phrases)
    assert "Règlement enregistré" not in phrases  # déjà dit par le règlement lui-même
    page = lire(monde.chez["agente"], adresse(facture, "history"))
    assert "Erreur de relevé" in page
    assert MARQUE not in page
    assert adresse(paiement) in page


@pytest.mark.sqlite
def test_la_frise_tait_ce_que_le_role_ne_lit_pas(monde, connecter):
    facture = monde.ici["factures.facture"]
    annuler(factures=[facture], motif="Motif réservé")
    for role, motif, notification in (
        (Role.LECTURE, False, False), (Role.RELATION, True, False), (Role.FACTURATION, True, True),
    ):  # fmt: skip
        page = lire(connecter(agent_de(monde.boe, role), chez=monde.boe), adresse(facture, "history"))
        assert ("Motif réservé" in page, "PayFiP prévient" in page) == (motif, notification), role


@pytest.mark.sqlite
def test_le_paiement_et_son_accuse_sont_sur_la_frise(monde):
    paiement = monde.ici["paiement_tipi.paiement"]
    courriel = monde.ici["portail.courriel"]
    type(courriel).objects.filter(pk=courriel.pk).update(cle=f"paiement:{paiement.uuid}")
    for objet in (paiement, monde.ici["factures.facture"]):
        phrases = [phrase for phrase, _qui in frise(monde.chez["agente"], objet)]
        assert "Courriel à envoyer : accusé de réception du paiement" in phrases
        assert "Courriel refusé : accusé de réception du paiement" in phrases


@pytest.mark.sqlite
def test_la_frise_d_un_redevable_dit_ses_choix_ses_acces_et_ses_factures(monde):
    rattachement = monde.ici["comptes.rattachement"]
    noter("rattachement.suspendu", sur=rattachement, apres={"etat": "suspendu", "motif": "Séparation"})
    phrases = [phrase for phrase, _qui in frise(monde.chez["agente"], monde.ici["comptes.redevable"])]
    assert "Factures au format papier, par le service" in phrases
    assert "Accès suspendu par le service" in phrases
    assert "Facture 2026-1 publiée, 243,11\N{NO-BREAK SPACE}€" in phrases


@pytest.mark.sqlite
@pytest.mark.parametrize("nombre", [1, 30])
def test_le_journal_et_la_frise_coutent_autant_pour_une_ligne_que_pour_trente(monde, nombre):
    facture, client = monde.ici["factures.facture"], monde.chez["administratrice"]
    for n in range(nombre):
        autre = factories.facture(monde.ici["comptes.redevable"], monde.ici["portail.regie"])
        personne = factories.usager()
        encaisser(facture=facture, montant=Decimal(1), moyen="carte", origine=f"x:{n}", recu_le=timezone.now())
        marquer(facture=facture, usager=personne, reglee=True)
        facture.consultations.create(usager=personne, collectivite=monde.boe)
        noter("facture.marquee", sur=autre, acteur=personne.pk)
    # Le nombre et les lignes ; les agents que propose le filtre ; les auteurs, agents puis habitants ; les factures ;
    # et dès qu'il y a plusieurs pages, les clés de celle-ci.
    assert compter(client, f"{JOURNAL}?genre=factures") == SOCLE + 6 + (nombre > 1)
    # La facture ; lectures, règlements, confirmations, écarts, tentatives et leurs suites, courriels ; le journal, ses
    # auteurs, ses objets.
    assert compter(client, adresse(facture, "history")) == SOCLE + 13
