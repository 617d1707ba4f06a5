"""La sonnette de PayFiP, et ce que nos journaux gardent d'un paiement."""

import logging
import random
from collections import Counter
from urllib.parse import urlsplit
from uuid import UUID

import pytest
import time_machine
from django.test import Client
from django_tasks_db.management.commands.db_worker import Worker
from django_tasks_db.models import DBTaskResult
from epreuves import AMPLEUR, consigner

from paiement_tipi.models import NotificationTipi, Paiement
from tests.paiement_tipi.outils_tentatives import DUE, PAYEE_PAR_CARTE, bilan, demarrer, histoire, lectures, pilote

ADRESSE = "/paiement/notification/"
INSTANT = 1_800_000_000
FORMULAIRE = "application/x-www-form-urlencoded"


@pytest.fixture
def payfip(simulateur):
    with pilote(simulateur) as pilotable:
        yield pilotable


@pytest.fixture
def paiement(payfip, facture, ada):
    return demarrer(facture, ada)


@pytest.fixture
def sonnette(boe):
    """PayFiP : ni session, ni jeton CSRF."""
    return Client(HTTP_HOST="localhost", enforce_csrf_checks=True)


def sonner(client, corps, **options):
    reponse = client.post(options.pop("adresse", ADRESSE), corps, content_type=FORMULAIRE, **options)
    return reponse.status_code, reponse.content


def travailler():
    """Le travailleur de make run, jusqu'à ce que la file soit vide."""
    Worker(
        queue_names=["default"],
        interval=0,
        batch=True,
        backend_name="default",
        startup_delay=False,
        max_tasks=None,
        worker_id="essai",
        excluded_queue_names=[],
    ).run()


@pytest.mark.sqlite
@pytest.mark.parametrize("nom", ["idop", "idOp", "IDOP"])
@pytest.mark.parametrize("place", ["corps", "adresse"])
def test_une_notification_est_gardee_telle_quelle_et_mise_en_file(sonnette, payfip, facture, paiement, nom, place):
    champ = f"{nom}={paiement.idop}"
    corps, adresse = (champ, ADRESSE) if place == "corps" else ("", f"{ADRESSE}?{champ}")
    assert sonner(sonnette, corps, adresse=adresse) == (200, b"")
    recue, tache = NotificationTipi.objects.get(), DBTaskResult.objects.get()
    assert (recue.paiement, recue.corps) == (paiement, corps)
    assert tache.args_kwargs["kwargs"] == {"paiement_id": paiement.pk}
    assert (lectures(payfip), bilan(facture)) == ([], DUE)


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
def test_le_travailleur_regle_apres_la_notification(sonnette, payfip, facture, paiement):
    payfip.payer(str(paiement.idop))
    for _fois in range(3):
        sonner(sonnette, f"idop={paiement.idop}")
    travailler()
    assert (bilan(facture), histoire(paiement)) == (PAYEE_PAR_CARTE, ["envoye", "paye"])
    constats = DBTaskResult.objects.filter(task_path="paiement_tipi.tasks.constater_paiement")  # pas le courriel
    assert list(constats.values_list("status", flat=True)) == ["SUCCESSFUL"] * 3
    assert (NotificationTipi.objects.count(), lectures(payfip)) == (3, [str(paiement.idop)])


@pytest.mark.django_db(transaction=True)
def test_une_notification_sans_paiement_ne_paie_pas(sonnette, payfip, facture, paiement):
    sonner(sonnette, f"idop={paiement.idop}&resultrans=P&montant=24311&saisie=W&numcli=006382")
    travailler()
    assert (bilan(facture), Paiement.objects.get().etat) == (DUE, "envoye")


@pytest.mark.sqlite
@pytest.mark.parametrize(
    "corps",
    [
        f"idop={UUID(int=1)}",
        "",
        "idop=",
        "idop=abc",
        "idop=%00",
        "n'importe quoi",
        b"\xff\xfe\x00",
        b'{"idop": "1"}',
        "=&=&==",
        "idop=" + "9" * 10_000,
    ],
)
def test_un_idop_inconnu_ou_n_importe_quoi_recoit_200_et_n_ecrit_rien(sonnette, payfip, paiement, corps):
    assert sonner(sonnette, corps) == (200, b"")
    assert (NotificationTipi.objects.count(), DBTaskResult.objects.count(), lectures(payfip)) == (0, 0, [])


@pytest.mark.parametrize("suite", [b"&x=\x00", b"&x=\xff", "&objet=été".encode(), b"&x=" + b"y" * 5000])
def test_une_notification_abimee_mais_reconnaissable_compte(sonnette, payfip, paiement, suite):
    assert sonner(sonnette, f"idop={paiement.idop}".encode() + suite) == (200, b"")
    assert (NotificationTipi.objects.count(), DBTaskResult.objects.count()) == (1, 1)


def test_une_notification_en_plusieurs_parties_compte_aussi(sonnette, paiement):
    reponse = sonnette.post(ADRESSE, {"idOp": str(paiement.idop)})
    assert (reponse.status_code, reponse.content, NotificationTipi.objects.count()) == (200, b"", 1)
    assert str(paiement.idop) in NotificationTipi.objects.get().corps


@pytest.mark.parametrize("methode", ["get", "head", "put", "delete", "options"])
def test_la_notification_est_un_post(sonnette, paiement, methode):
    reponse = getattr(sonnette, methode)(f"{ADRESSE}?idop={paiement.idop}")
    assert (reponse.status_code, NotificationTipi.objects.count()) == (405, 0)


def test_la_notification_en_http_n_est_pas_redirigee_et_le_reste_si(settings, boe, paiement):
    settings.SECURE_SSL_REDIRECT = True
    client = Client(HTTP_HOST="localhost")
    assert sonner(client, f"idop={paiement.idop}") == (200, b"")
    assert client.get(f"/paiement/retour/{paiement.jeton}/").status_code == 301
    assert NotificationTipi.objects.count() == 1


def test_la_notification_arrive_aussi_par_l_hote_d_une_autre_commune(ailleurs, paiement):
    assert sonner(Client(HTTP_HOST=ailleurs.hotes.get().nom), f"idop={paiement.idop}") == (200, b"")
    assert NotificationTipi.objects.get().collectivite == paiement.collectivite


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("panne", ["aucune", "montant_faux", "502", "xml_tronque"])
def test_les_journaux_d_un_paiement_ne_disent_rien_de_la_personne(
    connecter, sonnette, ada, boe, payfip, facture, caplog, panne
):
    caplog.set_level(logging.DEBUG)
    navigateur = connecter(ada, chez=boe)
    navigateur.get(f"/factures/{facture.uuid}/payer/")
    navigateur.post(f"/factures/{facture.uuid}/payer/")
    paiement = Paiement.objects.get()
    payfip.payer(str(paiement.idop))
    payfip.regler(panne=panne)
    sonner(sonnette, f"idop={paiement.idop}")
    travailler()
    navigateur.get(f"/paiement/retour/{paiement.jeton}/?idop={paiement.idop}")
    # Le client de ce test, lui, écrit l'adresse des pages du simulateur qu'il visite.
    # Son port, tiré au hasard, peut contenir les chiffres du montant.
    lignes = [
        f"{r.getMessage()} {r.exc_text or ''}".replace(urlsplit(payfip.url).netloc, "")
        for r in caplog.records
        if "/tpa/paiementws.web" not in r.getMessage()
    ]
    montants = ("24311", "243,11", "243.11")
    secrets = (ada.email, ada.nom, paiement.jeton, str(paiement.idop), facture.reference, *montants)
    assert [(s, ligne) for ligne in lignes for s in secrets if s in ligne] == []
    assert bilan(facture) == (PAYEE_PAR_CARTE if panne == "aucune" else DUE)


def test_dix_coups_de_sonnette_par_minute_sur_une_tentative_pas_onze(sonnette, payfip, facture, ada, boe, paiement):
    with time_machine.travel(INSTANT, tick=False) as horloge:
        recus = [sonner(sonnette, f"idop={paiement.idop}")[0] for _ in range(11)]
        assert recus == [200] * 10 + [429]
        # Chacune aurait mené à un appel à PayFiP.
        assert (NotificationTipi.objects.count(), DBTaskResult.objects.count()) == (10, 10)
        horloge.shift(60)
        assert sonner(sonnette, f"idop={paiement.idop}") == (200, b"")


def test_qui_invente_des_idop_finit_par_attendre_sans_faire_attendre_payfip(sonnette, payfip, paiement):
    with time_machine.travel(INSTANT, tick=False):
        inventes = [sonner(sonnette, f"idop={UUID(int=n)}")[0] for n in range(61)]
        assert inventes == [200] * 60 + [429]
        reponse = sonnette.post(ADRESSE, "idop=abc", content_type=FORMULAIRE)
        assert (reponse.status_code, reponse["Retry-After"]) == (429, "60")
        # PayFiP parle peut-être derrière la même adresse.
        assert sonner(sonnette, f"idop={paiement.idop}") == (200, b"")
        assert sonner(sonnette, "idop=abc", REMOTE_ADDR="203.0.113.9") == (200, b"")


@pytest.mark.epreuve
def test_dix_mille_idops_au_hasard_ne_font_pas_une_question_a_payfip(sonnette, payfip, paiement):
    hasard, nombre = random.Random(1317), 400 * AMPLEUR
    statuts = Counter()
    for rang in range(nombre):
        idop, depuis = UUID(int=hasard.getrandbits(128), version=hasard.choice([1, 4])), f"203.0.113.{rang % 5}"
        statuts[sonner(sonnette, f"idop={idop}", REMOTE_ADDR=depuis)[0]] += 1
        sonnette.get(f"/paiement/retour/{hasard.randbytes(16).hex()}/", REMOTE_ADDR=depuis)
    assert set(statuts) == {200, 429}
    assert (lectures(payfip), NotificationTipi.objects.count(), DBTaskResult.objects.count()) == ([], 0, 0)
    consigner(
        "notifications-inventees",
        "Des idops inventés",
        "Chacun est sonné, et un jeton de retour inventé visité, de cinq adresses : PayFiP n'en sait rien.",
        idops=nombre,
        questions_posees_a_payfip=0,
        arretes_par_la_limite=statuts[429],
    )
