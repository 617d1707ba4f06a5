"""Ce que deviennent les données d'une installation qui change de version."""

import factories
import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from portail.journal import noter
from portail.models import Journal, Regie


def migrer(cible: str):
    """La base à cette migration du rez-de-chaussée, et les modèles d'alors."""
    executeur = MigrationExecutor(connection)
    executeur.migrate([("portail", cible)])
    return executeur.loader.project_state([("portail", cible)]).apps


@pytest.fixture
def au_present(transactional_db):
    yield
    executeur = MigrationExecutor(connection)
    executeur.migrate(executeur.loader.graph.leaf_nodes())


@pytest.mark.sqlite
def test_un_service_suspendu_le_reste_et_le_journal_dit_par_qui_et_depuis_quand(au_present, boe):
    eau, cantine, creche, finie = (factories.regie(boe) for _ in range(4))
    noter("regie.suspendue", sur=eau, acteur=42)
    fait = Journal.objects.get()
    factories.suspendre(finie, fin=timezone.now())
    factories.suspendre(eau)
    avant = migrer("0005_mentions").get_model("portail", "Regie")
    assert set(avant.objects.filter(paiement_suspendu=True).values_list("pk", flat=True)) == {eau.pk}
    avant.objects.filter(pk=creche.pk).update(paiement_suspendu=True)
    migrer("0006_suspension")
    champs = ("suspension_debut", "suspension_auteur", "suspension_posee_le", "suspension_fin")
    lues = {pk: valeurs for pk, *valeurs in Regie.objects.order_by("pk").values_list("pk", *champs)}
    assert lues[eau.pk] == [fait.le, 42, fait.le, None]
    assert (lues[creche.pk][0] <= timezone.now(), lues[creche.pk][1]) == (True, None)
    assert lues[cantine.pk] == lues[finie.pk] == [None] * 4
