"""Un compte fermé n'entre plus nulle part ; par quelque chemin qu'il se ferme, une commune garde un administrateur."""

from io import StringIO

import factories
import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from comptes.models import Session, Usager
from comptes.services import DernierAdministrateur, fermer_un_compte, fermeture
from contact.models import Demande
from portail.models import Affectation, Journal, Role
from tests.paiement_tipi.outils_courses import RendezVous, avant, ensemble


def ordonner(adresse: str, *options: str) -> str:
    sortie = StringIO()
    call_command("fermer_compte", adresse, *options, stdout=sortie)
    return sortie.getvalue().strip()


@pytest.mark.sqlite
def test_la_seule_administratrice_d_une_commune_garde_son_compte_jusqu_a_ce_qu_une_autre_soit_nommee(
    boe, ailleurs, ada, connecter
):
    maire = factories.administratrice(boe)
    Affectation.objects.create(usager=maire, collectivite=ailleurs, role=Role.ADMINISTRATION)
    factories.administratrice(ailleurs)
    fermee = factories.administratrice(boe)
    Usager.objects.filter(pk=fermee.pk).update(
        is_active=False
    )  # une autre, dont le compte est déjà fermé, ne compte pas
    session, demande = connecter(maire, chez=boe), factories.demande(ada, boe, assignee=maire)
    with pytest.raises(CommandError, match="C'est le seul administrateur de Ville de Boé : nommez-en d'abord un autre"):
        ordonner(maire.email, "--motif", "Départ")
    assert session.get("/gestion/").status_code == 200
    factories.administratrice(boe)
    assert ordonner(maire.email.upper(), "--motif", "Départ") == "Le compte est fermé."
    assert ordonner(maire.email, "--motif", "Départ") == "Ce compte était déjà fermé."
    assert (session.get("/gestion/").status_code, Session.objects.filter(usager=maire).exists()) == (302, False)
    assert Demande.objects.get(pk=demande.pk).assignee is None
    faits = Journal.objects.filter(action="compte.ferme").order_by("collectivite")
    assert [(f.collectivite, f.apres) for f in faits] == [(chez.pk, {"motif": "Départ"}) for chez in (boe, ailleurs)]
    assert ordonner(maire.email, "--rouvrir") == "Le compte est rouvert."
    assert ordonner(maire.email, "--rouvrir") == "Ce compte n'était pas fermé, ou il l'est pour de bon."
    assert connecter(maire, chez=boe).get("/gestion/").status_code == 200
    with pytest.raises(CommandError, match="Aucun compte"):
        ordonner("personne@exemple.fr", "--rouvrir")


@pytest.mark.postgresql
def test_la_base_refuse_aussi_un_compte_ferme_a_la_main(boe, ada):
    maires = [factories.administratrice(boe) for _ in range(2)]
    comptes = Usager.objects.filter(pk__in=[maire.pk for maire in maires])
    with pytest.raises(IntegrityError, match="nommez-en d'abord un autre"), transaction.atomic():
        comptes.update(is_active=False)  # l'une, oui ; les deux, non
    maires[0].is_active = False
    maires[0].save()
    with pytest.raises(IntegrityError, match="nommez-en d'abord un autre"), transaction.atomic():
        comptes.update(is_active=False)
    assert Usager.objects.filter(pk=ada.pk).update(is_active=False) == 1


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("verrou", "refus"), [(True, DernierAdministrateur), (False, IntegrityError)])
def test_deux_administratrices_fermees_au_meme_instant_il_en_reste_une(monkeypatch, verrou, refus):
    """Sans le verrou de la commune, c'est la base qui refuse."""
    commune = factories.collectivite()
    maires = [factories.administratrice(commune) for _ in range(2)]
    if not verrou:
        monkeypatch.setattr(fermeture, "verrouiller_la_commune", lambda _commune: None)
    avant(monkeypatch, fermeture, "noter", RendezVous(2, verrou=True).attendre)
    resultats = ensemble(*(lambda qui=maire: fermer_un_compte(usager=qui, motif="Départ") for maire in maires))
    assert [type(resultat) for resultat in resultats if resultat is not True] == [refus]
    assert Affectation.objects.administrateurs(commune).count() == 1
