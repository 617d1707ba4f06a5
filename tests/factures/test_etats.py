"""L'état affiché et l'empêchement de payer : le premier vrai l'emporte, et tout a son texte."""

from datetime import date, timedelta
from decimal import Decimal

import factories
import pytest

from factures.etats import ETAT_DE, TRANSITIONS, Empechement, EtatFacture, Moyen, Statut
from factures.etats.explications import EXPLICATIONS
from factures.models import Facture
from factures.services import encaisser, marquer

HIER = date.today() - timedelta(days=1)


def lire(facture, pour=None):
    return Facture.objects.avec_etat(date.today(), pour=pour).get(pk=facture.pk)


CAS = [
    ({}, "a-payer", ""),
    ({"montant": Decimal("-38.20")}, "avoir", "AVOIR"),
    ({"statut": Statut.ANNULEE, "motif_annulation": "Erreur"}, "annulee", "ANNULEE"),
    ({"reste_du": Decimal(0)}, "payee", "DEJA_PAYEE"),
    ({"date_prelevement": date.today()}, "prelevement", "PRELEVEMENT_AUTOMATIQUE"),
    ({"date_limite_en_ligne": HIER}, "tresor", "DELAI_DEPASSE"),
    ({"date_limite_en_ligne": date.today()}, "a-payer", ""),
    ({"date_echeance": HIER}, "echue", ""),
    ({"date_echeance": date.today()}, "a-payer", ""),
    ({"reste_du": Decimal("10.00")}, "partiellement-payee", ""),
    ({"montant": Decimal("0.99")}, "a-payer", "MONTANT_TROP_FAIBLE"),
    ({"montant": Decimal("1.00")}, "a-payer", ""),
    ({"montant": Decimal("99999.99")}, "a-payer", ""),
    ({"montant": Decimal("100000.00")}, "a-payer", "MONTANT_TROP_ELEVE"),
    # L'ordre : ce qui est avant l'emporte.
    ({"statut": Statut.ANNULEE, "motif_annulation": "Erreur", "reste_du": Decimal(0)}, "annulee", "ANNULEE"),
    ({"date_prelevement": date.today(), "date_limite_en_ligne": HIER}, "prelevement", "PRELEVEMENT_AUTOMATIQUE"),
    ({"date_echeance": HIER, "reste_du": Decimal("10.00")}, "echue", ""),
]


@pytest.mark.sqlite
@pytest.mark.parametrize(("champs", "etat", "empechement"), CAS)
def test_l_etat_et_l_empechement_suivent_l_ordre_du_premier_vrai(boe, ada, eau, champs, etat, empechement):
    facture = factories.facture(factories.redevable(boe, ada), eau, **champs)
    lue = lire(facture)
    assert (lue.etat, lue.empechement) == (etat, empechement)


def test_un_service_suspendu_suspend_ses_factures_a_payer_et_pas_les_autres(boe, ada, eau):
    factories.suspendre(eau)
    redevable = factories.redevable(boe, ada)
    due, payee = factories.facture(redevable, eau), factories.facture(redevable, eau, reste_du=Decimal(0))
    assert (lire(due).etat, lire(due).empechement) == ("suspendue", "PAIEMENT_SUSPENDU")
    assert lire(payee).etat == "payee"


def test_sans_contrat_la_facture_reste_a_payer_mais_pas_en_ligne(boe, ada):
    facture = factories.facture(factories.redevable(boe, ada), factories.regie(boe))
    assert (lire(facture).etat, lire(facture).empechement) == ("a-payer", "SERVICE_INDISPONIBLE")


def test_la_marque_n_est_vue_que_de_la_personne_et_laisse_la_facture_payable(boe, ada, bob, eau):
    facture = factories.facture(factories.redevable(boe, ada, bob), eau)
    marquer(facture=facture, usager=ada, reglee=True)
    marquer(facture=facture, usager=ada, reglee=True)
    assert (lire(facture, ada).etat, lire(facture, ada).empechement) == ("declaree", "")
    assert lire(facture, bob).etat == lire(facture).etat == "a-payer"
    marquer(facture=facture, usager=ada, reglee=False)
    assert lire(facture, ada).etat == "a-payer"


def test_un_prelevement_payfip_est_une_facture_payee_qui_le_dit(boe, ada, eau, facture):
    recu_le = facture.publiee_le
    encaisser(facture=facture, montant=facture.montant, moyen=Moyen.PRELEVEMENT, origine="payfip:1", recu_le=recu_le)
    lue = lire(facture)
    assert (lue.etat, lue.debitee) == ("payee", True)


def test_chaque_empechement_a_sa_phrase_et_sa_suite():
    assert set(EXPLICATIONS) == set(Empechement)
    assert all(str(e.phrase) and str(e.suite) for e in EXPLICATIONS.values())


def test_les_mots_du_guide_sont_ceux_du_guide():
    assert str(EXPLICATIONS[Empechement.PAIEMENT_SUSPENDU].phrase) == "Le paiement a été temporairement suspendu."
    prelevement = str(EXPLICATIONS[Empechement.PRELEVEMENT_AUTOMATIQUE].phrase)
    assert prelevement == "Ma facture est en prélèvement automatique."


def test_chaque_statut_a_ses_suites_et_chaque_etat_donne_existe():
    assert set(TRANSITIONS) == set(Statut)
    assert set(ETAT_DE.values()) <= set(EtatFacture)
