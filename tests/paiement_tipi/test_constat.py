"""Ce que PayFiP dit d'une tentative, appliqué une fois : contre le simulateur, par HTTP."""

from datetime import timedelta
from decimal import Decimal

import factories
import pytest
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from factures.etats import Moyen
from factures.services import annuler, encaisser
from paiement_tipi.models import Paiement, PartPaiement
from paiement_tipi.services import constater as constater_service
from paiement_tipi.services import guichet
from portail.services import suspendre_le_paiement
from tests.paiement_tipi.outils_tentatives import (
    DUE,
    PAYEE_PAR_CARTE,
    bilan,
    constater,
    demarrer,
    empechement,
    histoire,
    lectures,
    pilote,
)

MICRO = timedelta(microseconds=1)
DEMAIN_MATIN = "2100-01-01T04:00:00+01:00"  # après toutes les purges de nuit


@pytest.fixture
def payfip(simulateur):
    with pilote(simulateur) as pilotable:
        yield pilotable


@pytest.fixture
def paiement(payfip, facture, ada):
    return demarrer(facture, ada)


def apres(paiement, **duree):
    return paiement.envoye_le + timedelta(**duree)


ISSUES = [
    ("carte", "valider", "P", "paye", PAYEE_PAR_CARTE, "DEJA_PAYEE"),
    ("prelevement", "valider", "V", "preleve", ("0.00", "0.00", ["prelevement"]), "DEJA_PAYEE"),
    ("carte", "refuser", "R", "refuse", DUE, ""),
    ("prelevement", "refuser", "Z", "refuse", DUE, ""),
]


@pytest.mark.sqlite
@pytest.mark.parametrize(("moyen", "action", "code", "etat", "attendu", "cause"), ISSUES)
def test_chaque_resultat_a_son_etat_et_son_effet(payfip, facture, paiement, moyen, action, code, etat, attendu, cause):
    payfip.payer(str(paiement.idop), moyen=moyen, action=action)
    gagnes = [constater(paiement, apres(paiement, minutes=m)) for m in (1, 2)]
    assert (gagnes, paiement.resultat, histoire(paiement)) == ([True, False], code, ["envoye", etat])
    assert (bilan(facture), empechement(facture)) == (attendu, cause)
    assert list(PartPaiement.objects.values_list("ouverte", flat=True)) == [False]


def test_un_paiement_deja_parti_finit_meme_si_le_service_est_suspendu_entre_temps(
    payfip, facture, paiement, eau, agente
):
    assert suspendre_le_paiement(regie=eau, auteur=agente)
    payfip.payer(str(paiement.idop))
    assert constater(paiement, apres(paiement, minutes=1)) is True
    assert (bilan(facture), empechement(facture)) == (PAYEE_PAR_CARTE, "DEJA_PAYEE")
    refuse = factories.facture(facture.redevable, eau)
    assert empechement(refuse) == "PAIEMENT_SUSPENDU"


def test_un_paiement_garde_ce_que_payfip_en_a_dit(payfip, facture, paiement):
    payfip.payer(str(paiement.idop))
    constater(paiement, apres(paiement, minutes=1))
    reglement = facture.reglements.get()
    assert (len(paiement.numauto), paiement.anomalie, paiement.relire_le) == (6, "", None)
    assert paiement.date_payfip == reglement.recu_le
    assert reglement.origine == f"payfip:{paiement.uuid}"
    assert f"<numauto>{paiement.numauto}</numauto>" in paiement.reponse


def test_un_succes_n_est_plus_jamais_redemande(payfip, facture, paiement):
    payfip.payer(str(paiement.idop))
    constater(paiement, apres(paiement, minutes=1))
    deja = len(lectures(payfip))
    payfip.regler(horloge=DEMAIN_MATIN, panne="montant_faux")
    assert constater(paiement, apres(paiement, days=3)) is False
    assert (len(lectures(payfip)) - deja, bilan(facture)) == (0, PAYEE_PAR_CARTE)


def test_un_abandon_attend_deux_minutes_avant_de_liberer_la_facture(payfip, facture, paiement):
    payfip.ouvrir(str(paiement.idop))
    payfip.choisir(str(paiement.idop), "annuler")
    vu_le = timezone.now()
    assert constater(paiement, vu_le) is True
    assert (paiement.etat, empechement(facture)) == ("abandon-signale", "PAIEMENT_ABANDONNE")
    assert constater(paiement, vu_le + timedelta(minutes=2) - MICRO) is False
    assert constater(paiement, vu_le + timedelta(minutes=2)) is True
    assert (histoire(paiement), empechement(facture)) == (["envoye", "abandon-signale", "abandonne"], "")
    assert bilan(facture) == DUE


def test_un_abandon_se_reverifie_tout_seul_deux_minutes_plus_tard(payfip, paiement):
    payfip.ouvrir(str(paiement.idop))
    payfip.choisir(str(paiement.idop), "annuler")
    avant = timezone.now()
    constater(paiement, timezone.now())
    constater(paiement, timezone.now())
    [tache] = DBTaskResult.objects.all()
    assert (tache.task_path, tache.args_kwargs) == (
        "paiement_tipi.tasks.constater_paiement",
        {"args": [], "kwargs": {"paiement_id": paiement.pk}},
    )
    assert timedelta(minutes=2) <= tache.run_after - avant < timedelta(minutes=3)


@pytest.mark.sqlite
def test_un_abandon_suivi_d_un_paiement_est_un_paiement(payfip, facture, paiement):
    payfip.regler(resultat="abandon_puis_paye")
    payfip.payer(str(paiement.idop))
    constater(paiement, timezone.now())
    constater(paiement, timezone.now())
    assert histoire(paiement) == ["envoye", "abandon-signale", "paye"]
    assert bilan(facture) == PAYEE_PAR_CARTE


@pytest.mark.parametrize(("horloge", "minutes"), [(None, 120), (DEMAIN_MATIN, 15)])
def test_sans_resultat_p5_retient_120_minutes_et_p1_15(payfip, facture, paiement, horloge, minutes):
    payfip.regler(horloge=horloge)
    avant = [constater(paiement, i) for i in (apres(paiement), apres(paiement, minutes=minutes) - MICRO)]
    assert (avant, paiement.etat, empechement(facture)) == ([False, False], "envoye", "PAIEMENT_EN_COURS")
    assert constater(paiement, apres(paiement, minutes=minutes)) is True
    assert (histoire(paiement), empechement(facture), paiement.anomalie) == (["envoye", "expire"], "", "")


@pytest.mark.sqlite
@pytest.mark.parametrize(("moyen", "etat"), [("carte", "paye"), ("prelevement", "preleve")])
def test_un_succes_tardif_ranime_une_tentative_expiree(payfip, facture, paiement, moyen, etat):
    constater(paiement, apres(paiement, minutes=120))
    payfip.payer(str(paiement.idop), moyen=moyen)
    assert constater(paiement, apres(paiement, minutes=121)) is True
    assert histoire(paiement) == ["envoye", "expire", etat]
    assert bilan(facture) == ("0.00", "0.00", [moyen])


def test_un_succes_tardif_ranime_une_tentative_abandonnee(payfip, facture, paiement):
    payfip.ouvrir(str(paiement.idop))
    payfip.choisir(str(paiement.idop), "annuler")
    constater(paiement, apres(paiement, minutes=10))
    payfip.choisir(str(paiement.idop), "carte")
    payfip.conclure(str(paiement.idop), "valider")
    constater(paiement, apres(paiement, minutes=20))
    assert (histoire(paiement), bilan(facture)) == (["envoye", "abandonne", "paye"], PAYEE_PAR_CARTE)


@pytest.mark.sqlite
def test_deux_succes_font_deux_reglements_et_un_trop_percu(payfip, facture, paiement, ada):
    constater(paiement, apres(paiement, minutes=120))
    seconde = demarrer(facture, ada)
    for tentative in (seconde, paiement):
        payfip.payer(str(tentative.idop))
        constater(tentative, apres(paiement, minutes=130))
    assert bilan(facture) == ("0.00", "243.11", ["carte", "carte"])
    assert [p.etat for p in Paiement.objects.all()] == ["paye", "paye"]


def test_un_succes_apres_un_paiement_au_guichet_est_un_trop_percu(payfip, facture, paiement):
    encaisser(
        facture=facture, montant=Decimal("43.11"), moyen=Moyen.ESPECES, origine="guichet:1", recu_le=timezone.now()
    )
    payfip.payer(str(paiement.idop))
    constater(paiement, apres(paiement, minutes=1))
    assert bilan(facture) == ("0.00", "43.11", ["especes", "carte"])


def test_un_succes_tardif_sur_une_facture_annulee_entre_temps_n_est_pas_perdu(payfip, facture, paiement):
    assert annuler(factures=[facture], motif="Doublon") == 0  # tant que quelqu'un la paie
    constater(paiement, apres(paiement, minutes=120))
    assert annuler(factures=[facture], motif="Doublon") == 1
    payfip.payer(str(paiement.idop))
    assert constater(paiement, apres(paiement, minutes=121)) is True
    assert bilan(facture) == PAYEE_PAR_CARTE


@pytest.mark.sqlite
@pytest.mark.parametrize("saisie", ["T", "X"])
@pytest.mark.parametrize("moyen", ["carte", "prelevement"])
def test_un_essai_ou_une_activation_ne_reglent_jamais_rien(payfip, facture, eau, ada, saisie, moyen):
    type(eau.contrat_tipi).objects.update(saisie=saisie, numcli="111111")
    paiement = demarrer(facture, ada)
    payfip.payer(str(paiement.idop), moyen=moyen)
    assert constater(paiement, apres(paiement, minutes=1)) is True
    assert (paiement.etat, bilan(facture), empechement(facture)) == ("essai-reussi", DUE, "")
    assert demarrer(facture, ada).etat == "envoye"


def test_un_resultat_inconnu_attend_et_alerte_puis_se_denoue(payfip, facture, paiement, caplog):
    payfip.regler(resultat="inconnu")
    payfip.payer(str(paiement.idop))
    assert constater(paiement, apres(paiement, minutes=1)) is False
    assert (paiement.etat, paiement.anomalie) == ("envoye", "Résultat inconnu de PayFiP : « K ».")
    assert [r.levelname for r in caplog.records if r.name == "paiement_tipi.services.constat"] == ["ERROR"]
    assert (bilan(facture), empechement(facture)) == (DUE, "PAIEMENT_EN_COURS")
    payfip.regler(resultat="normal")
    assert constater(paiement, apres(paiement, minutes=2)) is True
    assert (paiement.etat, paiement.anomalie, bilan(facture)) == ("paye", "", PAYEE_PAR_CARTE)


def test_une_tentative_de_deux_factures_les_paie_toutes_les_deux(boe, ada, eau, payfip, facture, paiement):
    autre = factories.facture(factories.redevable(boe, ada), eau, montant=Decimal("10.00"))
    PartPaiement.objects.create(paiement=paiement, facture=autre, collectivite=boe, montant=Decimal("10.00"))
    payfip.payer(str(paiement.idop))
    constater(paiement, apres(paiement, minutes=1))
    assert (bilan(facture), bilan(autre)) == (PAYEE_PAR_CARTE, PAYEE_PAR_CARTE)


def test_une_lecture_ancienne_n_efface_rien_d_un_succes(payfip, facture, paiement):
    ancienne = Paiement.objects.get()
    payfip.regler(resultat="abandon_puis_paye")
    payfip.payer(str(paiement.idop))

    class Lent:
        """Lit l'abandon, puis laisse un autre constat voir le paiement avant de rendre sa lecture."""

        def lire(self, idop):
            lecture = guichet(personne=True).lire(idop)
            constater(paiement, timezone.now())
            return lecture

    assert constater_service(paiement=ancienne, guichet=Lent(), cause="lent", maintenant=timezone.now()) is False
    assert ancienne.etat == "paye"
    ancienne.refresh_from_db()
    assert (ancienne.etat, ancienne.resultat, bilan(facture)) == ("paye", "P", PAYEE_PAR_CARTE)


def test_une_tentative_sans_idop_n_a_rien_a_demander(payfip, facture, paiement):
    Paiement.objects.filter(pk=paiement.pk).update(etat="demarre", idop=None)
    paiement.refresh_from_db()
    assert (constater(paiement, timezone.now()), lectures(payfip)) == (False, [])
