"""kill -9 au milieu de l'analyse ou de la publication : zéro ou toutes les factures, et la suite reprend."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import factories
import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from epreuves import AMPLEUR, consigner

from comptes.models import Rattachement, Redevable
from factures.models import Facture, LigneImport, LotImport, RejetImport
from factures.services import lots
from portail.ajout_seul import lever, proteger
from portail.models import Courriel, Journal
from tests.factures.outils_imports import rangee
from tests.factures.outils_lots import deposer, relu, visibles
from tests.portail.outils_taches import vider

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="Le processus tué partage la base du test."),
]
RACINE = Path(__file__).resolve().parents[2]
COUPURES = 2 * AMPLEUR
GRAINE = 6
NUMEROS = [f"N{n:02d}" for n in range(35)]


def conduire(lot, mort=0):
    base = settings.DATABASES["default"]
    adresse = f"postgresql://{base['USER']}@{quote(base['HOST'], safe='')}/{connection.settings_dict['NAME']}"
    return subprocess.run(
        [sys.executable, "-m", "tests.factures.coupure", str(lot.pk), str(mort)],
        cwd=RACINE,
        env={**os.environ, "DATABASE_URL": adresse, "DONNEES": str(settings.DONNEES)},
        capture_output=True,
        text=True,
        check=False,
    )


def etager(eau):
    return deposer(eau, *(rangee(numero, code_redevable=f"C{rang % 20}") for rang, numero in enumerate(NUMEROS)))


def recommencer():
    """Tout ce que le lot a laissé, hors le service : la coupure suivante part du même point."""
    for modele in (Courriel, DBTaskResult, Facture, LigneImport, RejetImport, LotImport, Rattachement, Redevable):
        modele.objects.all().delete()
    lever()
    Journal.objects.all().delete()
    proteger()


def habitant(boe, ada):
    """Ada lit les factures de l'un des redevables du lot."""
    factories.redevable(boe, ada, source="EAU-SOFT", code="C0", nom="LŒUVRE")


@pytest.mark.epreuve
def test_une_coupure_n_importe_ou_laisse_zero_ou_toutes_les_factures(boe, eau, ada):
    type(ada).objects.filter(pk=ada.pk).update(courriel_confirme_le=timezone.now())
    habitant(boe, ada)
    entier = conduire(etager(eau))
    assert (entier.returncode, visibles()) == (0, NUMEROS), entier.stderr
    ordres = int(entier.stdout)
    assert ordres > 60
    vues, avant = set(), 0
    for mort in random.Random(GRAINE).sample(range(2, ordres), min(COUPURES, ordres - 2)):
        recommencer()
        habitant(boe, ada)
        lot = etager(eau)
        coupe = conduire(lot, mort)
        assert coupe.returncode == -signal.SIGKILL, (mort, coupe.stderr)
        vues.add(len(visibles()))
        avant += not visibles()
        assert len(visibles()) == (len(NUMEROS) if relu(lot).etat == "publie" else 0), mort
        assert Courriel.objects.count() <= (relu(lot).etat == "publie"), mort  # aucun trop tôt
        repris = conduire(lot)
        assert (repris.returncode, visibles()) == (0, NUMEROS), (mort, repris.stderr)
        assert (Facture.objects.count(), Redevable.objects.count(), LigneImport.objects.count()) == (35, 20, 35)
        assert Journal.objects.filter(action="lot.publie").count() == 1
        assert (Courriel.objects.count(), relu(lot).prevenus) == (1, 1), mort
    assert 0 in vues
    consigner(
        "lots",
        "Un lot tué au milieu de son import",
        "kill -9 avant un ordre SQL tiré au sort : zéro ou toutes les factures sont visibles, et la reprise finit.",
        ordres_sql=ordres,
        coupures=COUPURES,
        dont_avant_la_publication=avant,
        reprises_incompletes=0,
    )


def test_tue_sitot_publie_chaque_habitant_est_prevenu_une_fois(boe, eau, ada, bob):
    """Les avis sont en file avec la publication, ou pas du tout : l'ouvrier suivant les trouve."""
    type(ada).objects.filter(pk__in=[ada.pk, bob.pk]).update(courriel_confirme_le=timezone.now())
    for personne, code in ((ada, "C0"), (bob, "C1")):
        factories.redevable(boe, personne, source="EAU-SOFT", code=code, nom="LŒUVRE")
    lot = etager(eau)
    assert conduire(lot, -1).returncode == -signal.SIGKILL
    assert (visibles(), Courriel.objects.count()) == (NUMEROS, 0)
    for _ in range(2):
        vider()
        avis = Courriel.objects.filter(sorte="factures.disponible")
        assert sorted(avis.values_list("destinataire", flat=True)) == [ada.email, bob.email]
        lots.lacher_les_avis(lot=lot)
    assert relu(lot).prevenus == 2


def test_apres_une_coupure_on_peut_aussi_renoncer(eau):
    lot = etager(eau)
    lots.analyser(lot=lot)
    lots.demander_la_publication(lot=lot, avis="retenus")
    assert conduire(lot, 20).returncode == -signal.SIGKILL
    assert (relu(lot).etat, Facture.objects.count() > 0, visibles()) == ("en-publication", True, [])
    lots.renoncer(lot=lot)
    assert (Facture.objects.count(), LigneImport.objects.count()) == (0, 0)
