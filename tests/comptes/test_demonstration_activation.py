"""Les deux portes de la démonstration, telles que « make run » les annonce."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client

from comptes.models import CodeActivation
from tests.comptes.outils_activation import MOT_DE_PASSE, activer

pytestmark = pytest.mark.django_db


def demo() -> str:
    sortie = StringIO()
    call_command("demo", stdout=sortie)
    return sortie.getvalue()


def test_les_deux_comptes_a_activer_menent_chacun_a_sa_facture():
    annonce = demo()
    assert "nouveau@demo.example" in annonce
    assert "DEMO-ACT-2" in annonce
    assert "7K4M-Q2XH-9RWT" in annonce
    vus = {}
    for courriel, codes in {
        "nouveau@demo.example": (),
        "papier@exemple.fr": ("DEMO-ACT-2", "7k4m q2xh 9rwt"),
    }.items():
        client = Client(HTTP_HOST="127.0.0.1")
        assert activer(client, courriel, *codes).status_code == 303
        client.post("/connexion/", {"login": courriel, "password": MOT_DE_PASSE})
        vus[courriel] = client.get("/factures/").content.decode()
    assert "2026-EAU-1411" in vus["nouveau@demo.example"]
    assert "2026-EAU-1412" in vus["papier@exemple.fr"]
    demo()  # une seconde fois ne rend pas neuf un code qui a servi
    assert CodeActivation.objects.get().utilise_le is not None
