"""Les sévérités des tests mordent : chaque faute, plantée exprès, est vue ; ce qui est permis passe."""

import pytest
import severite
from django.conf import settings
from django.http import HttpResponse
from django.template import engines
from django.test import Client
from django.urls import path

JETON = '<input type="hidden" name="csrfmiddlewaretoken" value="x">'


def rendre(gabarit: str, **contexte: object) -> str:
    return engines["django"].from_string(gabarit).render(contexte)


@pytest.mark.parametrize(
    "gabarit",
    [
        "{{ absente }}",
        "{{ facture.absente }}",
        "{{ facture.absente.encore }}",
        "{{ absente|upper }}",
        "{{ absente|date }}",
        "{{ absente|length }}",
        "{{ absente|floatformat:2 }}",
        "{% load i18n %}{% blocktranslate %}Bonjour {{ absente }}{% endblocktranslate %}",
        "{% load ui %}{{ absente|montant }}",
        "{% with nom=absente %}{{ nom }}{% endwith %}",
        "{% url absente %}",
        "{% autoescape off %}{{ absente }}{% endautoescape %}",
    ],
)
def test_une_variable_absente_est_un_echec(gabarit):
    with pytest.raises(severite.VariableIntrouvable):
        rendre(gabarit, facture={})


@pytest.mark.parametrize(
    "gabarit",
    [
        "{% if absente %}non{% else %}oui{% endif %}",
        "{% if absente == 'x' %}non{% else %}oui{% endif %}",
        "{% if not facture.absente %}oui{% endif %}",
        "{{ absente|default:'oui' }}",
        "{{ vide }}oui",
        "{% firstof absente 'oui' %}",
    ],
)
def test_ce_qui_demande_si_elle_existe_passe(gabarit):
    assert rendre(gabarit, facture={}, vide="") == "oui"


def test_sans_la_severite_django_se_tait(settings):
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "OPTIONS": {}}]
    assert rendre("{{ absente }}") == ""


@pytest.mark.parametrize(
    ("page", "faute"),
    [
        ("<p>{{ nom }}</p>", "« {{ »"),
        ("<p>{% if %}</p>", "« {% »"),
        ("<p>{# note #}</p>", "« {# »"),
        ('<a onclick="x()">', "<a onclick=…>"),
        ('<p style="color:red">', "<p style=…>"),
        ("<style>p{}</style>", "<style> dans la page"),
        ("<script>x()</script>", "<script> dans la page"),
        ("<form method=post action=/x/></form>", "sans csrf_token"),
        (f"<form method=POST></form><form>{JETON}</form>", "sans csrf_token"),
        (f"<form method=post>{JETON}</form><form method=post></form>", "sans csrf_token"),
    ],
)
def test_chaque_faute_d_une_page_est_vue(page, faute):
    (trouvee,) = severite.fautes(page)
    assert faute in trouvee


@pytest.mark.parametrize(
    "page",
    [
        '<script src="/static/js/x.js" defer></script><script type="application/json">{}</script>',
        f"<form method=post>{JETON}</form>",
        "<form method=get></form>",
        '<form method=post action="https://www.payfip.gouv.fr/"></form>',
        "<p>100 % { }</p>",
    ],
)
def test_ce_qui_est_permis_passe(page):
    assert severite.fautes(page) == []


def _fautive(_request):
    return HttpResponse("<p style=x>")


urlpatterns = [path("fautive/", _fautive)]


@pytest.mark.django_db
def test_une_page_fautive_fait_echouer_le_test_qui_la_demande(settings):
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = [nom for nom in settings.MIDDLEWARE if nom.startswith("severite.")]
    with pytest.raises(AssertionError, match="/fautive/ : <p style=…>"):
        Client().get("/fautive/")


def test_elle_est_devant_tous_les_autres_intergiciels():
    assert settings.MIDDLEWARE[0] == "severite.pages"
