"""Les pièces des pages : montants à la française, pictogrammes qui existent, variantes connues."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message
from django.template import Context, Template
from django.template.exceptions import TemplateSyntaxError
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


@pytest.mark.parametrize(
    "gabarit", ['{% picto "inconnu" %}', '{% pastille "inconnu" "mot" %}', '{% alerte "rouge" %}x{% endalerte %}']
)
def test_une_variante_inconnue_est_une_erreur_de_gabarit(gabarit):
    with pytest.raises(TemplateSyntaxError, match="Variante inconnue"):
        rendre(gabarit)


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
