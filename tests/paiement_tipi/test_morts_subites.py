"""kill -9 dans les trois fenêtres : après PayFiP, après l'enregistrement, entre le règlement et l'accusé."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings
from django.core import mail
from django.db import connection
from django.utils import timezone

from paiement_tipi import services
from paiement_tipi.models import Paiement
from paiement_tipi.services.rapprochement import clore_sans_idop
from portail.models import Courriel
from tests.paiement_tipi.coupure import CONSTATS, DEPARTS, FORMULAIRE
from tests.paiement_tipi.outils_tentatives import (
    DUE,
    PAYEE_PAR_CARTE,
    bilan,
    creations,
    demarrer,
    empechement,
    histoire,
    pilote,
)
from tests.portail.outils_taches import vider

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="Le processus tué partage la base du test."),
]
RACINE = Path(__file__).resolve().parents[2]


@pytest.fixture
def payfip(simulateur):
    with pilote(simulateur) as pilotable:
        yield pilotable


def mourir_a(fenetre, cle):
    base = settings.DATABASES["default"]
    adresse = f"postgresql://{base['USER']}@{quote(base['HOST'], safe='')}/{connection.settings_dict['NAME']}"
    guichet = {"PAYFIP_URL": settings.PAYFIP_URL, "PAYFIP_PAGE_URL": settings.PAYFIP_PAGE_URL, "DEMO": "1"}
    fait = subprocess.run(
        [sys.executable, "-m", "tests.paiement_tipi.coupure", fenetre, str(cle)],
        cwd=RACINE,
        env={**os.environ, "DATABASE_URL": adresse, "DONNEES": str(settings.DONNEES), **guichet},
        capture_output=True,
        text=True,
        check=False,
    )
    assert fait.returncode == -signal.SIGKILL, fait.stderr


def relever():
    """Le relevé, deux fois : la seconde ne change rien ; puis l'ouvrier envoie ce qui attend."""
    for _fois in range(2):
        services.relever(guichet=services.guichet(personne=False), maintenant=timezone.now())
    vider()


def test_apres_payfip_l_idop_perdu_n_a_ete_montre_a_personne_et_la_facture_se_repaie(payfip, facture, ada):
    mourir_a(DEPARTS[0], facture.pk)
    perdue = Paiement.objects.get()
    assert (perdue.etat, perdue.idop, len(creations(payfip))) == ("demarre", None, 1)
    assert empechement(facture) == "PAIEMENT_EN_COURS"
    clore_sans_idop(timezone.now() + timedelta(minutes=5))
    payfip.payer(str(demarrer(facture, ada).idop))
    relever()
    assert (bilan(facture), histoire(perdue), len(mail.outbox)) == (PAYEE_PAR_CARTE, ["echoue"], 1)


def test_apres_l_enregistrement_le_meme_clic_rend_la_meme_page_et_paie_une_fois(payfip, facture, ada):
    mourir_a(DEPARTS[1], facture.pk)
    paiement = Paiement.objects.get()
    assert demarrer(facture, ada, par=FORMULAIRE) == paiement
    assert len(creations(payfip)) == 1
    payfip.payer(str(paiement.idop))
    relever()
    assert (bilan(facture), len(mail.outbox)) == (PAYEE_PAR_CARTE, 1)


@pytest.mark.parametrize(("fenetre", "avant", "accuses"), [(CONSTATS[0], DUE, 0), (CONSTATS[1], PAYEE_PAR_CARTE, 1)])
def test_entre_le_reglement_et_l_accuse_l_un_et_l_autre_ou_rien_puis_une_fois(
    payfip, facture, ada, fenetre, avant, accuses
):
    paiement = demarrer(facture, ada)
    payfip.payer(str(paiement.idop))
    mourir_a(fenetre, paiement.pk)
    assert (bilan(facture), Courriel.objects.count(), len(mail.outbox)) == (avant, accuses, 0)
    relever()
    relever()
    assert (bilan(facture), Courriel.objects.count(), len(mail.outbox)) == (PAYEE_PAR_CARTE, 1, 1)
