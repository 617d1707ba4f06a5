"""Parmi plusieurs tentatives par URL, le Trésor confirme la bonne, une fois, pour qui l'a faite."""

import io
from datetime import UTC, datetime, timedelta

import factories
import pytest
import time_machine

from factures.models import Ecart, Facture, Reglement
from factures.services import rapprochement
from paiement_tipi import services
from paiement_tipi.models import ContratTipi, Paiement, PartPaiement
from portail.models import Courriel
from tests.factures.outils_retour import emarge, ligne, retour, titre
from tests.paiement_tipi.outils_machine import GuichetDocile
from tests.paiement_tipi.outils_tentatives import PAYEE_PAR_CARTE, bilan, demarrer

LE_10 = datetime(2026, 11, 10, 9, tzinfo=UTC)
JOUR = timedelta(days=1)


@pytest.fixture
def deux_tentatives(boe, ada, bob):
    """``deux_tentatives(etats…)`` : celle d'Ada, puis celle de Bob, co-titulaire, de la même facture par URL."""
    cantine = factories.regie(boe, code="CANTINE", mode="titre")
    factories.contrat(cantine)
    ContratTipi.objects.update(transport="url-titre", saisie="A")
    redevable = factories.redevable(boe, ada)
    redevable.rattachements.create(collectivite=boe, usager=bob)
    titre_17 = {"reference": "202600000017000001", "exercice": 2026, "piece": "17", "ligne": "1"}
    facture = Facture.objects.get(pk=factories.facture(redevable, cantine, **titre_17).pk)

    def _deux(*etats, jours=(0, 0)):
        tentatives = []
        for qui, jour in zip((ada, bob), jours, strict=True):
            with time_machine.travel(LE_10 + jour * JOUR, tick=False):
                tentatives.append(demarrer(facture, qui, guichet=GuichetDocile()))
            Paiement.objects.update(etat="expire")
            PartPaiement.objects.update(ouverte=False)
        for paiement, etat in zip(tentatives, etats, strict=True):
            paiement.etat, paiement.resultat = etat, "P" if etat in {"declare", "infirme"} else ""
            paiement.save(update_fields=["etat", "resultat"])
        return tentatives

    return _deux


def du_tresor(boe, *jours):
    """Ce que montre son fichier du 10 novembre : une file d'écarts."""
    fichier = io.BytesIO(retour(titre(ligne(*[emarge("243.11", jour=jour) for jour in jours]))))
    rapprochement.deposer(collectivite=boe, fichier=fichier, libelle="PES.xml")
    return list(Ecart.objects.order_by("jour"))


@pytest.mark.parametrize(
    ("etats", "jours", "confirmee"),
    [
        (("declare", "expire"), (0, 0), 0),
        (("expire", "declare"), (0, 0), 1),
        (("declare", "declare"), (0, 0), 0),  # la banque verse dans l'ordre
        (("expire", "infirme"), (0, 0), 1),
        (("declare", "infirme"), (0, 0), 0),
        (("infirme", "declare"), (0, 0), 1),
        (("expire", "envoye"), (0, 0), 1),
        (("expire", "declare"), (0, 5), 0),  # la seconde est partie après l'encaissement
    ],
)
def test_la_mieux_annoncee_est_confirmee_et_l_accuse_va_a_qui_l_a_faite(boe, deux_tentatives, etats, jours, confirmee):
    tentatives = deux_tentatives(*etats, jours=jours)
    [ecart] = du_tresor(boe, "2026-11-10")
    services.confirmer_par_le_tresor(ecart=ecart)
    bonne, autre = tentatives[confirmee], tentatives[1 - confirmee]
    assert Reglement.objects.get().origine == f"payfip:{bonne.uuid}"
    accuses = Courriel.objects.filter(sorte="paiement").values_list("destinataire", "cle")
    assert list(accuses) == [(bonne.usager.email, services.cle_de_l_accuse(bonne))]
    justifies = Paiement.objects.justifiables()
    assert (list(justifies.de(bonne.usager, chez=boe)), list(justifies.de(autre.usager, chez=boe))) == ([bonne], [])


def test_une_somme_confirmee_ne_l_est_pas_une_seconde_fois_par_une_tentative_sans_nouvelle(boe, deux_tentatives):
    declaree, _expiree = deux_tentatives("declare", "expire")
    premier, second = du_tresor(boe, "2026-11-10", "2026-11-11")
    services.confirmer_par_le_tresor(ecart=premier)
    for ecart in (premier, second):
        with pytest.raises(rapprochement.EcartIndisponible):
            services.confirmer_par_le_tresor(ecart=ecart)
    assert bilan(declaree.parts.get().facture) == PAYEE_PAR_CARTE


def test_deux_paiements_annonces_se_confirment_chacun_une_fois_et_le_second_est_a_rendre(boe, deux_tentatives):
    facture = deux_tentatives("declare", "declare")[0].parts.get().facture
    for ecart in du_tresor(boe, "2026-11-10", "2026-11-11"):
        services.confirmer_par_le_tresor(ecart=ecart)
    assert bilan(facture) == ("0.00", "243.11", ["carte", "carte"])
