"""Les pièces des pages : montants à la française, pictogrammes qui existent, variantes connues."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message
from django.template import Context, Template
from django.template.exceptions import TemplateSyntaxError
from django.test import Client
from django.utils.html import escape

from factures.etats import EtatFacture
from portail.templatetags import ui

PICTOS = Path(__file__).resolve().parents[2] / "static" / "img" / "pictos.svg"
NBSP, FINE = "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"


def rendre(gabarit: str, **contexte) -> str:
    return Template("{% load ui %}" + gabarit).render(Context(contexte))


@pytest.mark.parametrize(
    ("euros", "ecrit"),
    [
        ("243.11", "243,11 €"),
        ("0", "0,00 €"),
        ("0.05", "0,05 €"),
        ("1234.5", "1 234,50 €"),
        ("1234567.89", "1 234 567,89 €"),
        ("-38.20", "-38,20 €"),
    ],
)
def test_un_montant_s_ecrit_a_la_francaise_avec_des_espaces_insecables(euros, ecrit):
    rendu = ui.montant(Decimal(euros))
    assert rendu.replace(NBSP, " ").replace(FINE, " ") == ecrit
    assert " " not in rendu
    assert rendu.endswith(f"{NBSP}€")


@pytest.mark.parametrize(
    ("numero", "lien"),
    [("05 61 00 19 30", "tel:0561001930"), ("+33 5.61-00", "tel:+3356100"), ("", "tel:")],
)
def test_un_telephone_se_compose_d_un_toucher(numero, lien):
    assert ui.tel(numero) == lien


def test_un_pictogramme_est_decoratif_et_vient_de_notre_fichier():
    rendu = rendre('{% picto "pdf" %}')
    assert re.findall(r'href="([^"]*)"', rendu) == ["/static/img/pictos.svg#picto-pdf"]
    assert re.findall(r'aria-hidden="([^"]*)"', rendu) == ["true"]


def test_chaque_pictogramme_connu_est_dessine_et_chaque_dessin_est_connu():
    assert set(re.findall(r'id="picto-([a-z-]+)"', PICTOS.read_text("utf-8"))) == ui.PICTOS


def test_chaque_etat_de_facture_a_sa_pastille():
    assert {etat.value for etat in EtatFacture} | {"essai"} == ui.ETATS


INCONNUES = [
    '{% picto "inconnu" %}',
    '{% pastille "inconnu" "mot" %}',
    '{% alerte "rouge" %}x{% endalerte %}',
    '{% bouton "rouge" %}x{% endbouton %}',
    '{% issue "rouge" "titre" %}x{% endissue %}',
    '{% vide "inconnu" "titre" %}x{% endvide %}',
]


@pytest.mark.parametrize("gabarit", INCONNUES)
def test_une_variante_inconnue_est_une_erreur_de_gabarit(gabarit):
    with pytest.raises(TemplateSyntaxError, match="Variante inconnue"):
        rendre(gabarit)


DE_TROP = [
    '{% picto "pdf" taille="1" %}',
    '{% pastille "payee" "mot" couleur="1" %}',
    '{% alerte "info" couleur="1" %}x{% endalerte %}',
    '{% bouton "plein" href="/" %}x{% endbouton %}',
    '{% issue "info" %}x{% endissue %}',
    '{% vide "factures" %}x{% endvide %}',
    "{% champ form.x form.y %}",
    "{% erreurs %}",
    "{% contact collectivite style=1 %}",
]


@pytest.mark.parametrize("gabarit", DE_TROP)
def test_un_parametre_inconnu_ou_manquant_est_une_erreur_de_gabarit(gabarit):
    with pytest.raises(TemplateSyntaxError, match=r"did not receive|received (unexpected|too many)"):
        rendre(gabarit)


def test_un_bouton_est_un_lien_s_il_mene_quelque_part_et_sinon_un_envoi():
    assert re.findall(r"<(\w+)", rendre("{% bouton %}Envoyer{% endbouton %}")) == ["button"]
    lien = rendre('{% bouton "plein" adresse=ou rel="next" fichier=True %}Lire{% endbouton %}', ou="/a?b=1&c=2")
    [attributs] = re.findall(r"<a(.*?)>", lien, re.DOTALL)
    assert attributs.split() == ['class="bouton', 'bouton-plein"', 'href="/a?b=1&amp;c=2"', 'rel="next"', "download"]


@pytest.fixture
def vitrine(boe, settings) -> str:
    settings.DEBUG = True
    return Client(HTTP_HOST="localhost").get("/composants/").content.decode()


def test_la_vitrine_montre_chaque_piece_dans_chaque_variante(vitrine):
    assert set(re.findall(r'data-etat="([\w-]+)"', vitrine)) == ui.ETATS
    assert set(re.findall(r'class="alerte alerte-(\w+)"', vitrine)) == set(ui.TONS)
    assert set(re.findall(r'class="bouton bouton-(\w+)"', vitrine)) == ui.BOUTONS
    assert set(re.findall(r"#picto-([\w-]+)", vitrine)) == ui.PICTOS
    assert 'class="carte vide"' in vitrine
    assert vitrine.count('class="errorlist"') == 3


@pytest.mark.sqlite
def test_la_vitrine_n_existe_pas_hors_developpement(boe, settings):
    settings.DEBUG = False
    for demo in (True, False):
        settings.DEMO = demo
        assert Client(HTTP_HOST="localhost").get("/composants/").status_code == 404


@pytest.mark.parametrize("gabarit", ['{% pastille "payee" mot %}', "{% alerte 'info' mot %}x{% endalerte %}"])
def test_un_texte_venu_d_ailleurs_est_echappe(gabarit):
    mechant = "<script>alert(1)</script>"
    rendu = rendre(gabarit, mot=mechant)
    assert (mechant in rendu, escape(mechant) in rendu) == (False, True)


def test_le_contenu_d_une_alerte_reste_echappe():
    rendu = rendre("{% alerte 'info' %}<p>{{ mot }}</p>{% endalerte %}", mot="<b>")
    assert "<p>&lt;b&gt;</p>" in rendu


@pytest.mark.parametrize(
    ("niveau", "ton"),
    [
        (constants.DEBUG, "info"),
        (constants.INFO, "info"),
        (constants.SUCCESS, "succes"),
        (constants.WARNING, "attente"),
        (constants.ERROR, "echec"),
    ],
)
def test_chaque_message_de_django_a_son_ton(niveau, ton):
    assert (ui.ton(Message(niveau, "x")), ton in ui.TONS) == (ton, True)
