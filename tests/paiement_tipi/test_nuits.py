"""Les nuits où l'horloge ment : changements d'heure, 31 décembre, 29 février."""

from datetime import UTC, date, datetime, timedelta

import factories
import pytest
import time_machine
from django.utils import timezone

from tests.paiement_tipi.outils_tentatives import PAYEE_PAR_CARTE, bilan, constater, creations, demarrer, pilote

# À Paris : dix minutes avant que 2 h ne devienne 3 h ; 2 h 30 la première fois, puis la seconde ; une minute avant l'an
# neuf, une demi-heure après ; la dernière heure de février. Puis les minutes que tient une facture oubliée : PayFiP
# purge à 3 h ce que personne n'a ouvert, et ce P1 clôt au bout d'un quart d'heure ; un P5, au bout de deux heures.
NUITS = {
    "mars": ("2026-03-29T00:50", 15),
    "octobre, heure d'été": ("2026-10-25T00:30", 90),
    "octobre, heure d'hiver": ("2026-10-25T01:30", 30),
    "31 décembre": ("2026-12-31T22:59", 120),
    "1er janvier": ("2026-12-31T23:30", 120),
    "29 février": ("2028-02-29T22:58", 120),
}


@pytest.fixture
def payfip(simulateur):
    with pilote(simulateur) as pilotable:
        yield pilotable


@pytest.mark.sqlite
@pytest.mark.parametrize("nuit", NUITS)
def test_on_paie_on_abandonne_et_on_expire_a_l_heure_cette_nuit_la(boe, ada, eau, payfip, nuit):
    debut, tenue = datetime.fromisoformat(NUITS[nuit][0]).replace(tzinfo=UTC), timedelta(minutes=NUITS[nuit][1])
    with time_machine.travel(debut, tick=False) as horloge:
        emise = date(2028, 2, 29) if debut.year == 2028 else date(2026, 3, 28)
        dates = {"date_emission": emise, "date_echeance": None, "date_limite_en_ligne": None}
        factures = [factories.facture(factories.redevable(boe, ada), eau, **dates) for _ in range(3)]
        payee, quittee, oubliee = tentatives = [demarrer(facture, ada) for facture in factures]
        # L'exercice est celui du titre, pas l'année de l'instant.
        assert [envoi["exer"] for envoi in creations(payfip)] == [str(emise.year)] * 3
        payfip.payer(str(quittee.idop), action="annuler")
        horloge.shift(timedelta(minutes=2))
        payfip.payer(str(payee.idop))
        for tentative in tentatives:
            constater(tentative, timezone.now())
        assert bilan(factures[0]) == PAYEE_PAR_CARTE
        # PayFiP donne l'heure sans décalage : l'heure répétée se lit comme la première.
        repetee = timedelta(hours="hiver" in nuit)
        assert factures[0].reglements.get().recu_le == timezone.now() - repetee
        horloge.shift(timedelta(minutes=2))
        constater(quittee, timezone.now())
        horloge.move_to(debut + tenue - timedelta(seconds=1))
        constater(oubliee, timezone.now())
        assert [tentative.etat for tentative in tentatives] == ["paye", "abandonne", "envoye"]
        horloge.shift(timedelta(seconds=1))
        constater(oubliee, timezone.now())
        assert oubliee.etat == "expire"
