"""Un agent qui ne peut plus répondre ne garde pas de demandes : elles sont à prendre, et le journal le dit."""

import factories
import pytest
from django.utils import timezone

from comptes.services import changer_le_role, retirer_un_agent, suspendre_un_agent
from contact import services, tasks
from contact.models.demandes import SANS_ACTES
from contact.pieces import Envoi
from portail.gestion.droits import ACTES
from portail.models import Affectation, Journal, Role
from tests.contact.test_bureau import LISTE, agir, lire, relu

pytestmark = pytest.mark.sqlite

DEPARTS = {
    "retiré": lambda a, par: retirer_un_agent(affectation=a, motif="Départ", auteur=par),
    "suspendu": lambda a, par: suspendre_un_agent(affectation=a, motif="Absence", auteur=par),
    "en lecture": lambda a, par: changer_le_role(affectation=a, role=Role.LECTURE, auteur=par),
}


@pytest.fixture
def suivies(ada, boe, ailleurs, collegue) -> dict:
    """Les demandes du collègue, qui l'est aussi d'une autre commune."""
    Affectation.objects.create(usager=collegue, collectivite=ailleurs, role=Role.RELATION)
    close = {"etat": "close", "attend_depuis": None, "clos_le": timezone.now()}
    return {
        "ouverte": factories.demande(ada, boe, objet="À suivre", assignee=collegue),
        "répondue": factories.demande(ada, boe, etat="repondue", attend_depuis=None, assignee=collegue),
        "close": factories.demande(ada, boe, assignee=collegue, **close),
        "ailleurs": factories.demande(ada, ailleurs, assignee=collegue),
    }


def gardees(suivies) -> list[str]:
    return [nom for nom, demande in suivies.items() if relu(demande).assignee]


@pytest.mark.parametrize("depart", DEPARTS)
def test_ses_demandes_ouvertes_d_ici_sont_a_prendre(depart, suivies, agente, collegue, boe, connecter):
    DEPARTS[depart](Affectation.objects.get(usager=collegue, collectivite=boe), factories.administratrice(boe))
    assert gardees(suivies) == ["close", "ailleurs"]
    faits = Journal.objects.filter(action="demande.liberee").order_by("pk")
    assert [(f.collectivite, f.avant) for f in faits] == [(boe.pk, {"assignee": collegue.pk})] * 2
    gestion = connecter(agente, chez=boe)
    assert "À suivre" in lire(gestion.get(f"{LISTE}?assignee=personne"))
    historique = lire(gestion.get(f"{LISTE}{suivies['ouverte'].pk}/history/"))
    assert "Demande à prendre : son agent n'a plus accès" in historique


def test_un_role_qui_repond_encore_les_garde(suivies, collegue, boe):
    affectation, maire = Affectation.objects.get(usager=collegue, collectivite=boe), factories.administratrice(boe)
    changer_le_role(affectation=affectation, role=Role.FACTURATION, auteur=maire)
    tasks.oublier_les_demandes.call()
    assert gardees(suivies) == ["ouverte", "répondue", "close", "ailleurs"]


def test_un_compte_ferme_hors_du_site_les_perd_le_lendemain_et_n_en_reprend_pas(suivies, collegue, chez_agente):
    type(collegue).objects.filter(pk=collegue.pk).update(is_active=False)
    tasks.oublier_les_demandes.call()
    assert gardees(suivies) == ["close"]
    demande = suivies["ouverte"]
    with pytest.raises(services.AgentParti):  # choisi juste avant
        services.assigner(demande=demande, agent=collegue)
    vu = services.dernier(demande)
    assert services.repondre(demande=demande, auteur=collegue, envoi=Envoi("Au revoir."), vu=vu)
    assert relu(demande).assignee is None
    assert agir(chez_agente, demande, "assigner", agent=collegue.pk).status_code == 200


def test_qui_ne_repond_pas_est_qui_n_en_a_pas_le_droit():
    assert set(SANS_ACTES) == {role for role in Role if "contact.demande.repondre" not in ACTES[role]}
