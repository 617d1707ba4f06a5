"""Ce qui se règle sans la personne : notification, relevé, rapprochement à la demande."""

from datetime import timedelta
from uuid import UUID

import factories
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from paiement_tipi import services
from paiement_tipi.etats import E
from paiement_tipi.models import CoupurePayfip, NotificationTipi, Paiement
from paiement_tipi.services import rapprochement
from paiement_tipi.services.transitions import prochaine_lecture
from paiement_tipi.tasks import constater_paiement, relever_paiements
from portail.registre import periodiques
from tests.paiement_tipi.outils_tentatives import (
    PAYEE_PAR_CARTE,
    bilan,
    constater,
    demarrer,
    empechement,
    histoire,
    lectures,
    pilote,
)
from tests.portail.outils_taches import vider

MICRO = timedelta(microseconds=1)


@pytest.fixture
def payfip(simulateur):
    with pilote(simulateur) as pilotable:
        yield pilotable


@pytest.fixture
def paiement(payfip, facture, ada):
    return demarrer(facture, ada)


@pytest.fixture
def deux(boe, ada, eau, payfip, paiement):
    """Deux tentatives parties l'une après l'autre."""
    return [paiement, demarrer(factories.facture(factories.redevable(boe, ada), eau), ada)]


class Guichet:
    """Le vrai guichet, précédé de ``avant(idop)``."""

    def __init__(self, avant):
        self.vrai, self.avant = services.guichet(personne=True), avant

    def lire(self, idop):
        self.avant(idop)
        return self.vrai.lire(idop)


def relever(maintenant, avant=lambda _idop: None):
    return dict(services.relever(guichet=Guichet(avant), maintenant=maintenant))


def test_une_notification_connue_est_gardee_telle_quelle_et_verifiee_plus_tard(paiement, boe):
    assert services.recevoir_notification(idop=paiement.idop, corps=f"idOp={paiement.idop}&montant=1") is True
    recue, tache = NotificationTipi.objects.get(), DBTaskResult.objects.get()
    assert (recue.paiement, recue.collectivite, recue.corps) == (paiement, boe, f"idOp={paiement.idop}&montant=1")
    assert tache.args_kwargs["kwargs"] == {"paiement_id": paiement.pk}
    paiement.refresh_from_db()
    assert paiement.etat == "envoye"


def test_une_notification_inconnue_n_ecrit_ni_ne_demande_rien(payfip, paiement):
    assert services.recevoir_notification(idop=UUID(int=1), corps="idop=1") is False
    assert (NotificationTipi.objects.count(), DBTaskResult.objects.count(), lectures(payfip)) == (0, 0, [])


def test_une_notification_trop_longue_est_coupee(paiement):
    services.recevoir_notification(idop=paiement.idop, corps="x" * 5000)
    assert NotificationTipi.objects.get().corps == "x" * 2000


@pytest.mark.sqlite
def test_onglet_ferme_et_aucune_notification_le_releve_paie_tout_de_meme(payfip, facture, paiement):
    payfip.payer(str(paiement.idop))
    relever_paiements.func()
    assert (histoire(Paiement.objects.get()), bilan(facture)) == (["envoye", "paye"], PAYEE_PAR_CARTE)


def test_la_tache_de_notification_paie(payfip, facture, paiement):
    payfip.payer(str(paiement.idop))
    constater_paiement.func(paiement.pk)
    assert bilan(facture) == PAYEE_PAR_CARTE


def test_le_releve_revient_a_la_periode_reglee(settings):
    settings.RAPPROCHEMENT_SECONDES = 2
    periodes = {p.tache: p.secondes() for p in periodiques()}
    assert periodes["paiement_tipi.tasks.relever_paiements"] == 2


def test_le_releve_ne_demande_que_ce_dont_l_heure_est_venue(payfip, deux):
    maintenant = timezone.now()
    Paiement.objects.filter(pk=deux[0].pk).update(relire_le=maintenant)
    Paiement.objects.filter(pk=deux[1].pk).update(relire_le=maintenant + MICRO)
    assert (relever(maintenant), lectures(payfip)) == ({"envoye": 1}, [str(deux[0].idop)])


def test_le_releve_commence_par_la_plus_ancienne_et_s_arrete_a_son_nombre(payfip, deux, monkeypatch):
    monkeypatch.setattr(rapprochement, "PAR_RELEVE", 1)
    Paiement.objects.filter(pk=deux[1].pk).update(relire_le=deux[0].envoye_le - timedelta(hours=1))
    assert (relever(timezone.now()), lectures(payfip)) == ({"envoye": 1}, [str(deux[1].idop)])


def test_un_releve_interrompu_continue_sans_attendre_sa_periode_et_finit(payfip, deux, monkeypatch):
    monkeypatch.setattr(rapprochement, "PAR_RELEVE", 1)
    relever_paiements.enqueue()
    vider()
    assert sorted(lectures(payfip)) == sorted(str(paiement.idop) for paiement in deux)
    # Devant un PayFiP muet il n'insiste pas : le prochain relevé verra.
    CoupurePayfip.objects.create(essayee_le=timezone.now())
    payfip.regler(panne="502")
    relever_paiements.func()
    assert not DBTaskResult.objects.filter(status="READY").exists()


def test_le_releve_s_arrete_aux_resultats_definitifs(payfip, deux):
    maintenant = timezone.now()
    payfip.payer(str(deux[0].idop))
    payfip.payer(str(deux[1].idop), action="refuser")
    releves = [relever(maintenant + timedelta(days=j)) for j in range(3)]
    assert releves == [{"paye": 1, "refuse": 1}, {}, {}]
    assert sorted(lectures(payfip)) == sorted(str(p.idop) for p in deux)


@pytest.mark.sqlite
def test_une_tentative_impossible_a_traiter_n_arrete_pas_les_autres(payfip, deux, caplog):
    def echouer(idop):
        if idop == deux[0].idop:
            raise RuntimeError("imprévu")

    payfip.payer(str(deux[1].idop))
    assert relever(timezone.now(), echouer) == {"erreur": 1, "paye": 1}
    assert [r.message for r in caplog.records if r.exc_info] == [f"Paiement {deux[0].uuid} : constat impossible."]


def test_une_tentative_impossible_a_traiter_est_redemandee_une_minute_plus_tard(paiement):
    maintenant = timezone.now()

    def echouer(_idop):
        raise RuntimeError("imprévu")

    assert relever(maintenant, echouer) == {"erreur": 1}
    assert relever(maintenant + timedelta(minutes=1) - MICRO) == {}
    assert relever(maintenant + timedelta(minutes=1)) == {"envoye": 1}


def test_deux_releves_en_meme_temps_ne_demandent_pas_deux_fois(payfip, deux):
    maintenant, seconds = timezone.now(), []

    def second_releve(_idop):
        if not seconds:
            seconds.append(None)
            seconds.append(relever(maintenant))

    premier = relever(maintenant, second_releve)
    assert (premier, seconds[1]) == ({"envoye": 1}, {"envoye": 1})
    assert sorted(lectures(payfip)) == sorted(str(p.idop) for p in deux)


@pytest.mark.sqlite
def test_le_releve_clot_ce_qui_n_a_pas_d_idop_depuis_cinq_minutes(payfip, facture, paiement):
    Paiement.objects.update(etat="demarre", idop=None, envoye_le=None)
    assert relever(paiement.cree_le + timedelta(minutes=5) - MICRO) == {}
    assert empechement(facture) == "PAIEMENT_EN_COURS"
    assert relever(paiement.cree_le + timedelta(minutes=5)) == {}
    assert (histoire(paiement), empechement(facture), lectures(payfip)) == (["envoye", "echoue"], "", [])


HEURE, JOUR = timedelta(hours=1), timedelta(days=1)
RYTHME = [
    *((etat, timedelta(minutes=119), timedelta()) for etat in (E.DEMARRE, E.ENVOYE, E.ABANDON_SIGNALE)),
    (E.ENVOYE, 7 * JOUR - MICRO, timedelta()),
    (E.ENVOYE, 7 * JOUR, 7 * JOUR),
    *((etat, 3 * HEURE - MICRO, timedelta()) for etat in (E.EXPIRE, E.ABANDONNE)),
    (E.EXPIRE, 3 * HEURE, timedelta(minutes=15)),
    *((etat, JOUR - MICRO, timedelta(minutes=15)) for etat in (E.EXPIRE, E.ABANDONNE, E.REFUSE)),
    (E.EXPIRE, JOUR, JOUR),
    (E.EXPIRE, 7 * JOUR - MICRO, JOUR),
    (E.EXPIRE, 7 * JOUR, 7 * JOUR),
    (E.EXPIRE, 365 * JOUR, 7 * JOUR),
    (E.EXPIRE, 365 * JOUR + MICRO, None),
    *((etat, JOUR, None) for etat in (E.PAYE, E.PRELEVE, E.ESSAI_REUSSI, E.ECHOUE)),
]


@pytest.mark.parametrize(("etat", "age", "attente"), RYTHME)
def test_une_tentative_close_est_redemandee_de_moins_en_moins(etat, age, attente):
    maintenant = timezone.now()
    prochaine = prochaine_lecture(etat, maintenant - age, maintenant)
    assert prochaine == (None if attente is None else maintenant + attente)


@pytest.mark.sqlite
@pytest.mark.parametrize(("age", "demandee"), [(365 * JOUR - MICRO, 1), (365 * JOUR, 0)])
def test_une_tentative_n_est_plus_demandee_apres_un_an(paiement, age, demandee):
    assert Paiement.objects.interrogeables(paiement.envoye_le + age).count() == demandee


def test_un_paiement_vu_six_jours_apres_l_expiration_est_un_paiement(payfip, facture, paiement):
    constater(paiement, paiement.envoye_le + timedelta(minutes=120))
    payfip.payer(str(paiement.idop))
    assert relever(paiement.relire_le - MICRO) == {}
    assert relever(paiement.envoye_le + 6 * JOUR) == {"paye": 1}
    assert bilan(facture) == PAYEE_PAR_CARTE


def commande(capsys, *arguments):
    call_command("rapprocher_paiements", *arguments)
    return capsys.readouterr().out


@pytest.mark.sqlite
def test_la_commande_redemande_tout_quelle_que_soit_l_attente_et_dit_le_compte(payfip, facture, deux, capsys):
    Paiement.objects.update(relire_le=timezone.now() + JOUR, pannes=5)
    payfip.payer(str(deux[0].idop))
    assert commande(capsys) == "Tentatives redemandées : 2.\n  envoye : 1\n  paye : 1\n"
    assert commande(capsys) == "Tentatives redemandées : 1.\n  envoye : 1\n"
    assert bilan(facture) == PAYEE_PAR_CARTE


def test_la_commande_sans_tentative_le_dit(boe, capsys):
    assert commande(capsys) == "Tentatives redemandées : 0.\n"


@pytest.mark.parametrize(("minutes", "etat"), [(119, "envoye"), (121, "expire")])
def test_la_commande_agit_a_la_date_demandee(paiement, capsys, minutes, etat):
    a_la_date = paiement.envoye_le + timedelta(minutes=minutes)
    sans_fuseau = timezone.localtime(a_la_date).replace(tzinfo=None).isoformat()
    sorties = [commande(capsys, "--a-la-date", date) for date in (a_la_date.isoformat(), sans_fuseau)]
    assert sorties == [f"Tentatives redemandées : 1.\n  {etat} : 1\n"] * 2


@pytest.mark.parametrize("date", ["demain", "23/11/2026", "2026-13-01", ""])
def test_la_commande_refuse_une_date_qui_n_est_pas_iso(boe, date):
    with pytest.raises(CommandError) as refus:
        call_command("rapprocher_paiements", "--a-la-date", date)
    phrase = f"« {date} » n'est pas une date ISO (2026-11-23T10:00:00+01:00)."
    assert str(refus.value) == f"Error: argument --a-la-date: {phrase}"
