"""Les chiffres de l'accueil sont ceux des factures, au centime, et le restent quand elles changent."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import factories
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comptes.models import ModeEnvoi
from factures.etats import Nature, Statut
from factures.models import BilanJour, BilanService, Facture
from factures.models.bilans import CHIFFRES
from factures.services import annuler, encaisser, tenir_le_bilan
from factures.services.peuplement import peupler
from factures.tasks import tenir_les_bilans
from portail.models import Collectivite

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite]

TOUT = {"du": date(2000, 1, 1), "au": date(2100, 1, 1)}
# Une facture : son service, son montant en centimes (avoir si négatif), ce qui en est reçu (en centimes, en ligne ou
# non), son échéance en jours depuis aujourd'hui, son statut, si elle est lue.
TIRAGES = st.lists(
    st.tuples(
        st.sampled_from(["EAU", "CANTINE"]),
        st.integers(1, 100_000) | st.integers(-500, -1),
        st.lists(st.tuples(st.integers(1, 60_000), st.booleans()), max_size=3),
        st.integers(-3, 3) | st.none(),
        st.sampled_from([Statut.PUBLIEE, Statut.PUBLIEE, Statut.ANNULEE, Statut.BROUILLON]),
        st.booleans(),
    ),
    max_size=5,
)


@pytest.fixture
def scene(boe, ada) -> tuple[Collectivite, object, dict]:
    redevable = factories.redevable(boe, ada)
    return boe, redevable, {code: factories.regie(boe, code=code) for code in ("EAU", "CANTINE")}


@given(TIRAGES)
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_le_bilan_est_la_somme_des_factures_au_centime(scene, ada, tirages):
    boe, redevable, regies = scene
    with transaction.atomic():
        for tirage in tirages:
            creer(redevable, regies, ada, *tirage)
        tenir_le_bilan(collectivite=boe)
        services = BilanJour.objects.de(boe, **TOUT).par_service()
        assert {nom: sum(service[nom] for service in services) for nom in CHIFFRES} == attendu(tirages)
        tenir_le_bilan(collectivite=boe)  # une seconde fois ne change rien
        assert BilanJour.objects.de(boe, **TOUT).par_service() == services
        transaction.set_rollback(True)  # chaque exemple part d'une commune vide


def attendu(tirages) -> dict[str, Decimal | int]:
    """La même chose, comptée sans la base."""
    total: dict[str, Decimal | int] = dict.fromkeys(CHIFFRES, 0)
    for _code, montant, recus, echeance, statut, lue in tirages:
        if montant < 0 or statut == Statut.BROUILLON:
            continue
        for centimes, par_le_site in recus:
            total["recu_en_ligne" if par_le_site else "recu_ailleurs"] += Decimal(centimes) / 100
        recu = sum(centimes for centimes, _ in recus)
        total["trop_percus"] += recu > montant or (statut == Statut.ANNULEE and recu > 0)
        if statut == Statut.PUBLIEE:
            reste, retard = max(montant - recu, 0), echeance is not None and echeance < 0
            payee = "payees_en_ligne" if any(site for _, site in recus) else "payees_ailleurs"
            total[payee if not reste else "en_retard" if retard else "dans_les_delais"] += 1
            total["publiees"] += 1
            total["lues"] += lue
            total["montant"] += Decimal(montant) / 100
            total["reste_du"] += Decimal(reste) / 100
            total["du_en_retard"] += Decimal(reste) / 100 if retard else 0
    return total


def creer(redevable, regies, ada, code, montant, recus, echeance, statut, lue) -> Facture:
    """Publiée puis, s'il y a lieu, réglée, lue, annulée."""
    brouillon = {"statut": Statut.BROUILLON, "publiee_le": None} if statut == Statut.BROUILLON else {}
    jour = redevable.collectivite.aujourd_hui()
    facture = factories.facture(
        redevable, regies[code], montant=Decimal(montant) / 100,
        date_echeance=None if echeance is None else jour + timedelta(days=echeance), **brouillon,
    )  # fmt: skip
    for n, (centimes, en_ligne) in enumerate(recus if montant > 0 and not brouillon else ()):
        origine = f"payfip:{n}" if en_ligne else f"guichet:{n}"
        encaisser(
            facture=facture, montant=Decimal(centimes) / 100, moyen="carte", origine=origine,
            recu_le=datetime(2026, 1, 1, 12, tzinfo=UTC),
        )  # fmt: skip
    if lue and not brouillon:
        facture.consultations.create(usager=ada, collectivite=redevable.collectivite)
    if statut == Statut.ANNULEE:
        annuler(factures=[facture], motif="essai")
    return facture


def test_un_jour_est_celui_de_la_commune_et_disparait_quand_il_n_y_a_plus_rien(scene, ailleurs):
    boe, redevable, regies = scene
    minuit_passe = datetime(2026, 6, 30, 22, 30, tzinfo=UTC)  # le 1er juillet à Paris
    facture = factories.facture(redevable, regies["EAU"], publiee_le=minuit_passe)
    factories.facture(factories.redevable(ailleurs), factories.regie(ailleurs), publiee_le=minuit_passe)
    tenir_les_bilans.call()
    assert list(BilanJour.objects.filter(collectivite=boe).values_list("regie", "jour", "publiees")) == [
        (regies["EAU"].pk, date(2026, 7, 1), 1)
    ]
    assert BilanJour.objects.filter(collectivite=ailleurs).count() == 1
    Facture.objects.filter(pk=facture.pk).update(publiee_le=None, statut=Statut.BROUILLON)
    tenir_le_bilan(collectivite=boe)
    assert not BilanJour.objects.filter(collectivite=boe).exists()
    assert BilanJour.objects.filter(collectivite=ailleurs).count() == 1


def test_les_redevables_se_comptent_par_service_et_pour_la_commune(scene, ada):
    boe, redevable, regies = scene
    factories.facture(redevable, regies["EAU"])
    factories.facture(factories.redevable(boe, mode_envoi=ModeEnvoi.ELECTRONIQUE), regies["EAU"])
    suspendu = factories.redevable(boe, ada)
    suspendu.rattachements.update(etat="suspendu", motif="essai")
    factories.facture(suspendu, regies["CANTINE"])
    factories.redevable(boe)  # sans facture
    for _ in range(2):
        tenir_le_bilan(collectivite=boe)
    lus = {b.regie_id: (b.redevables, b.avec_compte, b.electronique) for b in BilanService.objects.all()}
    assert lus == {None: (4, 1, 1), regies["EAU"].pk: (2, 1, 1), regies["CANTINE"].pk: (1, 0, 0)}


def test_ce_qui_n_a_pas_change_ne_s_ecrit_pas(scene):
    boe, _redevable, _regies = scene
    peupler(collectivite=boe, factures=300)
    tenir_le_bilan(collectivite=boe)
    with CaptureQueriesContext(connection) as requetes:
        tenir_le_bilan(collectivite=boe)
    ecritures = [q["sql"] for q in requetes if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    assert [sql for sql in ecritures if "factures_bilanjour" in sql] == []
    factures = Facture.objects.filter(collectivite=boe)
    totaux = BilanJour.objects.de(boe, **TOUT).par_service()
    dues = [f.reste_du for f in factures if f.nature == Nature.FACTURE and f.statut == Statut.PUBLIEE]
    assert sum(service["reste_du"] for service in totaux) == sum(dues)
    assert sum(service["publiees"] for service in totaux) == len(dues)
