"""Les courses, sur PostgreSQL : mises en scène par un rendez-vous, et chacune montrée perdue sans sa garde."""

import copy
from datetime import timedelta
from decimal import Decimal
from itertools import count

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone

from factures.models import Facture, Reglement
from factures.services import encaisser
from paiement_tipi import services
from paiement_tipi.etats import TRANSITIONS, EtatPaiement
from paiement_tipi.models import Paiement, PartPaiement, TransitionPaiement
from paiement_tipi.services import PaiementImpossible, constat, demarrage
from tests.paiement_tipi.outils_courses import RendezVous, avant, ensemble, sans_contrainte, sans_verrous
from tests.paiement_tipi.outils_tentatives import bilan, constater, creations, demarrer, formulaire, pilote

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor != "postgresql", reason="SQLite n'a qu'un écrivain à la fois : rien à courir."
    ),
]
FILS, FOIS = 20, 5


@pytest.fixture
def payfip(simulateur):
    with pilote(simulateur) as pilotable:
        yield pilotable


@pytest.fixture
def paiement(payfip, facture, ada):
    return demarrer(facture, ada)


class GuichetSimultane:
    """Le vrai guichet, dont les lectures n'arrivent que toutes ensemble."""

    def __init__(self, nombre):
        self.vrai, self.rendez_vous = services.guichet(personne=False), RendezVous(nombre)

    def lire(self, idop):
        lecture = self.vrai.lire(idop)
        self.rendez_vous.attendre()
        return lecture


# La même notification, cent fois sur vingt fils.


def notifier_cent_fois(paiement, monkeypatch, *, verrou=False):
    """Ce que rendent cent constats de la même tentative, tous partis avant qu'aucun n'ait fini."""
    guichet = GuichetSimultane(FILS)
    avant(monkeypatch, constat, "_etat_lu", RendezVous(FILS, verrou=verrou).attendre)

    def constats():
        return [
            services.constater(
                paiement=copy.copy(paiement), guichet=guichet, cause="notification", maintenant=timezone.now()
            )
            for _fois in range(FOIS)
        ]

    return [gagne for resultats in ensemble(*[constats] * FILS) for gagne in resultats]


def verifier_une_seule_fois(gagnes):
    assert (len(gagnes), sum(gagnes)) == (FILS * FOIS, 1)
    assert TransitionPaiement.objects.filter(vers=EtatPaiement.PAYE).count() == 1
    assert Reglement.objects.count() == 1


def passer_sans_condition(paiement, *, vers, cause, maintenant):
    """Lire puis écrire : ce que ``passer`` serait sans sa mise à jour conditionnelle."""
    if vers not in TRANSITIONS[EtatPaiement(paiement.etat)]:
        return False
    TransitionPaiement.objects.create(
        paiement=paiement, collectivite_id=paiement.collectivite_id, de=paiement.etat, vers=vers, cause=cause
    )
    Paiement.objects.filter(pk=paiement.pk).update(etat=vers)
    paiement.etat = vers
    return True


def test_la_meme_notification_cent_fois_ne_fait_qu_un_reglement(payfip, facture, paiement, monkeypatch):
    payfip.payer(str(paiement.idop))
    verifier_une_seule_fois(notifier_cent_fois(paiement, monkeypatch, verrou=True))
    assert bilan(facture) == ("0.00", "0.00", ["carte"])


def test_sans_le_verrou_la_mise_a_jour_conditionnelle_suffit(payfip, facture, paiement, monkeypatch):
    payfip.payer(str(paiement.idop))
    sans_verrous(monkeypatch)
    verifier_une_seule_fois(notifier_cent_fois(paiement, monkeypatch))


def test_temoin_sans_verrou_ni_condition_la_notification_compte_plusieurs_fois(payfip, paiement, monkeypatch):
    payfip.payer(str(paiement.idop))
    sans_verrous(monkeypatch)
    monkeypatch.setattr(constat, "passer", passer_sans_condition)
    gagnes = notifier_cent_fois(paiement, monkeypatch)
    with pytest.raises(AssertionError):
        verifier_une_seule_fois(gagnes)
    # L'origine unique de chaque règlement est la dernière garde : elle tient encore.
    assert (sum(gagnes), Reglement.objects.count()) == (FILS, 1)


def test_temoin_sans_aucune_garde_l_argent_est_compte_vingt_fois(payfip, paiement, monkeypatch):
    payfip.payer(str(paiement.idop))
    sans_verrous(monkeypatch)
    monkeypatch.setattr(constat, "passer", passer_sans_condition)
    rangs = count()
    monkeypatch.setattr(constat, "encaisser", lambda **recu: encaisser(**{**recu, "origine": f"sans:{next(rangs)}"}))
    gagnes = notifier_cent_fois(paiement, monkeypatch)
    with pytest.raises(AssertionError):
        verifier_une_seule_fois(gagnes)
    assert Reglement.objects.count() == FILS


# Deux appareils, une facture.


def partir_a_deux(facture, usager, monkeypatch, *, verrou=False):
    """Ce que reçoivent deux appareils dont chacun a lu que la facture se paie avant que l'autre ne commence."""
    avant(monkeypatch, demarrage, "_creer", RendezVous(2, verrou=verrou).attendre)

    def partir():
        return services.demarrer_paiement(
            facture=facture, usager=usager, formulaire=formulaire(), guichet=services.guichet(personne=True)
        )

    return ensemble(partir, partir)


def verifier_une_seule_tentative(recus, payfip):
    assert PartPaiement.objects.filter(ouverte=True).count() == 1
    assert len(creations(payfip)) == 1
    [refus] = [recu for recu in recus if isinstance(recu, PaiementImpossible)]
    [adresse] = [recu for recu in recus if isinstance(recu, str)]
    assert refus.empechement == "PAIEMENT_EN_COURS"
    assert adresse == f"{payfip.url}/tpa/paiementws.web?idop={Paiement.objects.get().idop}"


def test_deux_appareils_ne_commencent_qu_un_paiement(payfip, facture, ada, monkeypatch):
    verifier_une_seule_tentative(partir_a_deux(facture, ada, monkeypatch, verrou=True), payfip)


def test_sans_le_verrou_l_index_unique_suffit(payfip, facture, ada, monkeypatch):
    sans_verrous(monkeypatch)
    verifier_une_seule_tentative(partir_a_deux(facture, ada, monkeypatch), payfip)


def test_temoin_sans_verrou_ni_index_deux_paiements_commencent(payfip, facture, ada, monkeypatch):
    sans_verrous(monkeypatch)
    with sans_contrainte(PartPaiement, "une_tentative_ouverte_par_facture"):
        recus = partir_a_deux(facture, ada, monkeypatch)
        ouvertes = PartPaiement.objects.filter(ouverte=True).count()
        with pytest.raises(AssertionError):
            verifier_une_seule_tentative(recus, payfip)
        PartPaiement.objects.update(ouverte=False)
    assert (ouvertes, len(creations(payfip)), len(set(recus))) == (2, 2, 2)


def test_la_base_refuse_deux_fois_le_meme_idop_la_meme_facture_et_le_meme_reglement(facture, paiement):
    """Par un INSERT nu, sans passer par le code : ce qui tient quand tout le reste a tort."""
    Paiement.objects.create(
        collectivite=paiement.collectivite, contrat=paiement.contrat, montant=1, formulaire=formulaire()
    )
    encaisser(facture=facture, montant=Decimal(1), moyen="especes", origine="essai", recu_le=timezone.now())
    for table, change, contrainte in [
        ("paiement_tipi_paiement", {"uuid": "gen_random_uuid()", "jeton": "'essai'"}, "idop"),
        (
            "paiement_tipi_partpaiement",
            {"paiement_id": "(SELECT max(id) FROM paiement_tipi_paiement)"},
            "une_tentative",
        ),
        ("factures_reglement", {}, "reglement_une_fois_par_origine"),
    ]:
        with connection.cursor() as curseur:
            curseur.execute("SELECT column_name FROM information_schema.columns WHERE table_name = %s", [table])
            colonnes = [nom for (nom,) in curseur.fetchall() if nom != "id"]
            valeurs = ", ".join(change.get(nom, f'"{nom}"') for nom in colonnes)
            noms = ", ".join(f'"{nom}"' for nom in colonnes)
            with pytest.raises(IntegrityError, match=contrainte):
                curseur.execute(f"INSERT INTO {table} ({noms}) SELECT {valeurs} FROM {table} ORDER BY id LIMIT 1")


# Deux succès au même instant.


@pytest.fixture
def deux_succes(payfip, facture, ada, paiement):
    """Deux tentatives de la même facture, toutes deux payées, aucune encore constatée."""
    constater(paiement, paiement.envoye_le + timedelta(minutes=120))
    tentatives = [paiement, demarrer(facture, ada)]
    for tentative in tentatives:
        payfip.payer(str(tentative.idop))
    return tentatives


def constater_ensemble(tentatives, monkeypatch, *, verrou=False):
    """Deux constats dont chacun a compté les règlements avant que l'autre n'écrive le solde."""
    guichet = GuichetSimultane(len(tentatives))
    avant(monkeypatch, Facture, "save", RendezVous(len(tentatives), verrou=verrou).attendre)
    return ensemble(
        *[
            lambda t=t: services.constater(paiement=t, guichet=guichet, cause="relevé", maintenant=timezone.now())
            for t in tentatives
        ]
    )


def verifier_le_trop_percu(gagnes, facture):
    assert gagnes == [True, True]
    assert bilan(facture) == ("0.00", "243.11", ["carte", "carte"])
    assert sum(r.montant for r in Reglement.objects.all()) == Decimal("486.22")


def test_deux_succes_au_meme_instant_font_deux_reglements_et_un_trop_percu(deux_succes, facture, monkeypatch):
    verifier_le_trop_percu(constater_ensemble(deux_succes, monkeypatch, verrou=True), facture)


@pytest.mark.argent_faux
def test_temoin_sans_verrou_le_second_succes_se_perd(deux_succes, facture, monkeypatch):
    sans_verrous(monkeypatch)
    gagnes = constater_ensemble(deux_succes, monkeypatch)
    with pytest.raises(AssertionError):
        verifier_le_trop_percu(gagnes, facture)
    assert (gagnes, bilan(facture)) == ([True, True], ("0.00", "0.00", ["carte", "carte"]))
