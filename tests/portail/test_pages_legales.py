"""Les pages que la loi demande : ouvertes à tous, liées depuis toutes, et qui ne disent rien de plus que le vrai."""

import html
import re
from datetime import date
from pathlib import Path

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.template.loader import render_to_string
from django.test import Client
from django.urls import NoReverseMatch, reverse

from comptes import jetons
from portail.models import Collectivite, Conformite
from tests.test_acces import adresses

PIED = {
    "/aide/": "Aide",
    "/accessibilite/": "Accessibilité : non conforme",
    "/mentions-legales/": "Mentions légales",
    "/donnees-personnelles/": "Données personnelles",
    "/plan-du-site/": "Plan du site",
}
AUDIT = {"accessibilite_auditee_le": date(2026, 11, 23), "accessibilite_auditeur": "Cabinet Essai"}


@pytest.fixture
def anonyme(boe) -> Client:
    return Client(HTTP_HOST="localhost")


def lire(reponse) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", reponse.content.decode())).split())


def liens(source: str) -> dict[str, str]:
    """Le texte de chaque lien, par adresse."""
    trouves = re.findall(r'<a[^>]*?href="([^"]*)"[^>]*>(.*?)</a>', source, re.DOTALL)
    return {adresse: " ".join(re.sub(r"<[^>]+>", "", html.unescape(mot)).split()) for adresse, mot in trouves}


def pied(source: str) -> dict[str, str]:
    """Les liens de la navigation du pied de page."""
    return liens(source.split("<footer")[1].split("<nav")[1])


@pytest.mark.sqlite
@pytest.mark.parametrize("chemin", PIED)
def test_chacune_s_ouvre_sans_compte_et_ne_pose_aucun_cookie(anonyme, chemin):
    reponse = anonyme.get(chemin)
    assert (reponse.status_code, dict(reponse.cookies)) == (200, {})


@pytest.mark.parametrize("chemin", [*PIED, "/connexion/", "/nulle-part/", "/?LIEN=M000000000"])
def test_le_pied_d_un_anonyme_mene_a_toutes(anonyme, chemin):
    assert pied(anonyme.get(chemin).content.decode()) == PIED


def test_le_pied_d_une_personne_connectee_mene_a_toutes(connecter, ada, boe, facture):
    client = connecter(ada, chez=boe)
    for chemin in (
        "/",
        "/factures/",
        facture.get_absolute_url(),
        f"{facture.get_absolute_url()}payer/",
        "/nulle-part/",
    ):
        assert pied(client.get(chemin).content.decode()) == PIED


@pytest.mark.parametrize(
    "gabarit", ["400", "403", "403_csrf", "404", "405", "413", "429", "500", "portail/sans_collectivite"]
)
def test_le_pied_d_une_erreur_mene_a_toutes_meme_sans_commune(rf, gabarit):
    assert pied(render_to_string(f"{gabarit}.html")) == PIED


def test_aucune_page_ne_remplace_le_pied():
    gabarits = Path(__file__).resolve().parents[2] / "templates"
    autonomes = {
        str(f.relative_to(gabarits))
        for f in gabarits.rglob("*.html")
        if "<html" in (source := f.read_text("utf-8")) and "{% pied collectivite %}" not in source
    }
    # La panne écrit le sien, vérifié ci-dessus ; un document, un courriel, l'aperçu qui en tient lieu dans son
    # cadre ne sont pas des pages d'ici.
    pages = {nom for nom in autonomes if not nom.startswith(("documents/", "admin/", "courriels/"))}
    assert pages == {"500.html", "gestion/apercu_refuse.html"}


@pytest.mark.sqlite
def test_le_plan_du_site_mene_a_chaque_page_qui_s_ouvre_d_un_clic(connecter, ada, boe, anonyme):
    client = connecter(ada, chez=boe)
    d_ici = (nom for nom in adresses() if not nom.startswith(("paiement_tipi:", "gestion:")))
    sans_argument = [adresse for nom in d_ici if (adresse := _sans_argument(nom))]
    pages = {a for a in sans_argument if client.get(a).get("Content-Type", "").startswith("text/html")}
    # La page qui suit une demande n'a de sens qu'après elle.
    ouvertes = {a for a in pages if client.get(a).status_code == 200} - {
        "/activation/envoyee/",
        "/mot-de-passe/oublie/envoye/",
    }
    plan = client.get("/plan-du-site/").content.decode().split("<main")[1].split("</main>")[0]
    assert ouvertes == set(liens(plan))
    plan = anonyme.get("/plan-du-site/").content.decode().split("<main")[1].split("</main>")[0]
    assert ouvertes | {"/connexion/"} == set(liens(plan))


def _sans_argument(nom: str) -> str:
    """L'adresse de ce nom, vide s'il lui faut un argument."""
    try:
        return reverse(nom)
    except NoReverseMatch:
        return ""


@pytest.mark.sqlite
def test_les_mentions_sont_celles_de_la_commune(anonyme, boe):
    Collectivite.objects.update(
        adresse_postale="1 place de la Mairie\n47550 Boé",
        courriel_contact="mairie@boe.example",
        directeur_publication="le maire de Boé",
        hebergeur="Hébergeur Essai\n01 02 03 04 05",
    )
    texte = lire(anonyme.get("/mentions-legales/"))
    attendus = (
        "Ville de Boé 1 place de la Mairie 47550 Boé", "05 61 00 19 30", "mairie@boe.example",
        "Directeur de la publication : le maire de Boé.", "Qui l'héberge Hébergeur Essai 01 02 03 04 05",
    )  # fmt: skip
    assert [mot for mot in attendus if mot not in texte] == []


def test_une_mention_vide_n_a_ni_ligne_ni_titre(anonyme):
    texte = lire(anonyme.get("/mentions-legales/"))
    assert [mot for mot in ("Courriel", "Directeur", "héberge", "None") if mot in texte] == []
    assert "délégué" not in lire(anonyme.get("/donnees-personnelles/"))


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("taux", "jour", "etat"),
    [
        (None, "2026-11-23", Conformite.NON),
        (0, "2026-11-23", Conformite.NON),
        (49, "2026-11-23", Conformite.NON),
        (50, "2026-11-23", Conformite.PARTIELLE),
        (99, "2026-11-23", Conformite.PARTIELLE),
        (100, "2026-11-23", Conformite.TOTALE),
        (100, "2026-11-22", Conformite.NON),  # un audit à venir n'est pas un audit
        (100, "2029-11-22", Conformite.TOTALE),
        (100, "2029-11-23", Conformite.NON),
    ],
)
def test_l_etat_affiche_est_celui_qu_un_audit_de_moins_de_trois_ans_permet(anonyme, boe, taux, jour, etat):
    if taux is not None:
        Collectivite.objects.update(accessibilite_taux=taux, **AUDIT)
    with time_machine.travel(f"{jour}T12:00:00+01:00", tick=False):
        page = anonyme.get("/accessibilite/")
        boe.refresh_from_db()
        assert boe.conformite == etat
    assert pied(page.content.decode())["/accessibilite/"] == f"Accessibilité : {etat.label}"
    assert f"est {etat.label} avec le référentiel" in lire(page)
    assert ("Aucun audit en cours de validité" in lire(page)) is (taux is None or jour in {"2026-11-22", "2029-11-23"})


def test_un_29_fevrier_expire_aussi(boe):
    boe.accessibilite_auditee_le = date(2028, 2, 29)
    for jour, valable in (("2031-02-28", True), ("2031-03-01", False)):
        with time_machine.travel(f"{jour}T12:00:00+01:00", tick=False):
            assert boe.audit_valable is valable


@pytest.mark.sqlite
@pytest.mark.parametrize(
    "champs",
    [
        {"accessibilite_taux": 100},
        {"accessibilite_taux": 100, "accessibilite_auditeur": "Cabinet Essai"},
        {"accessibilite_taux": 100, "accessibilite_auditee_le": date(2026, 11, 23)},
        {**AUDIT},
        {**AUDIT, "accessibilite_taux": 101},
    ],
)
def test_la_base_refuse_un_audit_sans_date_sans_auditeur_sans_taux_ou_de_plus_de_100(boe, champs):
    with pytest.raises(IntegrityError), transaction.atomic():
        Collectivite.objects.filter(pk=boe.pk).update(**champs)


def test_un_audit_incomplet_est_refuse_par_une_phrase(boe):
    boe.accessibilite_taux = 100
    with pytest.raises(ValidationError) as refus:
        boe.full_clean()
    assert refus.value.messages == ["Un audit se déclare avec sa date, son auditeur et son taux, ou pas du tout."]


def test_la_declaration_a_toutes_ses_parties(anonyme):
    texte = lire(anonyme.get("/accessibilite/"))
    attendus = (
        "article 47 de la loi n° 2005-102", "État de conformité", "version 4.1.2", "Contenus non accessibles",
        "Établissement de cette déclaration", "Technologies du site", "Environnement et outils de test",
        "Pages vérifiées", "Retour d'information et contact", "05 61 00 19 30", "Voies de recours",
        "Défenseur des droits, Libre réponse 71120, 75342 Paris CEDEX 07", "délégué du Défenseur des droits",
    )  # fmt: skip
    assert [partie for partie in attendus if partie not in texte] == []


def test_l_audit_donne_son_auteur_sa_date_son_taux_et_ses_defauts(anonyme):
    Collectivite.objects.update(accessibilite_taux=76, accessibilite_defauts="Images sans texte", **AUDIT)
    with time_machine.travel("2027-01-01T12:00:00Z", tick=False):
        texte = lire(anonyme.get("/accessibilite/"))
    assert "L'audit fait par Cabinet Essai, le 23 novembre 2026, montre que 76 % des critères sont respectés." in texte
    assert "Images sans texte" in texte


def test_la_notice_donne_chaque_cookie_que_le_site_pose(connecter, anonyme, ada, boe, ailleurs, facture):
    client = connecter(ada, chez=boe)
    client.get("/factures/")
    client.post(f"{facture.get_absolute_url()}reglee/", {"etat": "reglee"})
    notice = anonyme.get("/donnees-personnelles/").content.decode()
    jeton = jetons.signer("mot-de-passe", ada.pk, "", chez=boe)
    anonyme.get(f"/lien/mot-de-passe/{jeton}/")
    anonyme.get(f"/?LIEN={ailleurs.lien}")
    assert {*client.cookies, *anonyme.cookies} == set(re.findall(r"<code>(.*?)</code>", notice))


@pytest.mark.parametrize("chemin", ["/connexion/", "payer/"])
def test_une_page_qui_demande_ou_transmet_une_donnee_mene_a_la_notice(connecter, ada, boe, facture, anonyme, chemin):
    client = anonyme if chemin == "/connexion/" else connecter(ada, chez=boe)
    page = client.get(chemin if chemin == "/connexion/" else facture.get_absolute_url() + chemin).content.decode()
    assert (
        liens(page.split("<main")[1].split("</main>")[0])["/donnees-personnelles/"]
        == "Ce que nous faisons de vos données"
    )


@pytest.mark.sqlite
def test_le_pied_garde_pret_suit_la_commune_des_la_page_suivante(anonyme, boe):
    assert boe.telephone in (avant := anonyme.get("/aide/").content.decode())
    assert "Accessibilité : non conforme" in avant
    boe.telephone, boe.accessibilite_taux, boe.accessibilite_auditeur = "05 00 00 00 01", 100, "Cabinet"
    boe.accessibilite_auditee_le = boe.aujourd_hui()
    boe.save()
    apres = anonyme.get("/aide/").content.decode()
    assert ("05 00 00 00 01" in apres, "Accessibilité : totalement conforme" in apres) == (True, True)
