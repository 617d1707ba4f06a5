"""Rien d'une autre commune ne se voit, ne se devine ni ne se change depuis la gestion d'une commune."""

import factories
import pytest
from django.contrib import admin

from comptes.models import Rattachement, Redevable, Usager
from factures.etats import Statut
from factures.models import Facture
from paiement_tipi.models import ContratTipi
from portail.gestion.modele import AdminParCommune
from portail.gestion.site import SiteGestion
from portail.journal import noter
from portail.models import Affectation, Collectivite, Journal, Regie, Role
from tests.gestion.conftest import MARQUE, adresse, listes

SUITES = (
    "",
    f"?q={MARQUE}",
    "?o=1",
    "?o=-1.2.3",
    "?p=1",
    "?all=",
    "?_popup=1",
)


def lire(client, chemin: str) -> str:
    return client.get(chemin, follow=True).content.decode()


def test_chaque_modele_dit_ou_est_sa_commune_ou_qu_il_n_en_a_pas():
    for modele in admin.site._registry.values():
        if modele.installation:
            continue
        premier = modele.chemin_collectivite.split("__")[0]
        propre = type(modele).de_la_commune is not AdminParCommune.de_la_commune
        assert propre or modele.model._meta.get_field(premier).related_model is Collectivite, modele


@pytest.mark.parametrize("personne", ["lectrice", "agente", "administratrice", "exploitant_ouvert"])
def test_aucune_liste_aucun_filtre_aucune_recherche_ne_montre_l_autre_commune(monde, personne):
    # L'exploitant voit les tables de l'installation, et elles seules sans commune.
    de_l_installation = ("hote", "collectivite", "sceau", "dbtaskresult")
    fuites = [
        chemin + suite
        for chemin in listes()
        if personne != "exploitant_ouvert" or not chemin.rstrip("/").endswith(de_l_installation)
        for suite in SUITES
        # Ce que la personne a tapé elle-même lui revient, dans les liens des filtres.
        if MARQUE in lire(monde.chez[personne], chemin + suite).replace(f"q={MARQUE}", "")
    ]
    assert fuites == []


def test_le_temoin_la_meme_page_vue_de_l_autre_commune_porte_sa_marque(monde):
    vues = [chemin for chemin in listes() if MARQUE in lire(monde.chez["agent_d_ailleurs"], chemin)]
    assert "/gestion/factures/facture/" in vues
    assert len(vues) >= 10


def test_aucune_fiche_ni_historique_ni_accueil_ne_montre_l_autre_commune(monde):
    client = monde.chez["administratrice"]
    pages = ["/gestion/", *(adresse(o, page) for o in monde.ici.values() for page in ("change", "history"))]
    assert [page for page in pages if MARQUE in lire(client, page)] == []


@pytest.mark.parametrize("page", ["change", "history"])
def test_l_objet_d_une_autre_commune_est_introuvable_pour_tous_les_modeles(monde, page):
    # Le travail de fond et les sceaux ne sont à aucune commune.
    for nom, objet in monde.la_bas.items():
        statut = monde.chez["administratrice"].get(adresse(objet, page)).status_code
        assert statut == (403 if admin.site._registry[type(objet)].installation else 404), nom


def test_le_filtre_d_un_service_d_ailleurs_ne_rend_rien(monde):
    client, ailleurs = monde.chez["agente"], monde.la_bas["portail.regie"]
    factories.regie(monde.boe)  # un filtre d'un seul choix ne s'affiche ni ne s'applique
    page = lire(client, f"/gestion/factures/facture/?regie__id__exact={ailleurs.pk}")
    assert "Aucune ligne ne correspond." in page
    assert ailleurs.libelle not in page


@pytest.mark.parametrize(
    ("modele", "sonde"),
    [
        ("comptes/usager", "password__startswith=argon2"),
        ("comptes/usager", "rattachements__redevable__nom__startswith=D"),
        ("comptes/usager", "rattachements=1"),
        ("comptes/usager", "email__contains=etrangere"),
        ("comptes/usager", "is_superuser__exact=1"),
        ("factures/facture", "redevable__rattachements__usager__password__startswith=a"),
        ("factures/facture", "collectivite__id__exact=2"),
        ("factures/facture", "collectivite=2"),
        ("factures/facture", "regie__collectivite__nom__contains=Commune"),
        ("factures/facture", "lot=1"),
        ("paiement_tipi/paiement", "jeton__startswith=a"),
        ("portail/journal", "collectivite__exact=2"),
    ],
)
def test_on_ne_sonde_pas_un_champ_par_l_adresse(monde, modele, sonde):
    assert monde.chez["administratrice"].get(f"/gestion/{modele}/?{sonde}").status_code == 400


@pytest.mark.parametrize("suite", ["?_to_field=jeton", "?_to_field=uuid", "?_to_field=usager__password"])
def test_on_ne_choisit_pas_le_champ_d_une_cle(monde, suite):
    reponse = monde.chez["agente"].get(f"/gestion/paiement_tipi/paiement/{suite}")
    assert reponse.status_code in {200, 400}
    assert monde.ici["paiement_tipi.paiement"].jeton not in reponse.content.decode()


@pytest.mark.parametrize(
    "suite", ["?p=999", "?p=abc", "?regie__id__exact=abc", "?etat=inconnu", "?annee=x", "?e=1", "?suivi="]
)
def test_un_parametre_impossible_ramene_a_la_liste(monde, suite):
    reponse = monde.chez["agente"].get(f"/gestion/factures/facture/{suite}", follow=True)
    assert reponse.status_code == 200
    assert "2026-1" in reponse.content.decode()


def test_ni_mot_de_passe_ni_jeton_ni_reponse_brute_nulle_part(monde):
    secrets = [
        *Usager.objects.values_list("password", flat=True),
        monde.ici["paiement_tipi.paiement"].jeton,
        monde.ici["comptes.activation"].jeton,
        "empreinte ",
    ]
    pages = [adresse(objet) for objet in monde.ici.values()]
    for personne in ("administratrice", "exploitant_ouvert"):
        textes = [lire(monde.chez[personne], page) for page in [*listes(), *pages]]
        assert [s for s in secrets if any(s in texte for texte in textes)] == []


def test_l_historique_d_un_usager_ne_dit_rien_de_ce_qu_il_fait_ailleurs(monde):
    usager = monde.ici["comptes.usager"]
    noter("connexion.ouverte", sur=usager, collectivite=monde.ailleurs.pk)
    assert "<strong>Connexion</strong>" not in lire(monde.chez["agente"], adresse(usager, "history"))
    noter("connexion.ouverte", sur=usager, collectivite=monde.boe.pk)
    assert "<strong>Connexion</strong>" in lire(monde.chez["agente"], adresse(usager, "history"))


def test_un_usager_attache_dans_les_deux_communes_n_y_montre_que_celle_ci(monde):
    usager = monde.ici["comptes.usager"]
    Rattachement.objects.create(collectivite=monde.ailleurs, usager=usager, redevable=monde.la_bas["comptes.redevable"])
    client = monde.chez["agente"]
    assert MARQUE not in lire(client, adresse(usager)) + lire(client, "/gestion/comptes/rattachement/")


def test_l_usager_detache_devient_introuvable(monde):
    usager = monde.ici["comptes.usager"]
    assert monde.chez["agente"].get(adresse(usager)).status_code == 200
    Rattachement.objects.filter(usager=usager).delete()
    assert monde.chez["agente"].get(adresse(usager)).status_code == 404


def test_une_app_tierce_qui_s_inscrit_n_entre_pas():
    site = SiteGestion()
    site.register(Usager, admin.ModelAdmin)
    assert site._registry == {}


def etat_du_monde() -> list[object]:
    """Tout ce qu'un envoi forgé voudrait changer."""
    return [
        list(Facture.objects.order_by("pk").values()),
        list(Regie.objects.order_by("pk").values()),
        list(Redevable.objects.order_by("pk").values()),
        list(ContratTipi.objects.order_by("pk").values()),
        list(Collectivite.objects.order_by("pk").values()),
        list(Affectation.objects.order_by("pk").values()),
        list(Usager.objects.order_by("pk").values("pk", "email", "is_staff", "is_superuser", "password")),
        Journal.objects.count(),
    ]


# Chaque envoi forgé : qui, où (« ici » ou « la_bas »), quelle page, quoi, et le refus attendu.
FORGES = {
    "annuler la facture d'une autre commune": ("agente", "la_bas", "factures.facture", "annuler", {"motif": "x"}, 404),
    "suspendre le service d'une autre commune": ("agente", "la_bas", "portail.regie", "suspendre", {}, 404),
    "interroger PayFiP pour une autre commune": ("agente", "la_bas", "paiement_tipi.paiement", "interroger", {}, 404),
    "renommer le service d'une autre commune": (
        "administratrice", "la_bas", "portail.regie", "renommer", {"libelle": "x"}, 404,
    ),
    "changer le contrat d'une autre commune": (
        "administratrice", "la_bas", "paiement_tipi.contrattipi", "modifier",
        {"numcli": "111111", "transport": "service-web", "carte": "on", "motif": "x"}, 404,
    ),
    "mettre en production une autre commune": (
        "administratrice", "la_bas", "paiement_tipi.contrattipi", "mettre_en_service",
        {"vers": "test", "motif": "x"}, 404,
    ),
    "confirmer un paiement d'une autre commune": (
        "agente", "la_bas", "paiement_tipi.paiement", "confirmer", {"motif": "x"}, 404,
    ),
    "modifier une autre commune": (
        "administratrice", "la_bas", "portail.collectivite", "identite",
        {"nom": "x", "telephone": "05 00 00 00 00", "horaires": "0"}, 404,
    ),
    "changer d'adresse sans être l'exploitant": (
        "administratrice", "ici", "portail.collectivite", "adresse",
        {"lien": "M000000001", "adresse": "http://localhost", "confirmer": ""}, 403,
    ),
    "ouvrir une autre commune": ("administratrice", "la_bas", "portail.collectivite", "ouvrir", {}, 404),
    "l'exploitant ouvre à la place de l'administrateur": (
        "exploitant", "ici", "portail.collectivite", "ouvrir", {}, 403,
    ),
    "fermer le service d'une autre commune": ("administratrice", "la_bas", "portail.regie", "fermer", {}, 404),
    "fermer un service sans être responsable": ("agente", "ici", "portail.regie", "fermer", {}, 403),
    "annuler avec le seul droit de lire": ("lectrice", "ici", "factures.facture", "annuler", {"motif": "x"}, 403),
    "changer le contrat sans être responsable": (
        "agente", "ici", "portail.regie", "raccorder",
        {"numcli": "111111", "transport": "service-web", "carte": "on", "motif": "x"}, 403,
    ),
    "annuler sans motif": ("agente", "ici", "factures.facture", "annuler", {"motif": "  "}, 200),
    "un numcli de sept chiffres": (
        "administratrice", "ici", "portail.regie", "raccorder",
        {"numcli": "0063820", "transport": "service-web", "carte": "on", "motif": "x"}, 200,
    ),
    "une couleur qui s'échappe de la feuille de style": (
        "administratrice", "ici", "portail.collectivite", "couleur", {"couleur": "red;}", "confirmer": ""}, 200,
    ),
    "changer un montant par la fiche": (
        "administratrice", "ici", "factures.facture", "change", {"montant": "1", "reste_du": "0", "_save": "1"}, 405,
    ),
    "régler une facture par la fiche": ("agente", "ici", "factures.facture", "change", {"statut": "annulee"}, 405),
    "se nommer responsable": (
        "agente", "ici", "portail.affectation", "change", {"role": Role.ADMINISTRATION, "_save": "1"}, 403,
    ),
    "effacer par la page de Django": ("administratrice", "ici", "factures.facture", "delete", {"post": "yes"}, 404),
    "l'exploitant annule sans avoir ouvert l'accès": (
        "exploitant", "ici", "factures.facture", "annuler", {"motif": "x"}, 403,
    ),
    "l'exploitant annule, même l'accès ouvert": (
        "exploitant_ouvert", "ici", "factures.facture", "annuler", {"motif": "x"}, 403,
    ),
    "l'usagère annule sa facture": ("ada", "ici", "factures.facture", "annuler", {"motif": "x"}, 403),
}  # fmt: skip


@pytest.mark.parametrize("nom", FORGES)
def test_un_envoi_forge_est_refuse_et_ne_change_rien(monde, nom):
    qui, ou, modele, page, envoi, refus = FORGES[nom]
    objet, client = getattr(monde, ou)[modele], monde.chez[qui]
    avant = etat_du_monde()
    assert client.post(adresse(objet, page), envoi).status_code == refus
    assert etat_du_monde() == avant


@pytest.mark.parametrize(
    "envoi",
    [
        {"action": "delete_selected", "_selected_action": "1", "post": "yes"},
        {"action": "delete_selected", "_selected_action": "1", "select_across": "1", "index": "0", "post": "yes"},
        {"action": "annuler", "_selected_action": ["1", "2"], "index": "0"},
        {"form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "1", "form-0-id": "1", "form-0-montant": "0", "_save": "1"},
    ],
)
def test_une_action_groupee_forgee_n_a_pas_d_adresse(monde, envoi):
    client = monde.chez["administratrice"]
    avant = etat_du_monde()
    for chemin in listes():
        assert client.post(chemin, envoi).status_code in {403, 405}
    assert etat_du_monde() == avant


def test_un_champ_de_trop_dans_un_acte_est_ignore(monde):
    envoi = {
        "libelle": "Eau du bourg",
        "code": "PIRATE",
        "collectivite": monde.ailleurs.pk,
        "suspension_debut": "2026-01-01",
    }
    regie = monde.ici["portail.regie"]
    assert monde.chez["administratrice"].post(adresse(regie, "renommer"), envoi).status_code == 303
    regie.refresh_from_db()
    assert (regie.libelle, regie.code, regie.collectivite, regie.suspension_debut) == (
        "Eau du bourg", "EAU", monde.boe, None,
    )  # fmt: skip


def test_sans_jeton_csrf_un_acte_est_refuse(monde, connecter, agente):
    monde.chez["agente"].handler.enforce_csrf_checks = True
    chemin = adresse(monde.ici["factures.facture"], "annuler")
    assert monde.chez["agente"].post(chemin, {"motif": "x"}).status_code == 403
    assert Facture.objects.get(pk=monde.ici["factures.facture"].pk).statut == Statut.PUBLIEE


def test_le_temoin_sans_le_passage_par_la_commune_tout_se_verrait(monde, monkeypatch):
    monkeypatch.setattr(AdminParCommune, "de_la_commune", lambda _self, tous, _collectivite: tous)
    client = monde.chez["agente"]
    assert MARQUE in lire(client, "/gestion/factures/facture/")
    assert client.get(adresse(monde.la_bas["factures.facture"])).status_code == 200
