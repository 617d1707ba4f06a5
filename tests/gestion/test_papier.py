"""Qui veut du papier : le fichier d'un service, le formulaire signé, et le retour au papier."""

import csv
import io
from datetime import date, timedelta

import factories
import pytest
from django.utils import timezone

from comptes import services as comptes
from comptes.models import ChoixEnvoi, Redevable
from factures.services import au_papier, exporter_le_papier
from portail.models import Journal

HIER, AUJOURD_HUI = date.today() - timedelta(days=1), date.today()


@pytest.fixture
def redevable(boe, ada, eau) -> Redevable:
    ada.courriel_confirme_le = timezone.now()
    ada.save()
    redevable = factories.redevable(boe, ada, code="C-1", nom="=LOVELACE", adresse="3 rue\ndu Pont")
    factories.facture(redevable, eau, publiee_le=timezone.now())
    return redevable


def lire(morceaux) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO("".join(morceaux)), delimiter=";"))


@pytest.mark.sqlite
def test_le_fichier_nomme_chacun_une_fois_et_ne_s_execute_pas(eau, redevable):
    factories.facture(redevable, eau, publiee_le=timezone.now())
    assert lire(exporter_le_papier(regie=eau, depuis=HIER)) == [
        {
            "source": "TEST", "code_redevable": "C-1", "civilite": "Madame", "nom": "'=LOVELACE", "prenom": "Ada",
            "adresse": "3 rue du Pont", "code_postal": "47550", "ville": "Boé",
        }
    ]  # fmt: skip


def test_il_ne_nomme_ni_l_electronique_ni_un_autre_service_ni_le_passe_ni_un_brouillon(
    boe, ailleurs, eau, ada, redevable
):
    autre = factories.regie(boe)
    factories.facture(factories.redevable(boe), autre, publiee_le=timezone.now())
    factories.facture(factories.redevable(boe), eau, publiee_le=timezone.now() - timedelta(days=3))
    factories.facture(factories.redevable(boe), eau, statut="brouillon", publiee_le=None)
    chez_eux = factories.regie(ailleurs)
    factories.facture(factories.redevable(ailleurs), chez_eux, publiee_le=timezone.now())
    assert list(au_papier(regie=eau, depuis=HIER)) == [redevable]
    comptes.recevoir_par_mail(usager=ada, redevable=redevable)
    assert list(au_papier(regie=eau, depuis=HIER)) == []


def test_changer_deux_fois_avant_l_impression_ne_perd_ni_ne_double_personne(eau, ada, redevable):
    comptes.recevoir_par_mail(usager=ada, redevable=redevable)
    comptes.revenir_au_papier(redevable=redevable, usager=ada)
    assert [ligne["code_redevable"] for ligne in lire(exporter_le_papier(regie=eau, depuis=HIER))] == ["C-1"]


@pytest.mark.sqlite
def test_l_agente_telecharge_le_fichier_et_le_journal_le_dit(boe, agente, eau, redevable, connecter):
    client = connecter(agente, chez=boe)
    adresse = f"/gestion/portail/regie/{eau.pk}/papier/"
    assert client.get(adresse).status_code == 200
    reponse = client.post(adresse, {"depuis": f"{HIER:%Y-%m-%d}"})
    assert (reponse["Content-Type"], reponse["Content-Disposition"]) == (
        "text/csv; charset=utf-8", f'attachment; filename="papier-EAU-{HIER}.csv"',
    )  # fmt: skip
    assert [ligne["code_redevable"] for ligne in lire(m.decode() for m in reponse.streaming_content)] == ["C-1"]
    fait = Journal.objects.get(action="regie.papier_exporte")
    assert (fait.acteur, fait.apres) == (agente.pk, {"depuis": str(HIER), "nombre": 1})


def test_une_date_illisible_remontre_le_formulaire(boe, agente, eau, connecter):
    reponse = connecter(agente, chez=boe).post(f"/gestion/portail/regie/{eau.pk}/papier/", {"depuis": "hier"})
    assert (reponse.status_code, Journal.objects.filter(action="regie.papier_exporte").count()) == (200, 0)


def signer(client, redevable, **champs):
    envoi = {"courriel": "ada@exemple.fr", "reference": "Courrier 2026-118", **champs}
    return client.post(f"/gestion/comptes/redevable/{redevable.pk}/formulaire/", envoi)


@pytest.mark.sqlite
def test_un_formulaire_signe_s_enregistre_avec_sa_reference(boe, ada, agente, redevable, connecter):
    assert signer(connecter(agente, chez=boe), redevable).status_code == 303
    choix = ChoixEnvoi.objects.get()
    assert (choix.moyen, choix.reference, choix.compte, choix.adresse) == (
        "formulaire", "Courrier 2026-118", ada.pk, "ada@exemple.fr",
    )  # fmt: skip
    assert Journal.objects.get(action="redevable.envoi").acteur == agente.pk


@pytest.mark.parametrize("obstacle", ["adresse d'un autre", "adresse non prouvée", "détachée", "sans référence"])
def test_un_formulaire_ne_suffit_pas(boe, ada, bob, agente, redevable, connecter, obstacle):
    champs = {}
    if obstacle == "adresse d'un autre":
        champs = {"courriel": bob.email}
    if obstacle == "adresse non prouvée":
        ada.courriel_confirme_le = None
        ada.save()
    if obstacle == "détachée":
        comptes.detacher(rattachement=redevable.rattachements.get())
    if obstacle == "sans référence":
        champs = {"reference": ""}
    assert signer(connecter(agente, chez=boe), redevable, **champs).status_code == 200
    redevable.refresh_from_db()
    assert redevable.mode_envoi == "papier"


def test_le_service_revient_au_papier(boe, ada, agente, redevable, connecter):
    comptes.recevoir_par_mail(usager=ada, redevable=redevable)
    client = connecter(agente, chez=boe)
    adresse = f"/gestion/comptes/redevable/{redevable.pk}/papier/"
    assert client.post(adresse, {"raison": "Message refusé"}).status_code == 303
    redevable.refresh_from_db()
    assert redevable.mode_envoi == "papier"
    assert client.get(adresse).status_code == 409


def test_la_fiche_montre_les_preuves(boe, ada, agente, redevable, connecter):
    comptes.recevoir_par_mail(usager=ada, redevable=redevable)
    contenu = connecter(agente, chez=boe).get(f"/gestion/comptes/redevable/{redevable.pk}/change/").content.decode()
    assert "Papier ou électronique" in contenu
    assert "par la personne, en ligne" in contenu
