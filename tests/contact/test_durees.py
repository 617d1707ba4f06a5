"""Ce qui ne se garde pas : un an après sa clôture une demande s'efface, fichiers compris."""

import os
from datetime import timedelta

import factories
import pytest
from django.core.files.storage import FileSystemStorage
from django.utils import timezone

from contact import tasks
from contact.models import Demande, Message, PieceJointe
from contact.services import durees
from portail.models import Journal
from tests.contact.conftest import fichier
from tests.contact.outils_pieces import pdf

pytestmark = pytest.mark.sqlite
JOUR = timedelta(days=1)


def close(demande, il_y_a: timedelta) -> Demande:
    instant = timezone.now() - il_y_a
    Demande.objects.filter(pk=demande.pk).update(etat="close", clos_le=instant, change_le=instant, attend_depuis=None)
    return demande


def test_une_demande_close_depuis_un_an_s_efface_avec_ses_pieces(
    chez_ada, ada, boe, ailleurs, fichiers, django_capture_on_commit_callbacks
):
    chez_ada.post("/contact/", {"message": "Ancienne.", "pieces": fichier("a.pdf", pdf())})
    chez_ada.post("/contact/", {"message": "Récente.", "pieces": fichier("b.pdf", pdf())})
    ancienne, recente = Demande.objects.order_by("pk")
    close(ancienne, 366 * JOUR)
    close(recente, 364 * JOUR)
    close(factories.demande(ada, ailleurs), 400 * JOUR)
    with django_capture_on_commit_callbacks(execute=True):
        tasks.oublier_les_demandes.call()
    assert list(Demande.objects.all()) == [recente]
    assert [m.texte for m in Message.objects.all()] == ["Récente."]
    assert [f.name for f in fichiers.iterdir()] == [f"{PieceJointe.objects.get().uuid}.pdf"]
    faits = Journal.objects.filter(action="demandes.effacees").order_by("collectivite")
    assert [(f.collectivite, f.apres) for f in faits] == [(boe.pk, {"nombre": 1}), (ailleurs.pk, {"nombre": 1})]
    tasks.oublier_les_demandes.call()
    assert Journal.objects.filter(action="demandes.effacees").count() == 2


def test_rouverte_au_dernier_moment_elle_reste(demande, ada, monkeypatch):
    close(demande, 400 * JOUR)
    maintenant = timezone.now()
    cles = [demande.pk]
    Demande.objects.update(etat="nouvelle", clos_le=None, attend_depuis=maintenant)
    assert durees._effacer(cles, maintenant) == 0
    assert Demande.objects.count() == 1


def test_repondue_et_sans_nouvelles_elle_se_clot_seule(demande):
    for age, etat in ((89, "repondue"), (91, "close")):
        Demande.objects.update(etat="repondue", attend_depuis=None, change_le=timezone.now() - age * JOUR)
        tasks.oublier_les_demandes.call()
        assert Demande.objects.get().etat == etat
    assert Journal.objects.get(action="demande.close").apres == {"raison": "sans nouvelles"}


def test_un_fichier_que_rien_ne_nomme_part_le_lendemain(chez_ada, fichiers):
    tasks.oublier_les_demandes.call()  # aucun dossier encore
    chez_ada.post("/contact/", {"message": "Une pièce.", "pieces": fichier("a.pdf", pdf())})
    [nomme] = fichiers.iterdir()
    for nom, age in (("perdu.pdf", 2 * JOUR), ("en-train-d-arriver.pdf", timedelta())):
        (fichiers / nom).write_bytes(b"x")
        instant = (timezone.now() - age).timestamp()
        os.utime(fichiers / nom, (instant, instant))
    os.utime(nomme, (1, 1))
    tasks.oublier_les_demandes.call()
    assert {f.name for f in fichiers.iterdir()} == {nomme.name, "en-train-d-arriver.pdf"}


def test_un_fichier_qui_ne_s_efface_pas_n_arrete_rien(monkeypatch, caplog):
    def panne(_stockage, _nom):
        raise OSError

    monkeypatch.setattr(FileSystemStorage, "delete", panne)
    durees._effacer_les_fichiers(["contact/a.pdf"])
    assert "Une pièce jointe n'a pas pu être effacée" in caplog.text
