"""L'argent reçu : une fois par origine, jamais perdu, jamais modifié."""

from datetime import UTC, datetime
from decimal import Decimal

import factories
import pytest
from django.db import IntegrityError, transaction

from factures.argent import depuis_centimes
from factures.etats import Moyen, Sens
from factures.models import Reglement
from factures.services import annuler, encaisser

RECU_LE = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def recevoir(facture, montant, origine, moyen=Moyen.ESPECES):
    return encaisser(facture=facture, montant=Decimal(montant), moyen=moyen, origine=origine, recu_le=RECU_LE)


def solde(facture):
    facture.refresh_from_db()
    return str(facture.reste_du), str(facture.trop_percu)


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("recus", "attendu"),
    [
        (["0.01"], ("243.10", "0.00")),
        (["100.00"], ("143.11", "0.00")),
        (["243.10"], ("0.01", "0.00")),
        (["243.11"], ("0.00", "0.00")),
        (["243.12"], ("0.00", "0.01")),
        (["100.00", "143.11"], ("0.00", "0.00")),
        (["243.11", "243.11"], ("0.00", "243.11")),
        (["200.00", "50.00", "0.11"], ("0.00", "7.00")),
    ],
)
def test_le_reste_du_et_le_trop_percu_sont_le_solde_des_reglements(facture, recus, attendu):
    nouveaux = [recevoir(facture, montant, f"guichet:{rang}") for rang, montant in enumerate(recus)]
    assert (nouveaux, solde(facture)) == ([True] * len(recus), attendu)


@pytest.mark.sqlite
def test_la_meme_origine_n_est_encaissee_qu_une_fois_meme_avec_un_autre_montant(facture):
    retours = [recevoir(facture, "100.00", "payfip:1"), recevoir(facture, "243.11", "payfip:1")]
    assert (retours, facture.reglements.count(), solde(facture)) == ([True, False], 1, ("143.11", "0.00"))


def test_deux_factures_ont_chacune_leurs_origines(boe, ada, eau, facture):
    autre = factories.facture(factories.redevable(boe, ada), eau)
    assert (recevoir(facture, "1.00", "lot:1"), recevoir(autre, "1.00", "lot:1")) == (True, True)


def test_le_reglement_garde_ce_qui_a_ete_recu(facture, boe):
    recevoir(facture, "12.34", "payfip:abc", moyen=Moyen.CARTE)
    recu = Reglement.objects.get()
    assert (recu.facture, recu.collectivite, recu.sens, recu.moyen) == (facture, boe, "encaissement", "carte")
    assert (recu.montant, recu.recu_le, recu.origine) == (Decimal("12.34"), RECU_LE, "payfip:abc")


def test_un_objet_facture_perime_ne_fausse_pas_le_solde(facture):
    perimee = type(facture).objects.get(pk=facture.pk)
    recevoir(facture, "100.00", "a")
    recevoir(perimee, "100.00", "b")
    assert solde(facture) == ("43.11", "0.00")


@pytest.mark.parametrize("sens", [Sens.REJET, Sens.REMBOURSEMENT])
def test_l_argent_repris_rouvre_la_facture_au_reglement_suivant(facture, sens):
    recevoir(facture, "243.11", "payfip:1", moyen=Moyen.PRELEVEMENT)
    champs = {"collectivite": facture.collectivite, "moyen": Moyen.PRELEVEMENT, "recu_le": RECU_LE}
    Reglement.objects.create(facture=facture, sens=sens, montant=facture.montant, origine="rejet:1", **champs)
    recevoir(facture, "0.11", "guichet:1")
    assert solde(facture) == ("243.00", "0.00")


def test_l_argent_d_une_facture_annulee_n_est_pas_perdu(facture):
    annuler(factures=[facture], motif="Erreur de relevé")
    assert (recevoir(facture, "243.11", "payfip:1"), solde(facture)) == (True, ("0.00", "0.00"))


def test_un_avoir_encaisse_par_erreur_devient_un_trop_percu(boe, ada, eau):
    avoir = factories.facture(factories.redevable(boe, ada), eau, montant=Decimal("-38.20"))
    recevoir(avoir, "1.80", "guichet:1")
    assert solde(avoir) == ("0.00", "40.00")


@pytest.mark.sqlite
@pytest.mark.parametrize("montant", ["0.00", "-1.00"])
def test_un_reglement_nul_ou_negatif_est_refuse_par_la_base(facture, montant):
    with pytest.raises(IntegrityError), transaction.atomic():
        recevoir(facture, montant, "guichet:1")
    assert (Reglement.objects.count(), solde(facture)) == (0, ("243.11", "0.00"))


@pytest.mark.sqlite
@pytest.mark.parametrize("champs", [{"sens": "cadeau"}, {"origine": "payfip:1"}])
def test_la_base_refuse_un_sens_inconnu_et_une_origine_repetee(facture, champs):
    recevoir(facture, "1.00", "payfip:1")
    valeurs = {"montant": depuis_centimes(100), "moyen": Moyen.CARTE, "recu_le": RECU_LE, "origine": "autre", **champs}
    with pytest.raises(IntegrityError), transaction.atomic():
        Reglement.objects.create(facture=facture, collectivite=facture.collectivite, **valeurs)
    assert Reglement.objects.count() == 1


@pytest.mark.sqlite
@pytest.mark.parametrize(("reste", "trop"), [("-0.01", "0"), ("243.12", "0"), ("0.01", "0.01"), ("0", "-0.01")])
def test_la_base_refuse_un_solde_impossible(facture, reste, trop):
    with pytest.raises(IntegrityError), transaction.atomic():
        type(facture).objects.filter(pk=facture.pk).update(reste_du=Decimal(reste), trop_percu=Decimal(trop))
    assert solde(facture) == ("243.11", "0.00")


def test_un_reglement_ne_se_modifie_pas(facture):
    recevoir(facture, "1.00", "a")
    recu = Reglement.objects.get()
    with pytest.raises(TypeError, match="ne se modifie pas"):
        recu.save()
    with pytest.raises(TypeError, match="ne s'efface pas"):
        recu.delete()
