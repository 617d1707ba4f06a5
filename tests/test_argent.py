"""La vérification de l'argent après chaque test mord, et ne coûte rien aux tests sans base."""

import argent
import pytest
from django.db.models import F

from factures.models import Facture


@pytest.mark.sqlite
@pytest.mark.argent_faux
def test_un_centime_de_moins_se_voit(facture):
    assert argent.fausses() == []
    Facture.objects.filter(pk=facture.pk).update(reste_du=F("reste_du") - 1)
    assert [numero for numero, *_sommes in argent.fausses()] == [facture.numero]


def test_un_test_sans_base_ne_demande_rien(request):
    assert not argent.touche_a_la_base(request.node)
