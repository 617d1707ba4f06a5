"""Une copie se prépare en plusieurs passes : un ouvrier tué ne perd que la sienne, deux à la fois ne se gênent pas."""

import random
import signal
from datetime import date, timedelta

import factories
import pytest
from django.core import mail
from django.core.files.base import ContentFile
from django.db import connection
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from epreuves import AMPLEUR

from comptes.models import Copie
from comptes.services import detacher
from comptes.services.copies import avancer, composition
from comptes.services.copies.menage import effacer_les_copies
from comptes.tasks import preparer_une_copie
from factures.services import documents
from portail.models import Courriel, Journal
from portail.reprises import SILENCE_SECONDES, Guet
from tests.comptes.outils_copie import donnees, lire
from tests.portail.outils_taches import maintenant_tout_est_du, ouvrier, vider
from tests.portail.test_courriels_morts_subites import APRES_LA_REQUETE

FACTURES = 6
PDF = b"%PDF-1.7\nle document du service\n%%EOF\n"


@pytest.fixture
def siennes(fichiers, boe, ada, eau):
    """Six factures d'Ada, leur document déposé, et une copie à préparer."""
    redevable = factories.redevable(boe, ada)
    for rang in range(FACTURES):
        facture = factories.facture(redevable, eau, numero=f"F-{rang}", date_emission=date(2026, 1, 1 + rang))
        facture.pdf.save("f.pdf", ContentFile(PDF + str(rang).encode()))
    return Copie.objects.create(usager=ada, collectivite=boe)


def verifier_entiere(copie) -> None:
    """Chaque document une fois, dans l'ordre ; un message, et rien d'autre que l'archive sur le disque."""
    fichiers = lire(Copie.objects.get(pk=copie.pk))
    contenus = [fichiers[nom] for nom in fichiers if nom.startswith("factures/")]
    assert contenus == [PDF + str(rang).encode() for rang in range(FACTURES)]
    assert [facture["numero"] for facture in donnees(fichiers)["factures"]] == [f"F-{n}" for n in range(FACTURES)]
    assert Courriel.objects.filter(cle=f"copie:{copie.uuid}").count() == 1
    assert Journal.objects.filter(action="copie.prete").count() == 1


def sur_le_disque(fichiers) -> int:
    return len(list(fichiers.glob("copies/*/*")))


@pytest.mark.sqlite
@pytest.mark.django_db
def test_une_passe_courte_laisse_la_place_puis_la_suivante_continue(siennes, fichiers, monkeypatch):
    monkeypatch.setattr("comptes.tasks.PASSE_SECONDES", 0.0)
    preparer_une_copie.enqueue(copie=siennes.pk)
    vider()
    # Une pièce par passe, puis celle qui ne trouve plus rien ; le courriel a sa tâche.
    assert DBTaskResult.objects.filter(task_path="comptes.tasks.preparer_une_copie").count() == FACTURES + 1
    verifier_entiere(siennes)
    assert (sur_le_disque(fichiers), len(mail.outbox)) == (1, 1)


@pytest.mark.django_db
def test_une_passe_interrompue_ne_recompose_pas_ce_que_les_precedentes_ont_ecrit(siennes, fichiers, monkeypatch):
    composees = []

    def ouvrir(facture, **_options):
        composees.append(facture.numero)
        if len(composees) == 4:
            raise SystemExit  # l'ouvrier meurt ici
        return facture.pdf.open()

    monkeypatch.setattr("factures.services.copie.ouvrir_document", ouvrir)
    for _ in range(2):
        avancer(copie=Copie.objects.get(), pendant=0)
    with pytest.raises(SystemExit):
        avancer(copie=Copie.objects.get(), pendant=60)
    assert avancer(copie=Copie.objects.get(), pendant=60)
    assert composees == ["F-0", "F-1", "F-2", "F-3", "F-2", "F-3", "F-4", "F-5"]
    verifier_entiere(siennes)
    assert sur_le_disque(fichiers) == 1  # la partie coupée est partie avec les autres


@pytest.mark.django_db
def test_de_deux_passes_au_meme_instant_une_seule_est_retenue(siennes, fichiers):
    lente = Copie.objects.get()
    avancer(copie=Copie.objects.get(), pendant=0)
    assert avancer(copie=lente, pendant=60)  # elle n'a plus rien à faire : l'autre continue
    assert (Copie.objects.get().prete_le, len(Copie.objects.get().parties)) == (None, 1)
    assert avancer(copie=Copie.objects.get(), pendant=60)
    verifier_entiere(siennes)
    assert sur_le_disque(fichiers) == 1


@pytest.mark.django_db
def test_un_compte_client_detache_en_route_n_y_est_plus(siennes, ada, boe, eau):
    gardee = factories.facture(factories.redevable(boe, ada), eau, numero="G-1")
    gardee.pdf.save("g.pdf", ContentFile(PDF))
    avancer(copie=Copie.objects.get(), pendant=0)
    detacher(rattachement=ada.rattachements.order_by("pk").first())
    assert avancer(copie=Copie.objects.get(), pendant=60)
    fichiers = lire(Copie.objects.get())
    assert [nom.endswith("G-1.pdf") for nom in fichiers if nom.startswith("factures/")] == [True]
    assert [facture["numero"] for facture in donnees(fichiers)["factures"]] == ["G-1"]


@pytest.mark.django_db
def test_un_compte_client_detache_pendant_qu_elle_s_acheve_la_fait_recommencer(siennes, ada, monkeypatch):
    ecrire = composition.ecrire_les_textes

    def ecrire_puis_detacher(*arguments):
        ecrire(*arguments)
        if rattachement := ada.rattachements.filter(etat="actif").first():
            detacher(rattachement=rattachement)

    monkeypatch.setattr(composition, "ecrire_les_textes", ecrire_puis_detacher)
    assert not avancer(copie=Copie.objects.get(), pendant=60)
    assert Copie.objects.get().prete_le is None
    assert avancer(copie=Copie.objects.get(), pendant=60)
    assert set(lire(Copie.objects.get())) == {"LISEZMOI.txt", "donnees.json"}


@pytest.mark.django_db
def test_une_copie_effacee_en_route_ne_laisse_rien(siennes, fichiers, monkeypatch):
    ecrire = composition.ecrire_les_textes

    def ecrire_puis_effacer(*arguments):
        ecrire(*arguments)
        Copie.objects.all().delete()

    monkeypatch.setattr(composition, "ecrire_les_textes", ecrire_puis_effacer)
    assert avancer(copie=Copie.objects.get(), pendant=60)
    assert not Courriel.objects.exists()
    effacer_les_copies(timezone.now())
    assert sur_le_disque(fichiers) == 0


@pytest.mark.django_db
def test_un_document_compose_l_est_une_fois_malgre_les_passes(siennes, ada, monkeypatch):
    type(siennes).objects.update(demandee_le=timezone.now() - timedelta(minutes=5))
    ada.rattachements.get().redevable.factures.update(pdf="")
    rendus = []
    monkeypatch.setattr(documents, "rendre", lambda _g, contexte, **_: rendus.append(contexte["facture"].numero) or PDF)
    while not avancer(copie=Copie.objects.get(), pendant=0):
        pass
    assert rendus == [f"F-{rang}" for rang in range(FACTURES)]


MORTS = 3 * AMPLEUR
UNE_PIECE_PAR_PASSE = "import comptes.tasks; comptes.tasks.PASSE_SECONDES = 0.0\n"


@pytest.mark.epreuve
@pytest.mark.postgresql
@pytest.mark.skipif(connection.vendor != "postgresql", reason="Deux processus sur une base : celle de production.")
@pytest.mark.django_db(transaction=True)
def test_un_ouvrier_tue_n_importe_ou_puis_relance_finit_l_archive(siennes, fichiers, settings):
    ou = {"location": fichiers / "fichiers"}  # où l'ouvrier, dans son processus, les cherche
    (fichiers / "fichiers").mkdir()
    (fichiers / "factures").rename(fichiers / "fichiers" / "factures")
    settings.DONNEES, settings.STORAGES = (
        fichiers,
        settings.STORAGES | {"default": settings.STORAGES["default"] | {"OPTIONS": ou}},
    )
    preparer_une_copie.enqueue(copie=siennes.pk)
    hasard, tues = random.Random(29), 0
    for _ in range(MORTS):
        mort = APRES_LA_REQUETE.format(rang=hasard.randint(5, 60))
        with ouvrier("--vider", prealable=UNE_PIECE_PAR_PASSE + mort) as processus:
            processus.wait(60)
        tues += processus.returncode == -signal.SIGKILL
        guet = Guet()
        guet.tour(0)
        guet.tour(SILENCE_SECONDES)
        maintenant_tout_est_du()
    with ouvrier("--vider", prealable=UNE_PIECE_PAR_PASSE) as processus:
        assert processus.wait(60) == 0, processus.stderr.read()
    assert tues
    verifier_entiere(siennes)
    effacer_les_copies(timezone.now() + timedelta(hours=25))
    assert sur_le_disque(fichiers / "fichiers") == 0
