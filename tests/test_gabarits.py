"""Les gabarits : aucun d'oublié, aucun texte hors de la traduction, aucun style ni script au milieu des pages."""

import ast
import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import factories
import pytest
from django.template import engines
from django.template.backends.django import get_installed_libraries
from django.template.library import import_library
from django.template.loader import get_template, render_to_string
from django.utils.translation.template import templatize

from factures.etats import EtatFacture, Statut
from factures.models import Facture
from factures.services import marquer

RACINE = Path(__file__).resolve().parents[1]
GABARITS = RACINE / "templates"
NOMS = sorted(str(f.relative_to(GABARITS)) for f in GABARITS.rglob("*") if f.is_file())
HTML = [nom for nom in NOMS if nom.endswith(".html")]
# Celles de la gestion, composées par Django, sont relues une fois rendues : tests/gestion/test_pages.py.
PAGES = [
    nom
    for nom in HTML
    if "/_" not in f"/{nom}"
    and not nom.startswith(("composants/", "documents/", "courriels/", "admin/", "gestion/"))
    and nom != "base.html"
]
# Appelés par leur convention, sans que notre code les nomme : les erreurs de Django, les messages d'allauth, les listes
# de la gestion.
PAR_CONVENTION = {
    "429.html",
    "account/messages/logged_in.txt",
    "account/messages/logged_out.txt",
    *("admin/change_list_results.html", "admin/filter.html", "admin/pagination.html"),
}
# Ce qui se lit tel quel dans toutes les langues : le paramètre d'une adresse.
SANS_TRADUCTION = {"LIEN"}


def lire(nom: str) -> str:
    return (GABARITS / nom).read_text("utf-8")


def sans_commentaires(texte: str) -> str:
    return re.sub(r"{#.*?#}|{% comment %}.*?{% endcomment %}", "", texte, flags=re.DOTALL)


def balises(nom: str) -> list[str]:
    """Le contenu de chaque {% … %} et {{ … }}."""
    return re.findall(r"{[%{](.*?)[%}]}", sans_commentaires(lire(nom)), flags=re.DOTALL)


def test_chaque_gabarit_se_compile():
    assert [nom for nom in NOMS if get_template(nom) is None] == []


def test_aucun_gabarit_n_est_oublie():
    dans_les_gabarits = {chemin for nom in NOMS for chemin in re.findall(r'["\']([\w/]+\.\w+)["\']', lire(nom))}
    dans_le_code = {
        n.value
        for app in ("portail", "comptes", "factures", "paiement_tipi", "contact")
        for module in (RACINE / app).rglob("*.py")
        for n in ast.walk(ast.parse(module.read_text("utf-8")))
        if isinstance(n, ast.Constant) and isinstance(n.value, str)
    }
    assert set(NOMS) - dans_les_gabarits - dans_le_code - PAR_CONVENTION == {"500.html"} - dans_le_code
    assert set(NOMS) >= PAR_CONVENTION


def fautes(regle: Callable[[str], object], noms: list[str]) -> dict[str, object]:
    """Ce que la règle trouve à redire, par gabarit."""
    return {nom: trouve for nom in noms if (trouve := regle(nom))}


def test_makemessages_saurait_lire_chaque_gabarit():
    assert [nom for nom in NOMS if not isinstance(templatize(lire(nom), origin=nom), str)] == []
    with pytest.raises(SyntaxError, match="Translation blocks"):  # ce qu'il refuse
        templatize("{% blocktranslate %}{% if a %}{% endif %}{% endblocktranslate %}", origin="faux.html")


def test_chaque_bibliotheque_chargee_sert_et_n_est_chargee_qu_une_fois():
    def inutiles(nom):
        chargees = [mot for balise in balises(nom) if balise.split()[0] == "load" for mot in balise.split()[1:]]
        mots = {mot for balise in balises(nom) if balise.split()[0] != "load" for mot in re.findall(r"\w+", balise)}
        return [b for b in chargees if not apports(b) & mots or chargees.count(b) > 1]

    assert fautes(inutiles, NOMS) == {}


def apports(bibliotheque: str) -> set[str]:
    """Les balises et les filtres qu'elle apporte."""
    importee = import_library(get_installed_libraries()[bibliotheque])
    return {*importee.tags, *importee.filters}


def test_ni_style_ni_script_ni_evenement_dans_le_corps_d_une_page():
    interdits = re.compile(r"<style\b|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*\bsrc=)", re.IGNORECASE)
    assert fautes(lambda nom: interdits.findall(sans_commentaires(lire(nom))), HTML) == {}


def test_chaque_formulaire_qui_envoie_porte_son_jeton():
    def sans_jeton(nom):
        formulaires = re.findall(r"<form\b.*?</form>", sans_commentaires(lire(nom)), flags=re.DOTALL | re.IGNORECASE)
        envois = [f for f in formulaires if re.search(r'method="?post', f.split(">")[0], re.IGNORECASE)]
        return [envoi.split(">")[0] for envoi in envois if "{% csrf_token %}" not in envoi]

    assert fautes(sans_jeton, HTML) == {}
    assert fautes(lambda nom: "csrf_token" in lire(nom), HTML) != {}


def test_un_fragment_ne_recoit_que_ce_qu_on_lui_donne():
    def ouvertes(nom):
        return [b for b in balises(nom) if b.split()[0] == "include" and b.split()[-1] != "only"]

    assert fautes(ouvertes, HTML) == {}


@pytest.mark.parametrize("nom", PAGES)
def test_chaque_page_a_un_titre_d_onglet_et_un_seul_h1(nom):
    texte = sans_commentaires(lire(nom))
    titres = re.findall(r"{% block titre %}" if "{% extends" in texte else r"<title>", texte)
    inclus = [lire(chemin) for chemin in re.findall(r'{% include "([\w/]+\.html)"', texte)]
    h1 = sum(morceau.count("<h1") + morceau.count("{% issue ") for morceau in (texte, *inclus))
    # Une page à deux visages (« if explication ») a un h1 dans chacun.
    assert (len(titres), h1) == (1, 2 if nom == "paiement_tipi/payer.html" else 1)


class TexteNu(HTMLParser):
    """Le texte et les attributs lisibles qui restent une fois les balises de Django enlevées."""

    def __init__(self) -> None:
        super().__init__()
        self.trouves: list[str] = []

    def handle_starttag(self, _balise, attrs):
        self.trouves += [v for nom, v in attrs if nom in {"alt", "title", "aria-label", "placeholder"} and v]

    def handle_data(self, data):
        self.trouves += re.findall(r"[^\W\d_]{2,}", data)


def test_tout_le_texte_passe_par_la_traduction():
    def nus(nom):
        texte = re.sub(
            r"{% blocktranslate.*?{% endblocktranslate %}", "", sans_commentaires(lire(nom)), flags=re.DOTALL
        )
        lecteur = TexteNu()
        lecteur.feed(re.sub(r"{%.*?%}|{{.*?}}", "", texte, flags=re.DOTALL))
        lecteur.close()
        return [mot for mot in lecteur.trouves if mot not in SANS_TRADUCTION]

    assert fautes(nus, HTML) == {}


HIER = date.today() - timedelta(days=1)
ETATS = {
    "a-payer": {},
    "avoir": {"montant": Decimal(-5)},
    "annulee": {"statut": Statut.ANNULEE, "motif_annulation": "Erreur"},
    "payee": {"reste_du": Decimal(0)},
    "prelevement": {"date_prelevement": date.today()},
    "tresor": {"date_limite_en_ligne": HIER},
    "echue": {"date_echeance": HIER},
    "partiellement-payee": {"reste_du": Decimal(9)},
    "declaree": {},
    "suspendue": {},
    "en-cours": {},
}


def test_chaque_etat_est_mis_en_scene():
    assert set(ETATS) == set(EtatFacture.values)


@pytest.mark.sqlite
@pytest.mark.parametrize("etat", ETATS)
def test_chaque_etat_rend_sa_pastille(boe, ada, eau, etat):
    facture = factories.facture(factories.redevable(boe, ada), eau, **ETATS[etat])
    if etat == "declaree":
        marquer(facture=facture, usager=ada, reglee=True)
    lue = Facture.objects.avec_etat(date.today(), pour=ada).get(pk=facture.pk)
    if etat in {"suspendue", "en-cours"}:
        lue.etat = etat
    rendu = engines["django"].from_string("{% load etats %}{% badge_etat facture %}").render({"facture": lue})
    assert re.findall(r'data-etat="([a-z-]+)"', rendu) == [etat]
    assert re.findall(r"#picto-([a-z-]+)", rendu) == [etat]
    assert str(EtatFacture(etat).label) in rendu


def test_la_page_de_panne_se_rend_sans_aucun_contexte():
    assert "Une erreur est survenue" in render_to_string("500.html")
