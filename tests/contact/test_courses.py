"""À deux au même instant : une seule réponse, une seule demande ; et sans leur garde, deux."""

from uuid import uuid4

import factories
import pytest

from contact import services
from contact.models import Demande, Message
from contact.pieces import Envoi
from contact.services import bureau, demandes
from tests.paiement_tipi.outils_courses import RendezVous, avant, ensemble, sans_contrainte, sans_verrous

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def scene(transactional_db):
    boe = factories.collectivite(nom="Ville de Boé", lien="M470310001", adresse="http://localhost", par_defaut=True)
    return factories.demande(factories.usager(), boe)


def deux_reponses(monkeypatch, demande, *, verrou: bool) -> list[object]:
    """Chaque agent ajoute sa réponse quand l'autre a aussi vérifié qu'il avait tout lu."""
    vu = services.dernier(demande)
    agents = [factories.usager(is_staff=True) for _ in range(2)]
    avant(monkeypatch, bureau, "passer", RendezVous(2, verrou=verrou).attendre)
    return ensemble(
        *(
            lambda qui=agent: services.repondre(demande=demande, auteur=qui, envoi=Envoi(f"De {qui.pk}"), vu=vu)
            for agent in agents
        )
    )


def test_de_deux_agents_qui_repondent_le_second_voit_que_le_fil_a_change(monkeypatch, scene):
    resultats = deux_reponses(monkeypatch, scene, verrou=True)
    assert sorted(type(r).__name__ for r in resultats) == ["FilChange", "bool"]
    assert scene.messages.filter(genre="service").count() == 1


def test_sans_le_verrou_les_deux_reponses_partiraient(monkeypatch, scene):
    sans_verrous(monkeypatch)
    deux_reponses(monkeypatch, scene, verrou=False)
    assert scene.messages.filter(genre="service").count() == 2


def double_clic(monkeypatch, scene) -> list[object]:
    """Les deux envois du même formulaire cherchent le premier avant qu'il ne soit écrit."""
    formulaire = uuid4()
    avant(monkeypatch, demandes, "ajouter", RendezVous(2).attendre)

    def ouvrir() -> Demande:
        neuve = Demande(collectivite=scene.collectivite, usager=scene.usager)
        return services.ouvrir(demande=neuve, envoi=Envoi("Bonjour.", formulaire=formulaire))

    return ensemble(ouvrir, ouvrir)


def test_un_double_clic_ne_fait_qu_une_demande(monkeypatch, scene):
    un, deux = double_clic(monkeypatch, scene)
    assert un.pk == deux.pk
    assert Demande.objects.count() == 2  # avec celle de la scène


def test_sans_la_contrainte_il_en_ferait_deux(monkeypatch, scene):
    with sans_contrainte(Message, "message_un_par_formulaire"):
        double_clic(monkeypatch, scene)
        assert Demande.objects.count() == 3
        Demande.objects.all().delete()
