"""Deux administratrices se retirent l'une l'autre au même instant : la commune en garde une."""

import factories
import pytest

from comptes.services import DernierAdministrateur, agents, retirer_un_agent
from portail.models import Affectation
from tests.paiement_tipi.outils_courses import RendezVous, avant, ensemble

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


def se_retirer_l_une_l_autre(monkeypatch, *, verrou: bool):
    commune = factories.collectivite()
    une, autre = (factories.administratrice(commune) for _ in range(2))
    avant(monkeypatch, agents, "noter", RendezVous(2, verrou=verrou).attendre)  # chacune se croit en règle
    resultats = ensemble(
        *(
            lambda a=auteur, c=cible: retirer_un_agent(
                affectation=Affectation.objects.get(usager=c), motif="Départ", auteur=a
            )
            for auteur, cible in ((une, autre), (autre, une))
        )
    )
    return resultats, Affectation.objects.administrateurs(commune).count()


def test_la_seconde_est_refusee_et_la_commune_garde_une_administratrice(monkeypatch):
    resultats, restantes = se_retirer_l_une_l_autre(monkeypatch, verrou=True)
    assert ([type(r) for r in resultats if r is not None], restantes) == ([DernierAdministrateur], 1)


def test_sans_le_verrou_la_commune_n_en_aurait_plus_aucune(monkeypatch):
    monkeypatch.setattr(agents, "verrouiller_la_commune", lambda _collectivite: None)
    resultats, restantes = se_retirer_l_une_l_autre(monkeypatch, verrou=False)
    assert (resultats, restantes) == ([None, None], 0)
