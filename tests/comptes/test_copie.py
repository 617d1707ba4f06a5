"""« Une copie de mes données » : demandée avec le mot de passe, une à la fois, à sa seule personne, 24 heures."""

import html
import re
from datetime import timedelta
from uuid import uuid4

import factories
import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from comptes.models import Copie, Rattachement, Session, Usager
from comptes.services import copies, suspendre_rattachement
from comptes.services.copies.demande import PREPARATION
from comptes.tasks import effacer_les_copies, preparer_une_copie
from portail.models import Affectation, Courriel, Journal, Role
from tests.comptes.outils_copie import EMPORTER, PAGE, demander, ouvrir, preparer
from tests.comptes.outils_messages import relever
from tests.portail.outils_taches import vider

pytestmark = pytest.mark.usefixtures("fichiers")


@pytest.fixture
def client(ada, boe, facture, connecter) -> Client:
    """Ada, qui a une facture à Boé."""
    return connecter(ada, chez=boe)


def statut(client) -> int:
    """Celui du téléchargement, mené au bout."""
    reponse = client.post(EMPORTER)
    reponse.getvalue()
    return reponse.status_code


def texte(reponse) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", reponse.content.decode())).split())


def taches() -> int:
    return DBTaskResult.objects.filter(task_path=PREPARATION).count()


def actions() -> list[str]:
    return list(Journal.objects.filter(action__startswith="copie.").order_by("pk").values_list("action", flat=True))


@pytest.mark.sqlite
def test_demander_attendre_le_message_et_telecharger(client, ada, boe, facture):
    assert "Demander une copie de mes données" in texte(client.get(PAGE))
    reponse = demander(client)
    assert (reponse.status_code, reponse["Location"]) == (303, PAGE)
    assert "Votre copie se prépare" in texte(client.get(PAGE))
    assert statut(client) == 404

    vider()

    [message] = mail.outbox
    assert (message.subject, message.to) == ("La copie de vos données est prête", [ada.email])
    assert f"{boe.adresse}{PAGE}" in message.body
    assert not {"Ada", "LOVELACE", facture.numero, "243"} & set(re.findall(r"[\w-]+", message.body))
    assert "Télécharger ma copie" in texte(client.get(PAGE))
    emportee = client.post(EMPORTER)
    assert emportee.status_code == 200
    contenus = ouvrir(emportee.getvalue())
    assert [nom.partition("/")[0] for nom in contenus] == ["LISEZMOI.txt", "donnees.json", "factures"]
    assert actions() == ["copie.demandee", "copie.prete", "copie.emportee"]
    assert set(Journal.objects.filter(action__startswith="copie.").values_list("collectivite", "identifiant")) == {
        (boe.pk, str(ada.pk))
    }


def test_l_archive_part_comme_un_document(client, ada, boe):
    preparer(ada, boe)
    reponse = client.post(EMPORTER)
    reponse.getvalue()
    jour = timezone.localdate()
    attendus = {
        "Content-Type": "application/zip",
        "Content-Disposition": f'attachment; filename="copie-de-mes-donnees-{jour}.zip"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    assert {nom: reponse[nom] for nom in attendus} == attendus
    assert "sandbox" in reponse["Content-Security-Policy"].split("; ")
    assert dict(reponse.cookies) == {}


def test_sans_le_bon_mot_de_passe_rien_ne_part(client, settings):
    settings.LIMITES = settings.LIMITES | {"echecs-par-compte": (2, 300)}
    for mot_de_passe, phrase in (
        ("", "Écrivez votre mot de passe."),
        ("pas le bon", "Ce n'est pas votre mot de passe actuel."),
        ("pas le bon", "Ce n'est pas votre mot de passe actuel."),
        (factories.MOT_DE_PASSE, "Trop d'essais."),
    ):
        reponse = demander(client, mot_de_passe)
        assert (reponse.status_code, phrase in texte(reponse)) == (200, True)
    assert (Copie.objects.count(), taches(), actions()) == (0, 0, [])


def test_le_mot_de_passe_redonne_change_la_session(client):
    avant = Session.objects.get().session_key
    demander(client)
    assert Session.objects.get().session_key != avant


def test_redemandee_en_preparation_ou_prete_elle_ne_se_double_pas(client, ada, boe):
    assert {demander(client).status_code for _ in range(3)} == {303}
    assert (Copie.objects.count(), taches(), len(actions())) == (1, 1, 1)
    vider()
    prete = Copie.objects.get()
    demander(client)
    vider()
    assert (Copie.objects.get(), taches(), len(relever())) == (prete, 1, 0)
    assert len(mail.outbox) == 1


def test_une_tache_executee_deux_fois_ne_refait_ni_archive_ni_message(client, ada, boe):
    demander(client)
    vider()
    prete = Copie.objects.get()
    preparer_une_copie.func(prete.pk)
    preparer_une_copie.func(prete.pk + 1)  # partie entre-temps
    assert (Copie.objects.get().fichier.name, Courriel.objects.count()) == (prete.fichier.name, 1)


def test_au_dela_de_la_limite_il_faut_attendre(client, settings):
    settings.LIMITES = settings.LIMITES | {"copies": (2, 86400)}
    for attendu in (303, 303, 429):
        assert demander(client).status_code == attendu
        Copie.objects.all().delete()
    assert Journal.objects.get(action="limite.depassee").apres == {"limite": "copies"}


def test_chacun_a_la_sienne_et_une_par_commune(client, ada, bob, boe, ailleurs, connecter):
    factories.redevable(ailleurs, ada)
    for personne, chez in ((ada, boe), (ada, ailleurs), (bob, boe)):
        assert demander(connecter(personne, chez=chez)).status_code == 303
    assert (Copie.objects.count(), taches()) == (3, 3)


def test_celle_d_un_autre_ou_d_une_autre_commune_est_introuvable(client, ada, bob, boe, ailleurs, agente, connecter):
    preparer(ada, boe)
    administratrice = factories.administratrice(boe)
    d_ailleurs = factories.usager(is_staff=True)
    Affectation.objects.create(usager=d_ailleurs, collectivite=ailleurs, role=Role.ADMINISTRATION)
    for personne, chez in (
        (bob, boe), (agente, boe), (administratrice, boe), (ada, ailleurs), (d_ailleurs, ailleurs),
    ):  # fmt: skip
        navigateur = connecter(personne, chez=chez)
        assert statut(navigateur) == 404
        assert "Télécharger ma copie" not in texte(navigateur.get(PAGE))
    assert statut(client) == 200


def test_un_anonyme_est_mene_a_la_connexion_puis_a_la_page(ada, boe):
    preparer(ada, boe)
    anonyme = Client(HTTP_HOST="localhost")
    assert anonyme.get(PAGE)["Location"] == f"/connexion/?next={PAGE}"
    envoi = anonyme.post(EMPORTER, HTTP_REFERER=f"http://localhost{PAGE}")
    assert (envoi.status_code, envoi["Location"]) == (302, f"/connexion/?next={PAGE}")


@pytest.mark.sqlite
def test_au_bout_de_vingt_quatre_heures_elle_est_introuvable_puis_effacee(client, ada, boe, fichiers):
    copie = preparer(ada, boe)
    [archive] = fichiers.glob("copies/*/*.zip")
    for age, attendu in ((timedelta(hours=24, seconds=-5), 200), (timedelta(hours=24), 404)):
        Copie.objects.update(prete_le=timezone.now() - age)
        assert statut(client) == attendu
        effacer_les_copies.func()
        assert (Copie.objects.filter(pk=copie.pk).exists(), archive.exists()) == (attendu == 200, attendu == 200)
    assert list((fichiers / "copies").iterdir()) == []
    assert actions()[-1] == "copie.effacee"
    assert Journal.objects.filter(action="copie.effacee").count() == 1
    assert "Demander une copie" in texte(client.get(PAGE))


def test_un_message_qui_n_a_pu_partir_a_temps_ne_part_plus(client, ada, boe):
    preparer(ada, boe)
    Copie.objects.update(prete_le=timezone.now() - timedelta(hours=24))
    assert relever() == []


def test_perimee_et_pas_encore_effacee_elle_se_redemande(client, ada, boe):
    ancienne = preparer(ada, boe)
    Copie.objects.update(prete_le=timezone.now() - timedelta(hours=24))
    assert demander(client).status_code == 303
    neuve = Copie.objects.get()
    assert (neuve.uuid != ancienne.uuid, neuve.prete_le) == (True, None)


def test_le_menage_efface_ce_que_plus_rien_ne_nomme_et_cela_seul(ada, bob, boe, fichiers):
    perdue, gardee = preparer(bob, boe), preparer(ada, boe)
    (fichiers / "copies" / str(uuid4())).mkdir()
    Usager.objects.filter(pk=bob.pk).delete()
    effacer_les_copies.func()
    assert [dossier.name for dossier in (fichiers / "copies").iterdir()] == [str(gardee.uuid)]
    assert not Copie.objects.filter(pk=perdue.pk).exists()


def test_un_acces_retire_ferme_la_copie_des_la_requete_suivante(client, ada, boe):
    preparer(ada, boe)
    suspendre_rattachement(rattachement=Rattachement.objects.get(usager=ada), motif="Séparation")
    assert statut(client) == 404
    assert "Demander une copie" in texte(client.get(PAGE))
    assert demander(client).status_code == 303
    vider()
    assert "factures" not in {nom.partition("/")[0] for nom in ouvrir(client.post(EMPORTER).getvalue())}


def test_un_compte_ferme_n_a_ni_copie_ni_message(client, ada, boe):
    demander(client)
    Usager.objects.filter(pk=ada.pk).update(is_active=False)
    vider()
    assert (Copie.objects.get().prete_le, mail.outbox) == (None, [])


def test_une_preparation_abandonnee_le_dit_et_se_remet_en_route(client):
    demander(client)
    DBTaskResult.objects.all().delete()
    Copie.objects.update(avance_le=timezone.now() - timedelta(hours=1))
    assert "n'a pas pu être préparée" in texte(client.get(PAGE))
    demander(client)
    assert (Copie.objects.count(), taches()) == (1, 1)
    vider()
    assert statut(client) == 200


def test_une_preparation_abandonnee_s_efface_au_bout_de_vingt_quatre_heures(client):
    demander(client)
    copies.effacer_les_copies(timezone.now() + timedelta(hours=23))
    assert Copie.objects.exists()
    copies.effacer_les_copies(timezone.now() + timedelta(hours=25))
    assert not Copie.objects.exists()


def test_une_archive_perdue_est_une_page_qui_le_dit(client, ada, boe, fichiers):
    preparer(ada, boe)
    for archive in fichiers.glob("copies/*/*.zip"):
        archive.unlink()
    assert statut(client) == 503
    assert "copie.emportee" not in actions()


def test_la_notice_dit_ou_la_demander_et_combien_de_temps_elle_reste(boe):
    notice = Client(HTTP_HOST="localhost").get("/donnees-personnelles/")
    assert f'href="{PAGE}"' in notice.content.decode()
    assert "elle y reste 24 heures" in texte(notice)
