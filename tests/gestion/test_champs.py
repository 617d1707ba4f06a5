"""Ce que chaque rôle lit d'un objet, champ par champ ; la table est aussi, en mots, docs/roles.md."""

import pytest
from django.contrib import admin
from django.utils import timezone

from comptes.models import Rattachement
from factures.registre import adresse_de_papier
from portail.gestion import registre
from portail.gestion.champs import PARTOUT
from portail.journal import noter
from portail.models import Role
from tests.gestion.conftest import adresse, agent_de, listes, ouvrir_le_contenu

TOUS = {"lecture", "relation", "facturation", "administration", "exploitant"}
SAUF_LECTURE = TOUS - {"lecture"}
COMPTABLES = SAUF_LECTURE - {"relation"}
ENCADREMENT = {"administration", "exploitant"}

# Qui lit chaque champ réservé (l'exploitant : l'accès ouvert). Un champ qui n'y est pas se lit avec son objet.
CHAMPS = {
    ("comptes.usager", "email"): SAUF_LECTURE,
    ("comptes.redevable", "adresse"): SAUF_LECTURE,
    ("comptes.redevable", "courriel"): SAUF_LECTURE,
    ("comptes.activation", "courriel"): SAUF_LECTURE,
    ("comptes.choixenvoi", "adresse"): SAUF_LECTURE,
    ("comptes.choixenvoi", "reference"): SAUF_LECTURE,
    ("factures.facture", "adresse_du_papier"): SAUF_LECTURE,
    ("factures.facture", "motif_annulation"): SAUF_LECTURE,
    ("factures.facture", "motif_attente"): SAUF_LECTURE,
    ("paiement_tipi.paiement", "mel"): SAUF_LECTURE,
    ("paiement_tipi.paiement", "resultat"): COMPTABLES,
    ("paiement_tipi.paiement", "numauto"): COMPTABLES,
    ("portail.courriel", "destinataire"): SAUF_LECTURE,
    ("portail.journal", "changements"): ENCADREMENT,
}
# Sous ce nom, de tout objet et de tout historique.
MOTIFS = {"motif": SAUF_LECTURE, "raison": SAUF_LECTURE}
# Les modèles entiers que ne voient pas tous les rôles.
MODELES = {
    "portail.affectation": ENCADREMENT,
    "portail.journal": ENCADREMENT,
    "comptes.visite": ENCADREMENT,
    "paiement_tipi.notificationtipi": COMPTABLES,
    "paiement_tipi.echangepayfip": COMPTABLES,
    "contact.demande": SAUF_LECTURE,
}
# Ce que personne ne change à la main.
JAMAIS_A_LA_MAIN = ("factures.reglement", "factures.lignefacture", "paiement_tipi.partpaiement")


def test_la_table_dit_tous_les_champs_reserves_et_eux_seuls():
    declares = {
        (a.opts.label_lower, champ): {r.value for r in roles}
        for a in admin.site._registry.values()
        for champ, roles in a.champs_reserves.items()
    }
    assert declares == CHAMPS
    assert {champ: {r.value for r in roles} for champ, roles in PARTOUT.items()} == MOTIFS
    fermes = {a.opts.label_lower: {r.value for r in a.lecteurs} for a in admin.site._registry.values()}
    assert {nom: roles for nom, roles in fermes.items() if roles != TOUS} == MODELES
    filtres = [(a.opts.label_lower, f) for a in admin.site._registry.values() for f in a.list_filter]
    assert [f for f in filtres if f in CHAMPS] == []  # un filtre dirait la valeur d'un champ qu'on ne lit pas


def test_personne_ne_change_un_reglement_ni_un_paiement_a_la_main():
    actes = {nom: [acte.nom for acte in registre.actes(nom)] for nom in JAMAIS_A_LA_MAIN}
    # Un règlement ne change pas : on en écrit le contraire.
    assert actes == {nom: [] for nom in JAMAIS_A_LA_MAIN} | {"factures.reglement": ["rejeter"]}
    # Par URL, l'agent dit ce que le Trésor en sait ; le service seul en fait un règlement.
    assert [acte.nom for acte in registre.actes("paiement_tipi.paiement")] == ["interroger", "confirmer", "infirmer"]


@pytest.fixture
def valeurs(monde) -> dict[tuple[str, str], str]:
    """Chaque champ réservé porte un texte qu'on ne trouve nulle part ailleurs, pas même dans un jeton CSRF."""
    courts = {("paiement_tipi.paiement", "resultat")}
    secrets = {cle: ("z-q-x-zq" if cle in courts else f"secret-{n}@exemple.fr") for n, cle in enumerate(CHAMPS)}
    for (modele, champ), valeur in secrets.items():
        objet = monde.ici[modele]
        if champ == "adresse_du_papier":  # calculée
            secrets[modele, champ] = adresse_de_papier(objet)
        elif modele not in {"portail.journal", "comptes.choixenvoi"}:  # on ne fait qu'y ajouter
            type(objet).objects.filter(pk=objet.pk).update(**{champ: valeur})
    fait = {champ: {"x": secrets["portail.journal", "changements"]} for champ in ("avant", "apres")}
    noter("essai", sur=monde.la_bas["factures.facture"], collectivite=monde.boe.pk, **fait)  # d'aucun historique d'ici
    monde.ici["portail.journal"] = type(monde.ici["portail.journal"]).objects.latest("pk")
    choix = {champ: secrets["comptes.choixenvoi", champ] for champ in ("adresse", "reference")}
    redevable = monde.ici["comptes.redevable"]
    monde.ici["comptes.choixenvoi"] = redevable.choix_envoi.create(
        collectivite=monde.boe, mode="papier", moyen="service", **choix
    )
    return secrets


def pages_de(client, objet) -> str:
    """Sa liste, sa fiche et son historique."""
    liste = f"/gestion/{objet._meta.label_lower.replace('.', '/')}/"
    return "".join(client.get(page).content.decode() for page in (liste, adresse(objet), adresse(objet, "history")))


@pytest.mark.parametrize("role", sorted(TOUS))
def test_chaque_role_lit_ce_que_dit_la_table_et_rien_de_plus(monde, valeurs, connecter, role):
    client = connecter(agent_de(monde.boe, role), chez=monde.boe)
    if role == "exploitant":
        ouvrir_le_contenu(client)
    pages = {modele: pages_de(client, monde.ici[modele]) for modele in {modele for modele, _champ in CHAMPS}}
    lus = {(modele, champ) for (modele, champ), valeur in valeurs.items() if valeur in pages[modele]}
    assert lus == {cle for cle, roles in CHAMPS.items() if role in roles}


@pytest.mark.parametrize("role", ["lecture", "relation"])
def test_ce_qui_est_reserve_ne_se_lit_pas_non_plus_par_un_autre_objet(monde, valeurs, connecter, role):
    toutes = tout_lire(connecter(agent_de(monde.boe, role), chez=monde.boe), monde)
    assert [cle for cle, roles in CHAMPS.items() if role not in roles and valeurs[cle] in toutes] == []


def test_sans_ouverture_l_exploitant_ne_lit_ni_champ_reserve_ni_nom_d_habitant_ni_montant(monde, valeurs):
    type(monde.ici["comptes.usager"]).objects.filter(nom="NOM").update(nom="HABITANTE")
    toutes = tout_lire(monde.chez["exploitant"], monde)
    interdits = (*valeurs.values(), "DUPONT", "HABITANTE", "243,11", "242,11", "24311", "24211")
    assert [mot for mot in interdits if mot in toutes] == []
    assert "Eau " in toutes  # ce qui est de la commune se lit


def tout_lire(client, monde) -> str:
    """L'accueil, chaque liste, chaque fiche et chaque historique."""
    pages = [adresse(objet, page) for objet in monde.ici.values() for page in ("change", "history")]
    return "".join(client.get(page).content.decode() for page in ("/gestion/", *listes(), *pages))


def test_les_motifs_se_taisent_jusque_dans_l_historique(monde, connecter):
    rattachement = monde.ici["comptes.rattachement"]
    Rattachement.objects.filter(pk=rattachement.pk).update(
        etat="suspendu", motif="Séparation secrète", depuis=timezone.now()
    )
    noter("rattachement.suspendu", sur=rattachement, apres={"etat": "suspendu", "motif": "Motif du journal"})
    for role, lit in ((Role.LECTURE, False), (Role.RELATION, True)):
        pages = pages_de(connecter(agent_de(monde.boe, role), chez=monde.boe), rattachement)
        assert ("Séparation secrète" in pages, "Motif du journal" in pages) == (lit, lit)
        assert "État : suspendu par le service" in pages


def test_ce_qu_on_ne_lit_pas_ne_se_cherche_pas_ni_ne_mene_a_rien(monde, connecter):
    """Ni l'objet, ni ses factures : trouver par une adresse dirait à qui elle est."""
    type(monde.ici["paiement_tipi.paiement"]).objects.update(numauto="AUTO42")
    type(monde.ici["comptes.redevable"]).objects.filter(collectivite=monde.boe).update(courriel="connue@exemple.fr")
    recherches = {
        monde.ici["comptes.usager"].email: {"relation", "facturation"},
        "connue@exemple.fr": {"relation", "facturation"},
        "AUTO42": {"facturation"},
    }
    for role in ("lecture", "relation", "facturation"):
        client = connecter(agent_de(monde.boe, role), chez=monde.boe)
        for terme, trouvent in recherches.items():
            reponse = client.post("/gestion/recherche/", {"terme": terme}, follow=True)
            assert ("Rien ne correspond" not in reponse.content.decode()) is (role in trouvent), (role, terme)
        nommee = client.post("/gestion/recherche/", {"terme": "dupont"}, follow=True).content.decode()
        assert ("connue@exemple.fr" in nommee) is (role != "lecture")
