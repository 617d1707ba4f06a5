"""De la facture à la page de PayFiP : ce qui part, ce qui est refusé, et rien d'ouvert après un échec."""

from datetime import date, timedelta
from decimal import Decimal

import factories
import pytest
from django.utils import timezone

from factures.etats import Moyen, Statut
from factures.services import encaisser
from paiement_tipi import services
from paiement_tipi.client import GuichetIndisponible, GuichetRefuse
from paiement_tipi.models import DOUBLE_CLIC, Paiement, PartPaiement
from paiement_tipi.protocole import ChampInvalide
from paiement_tipi.services import PaiementImpossible
from tests.paiement_tipi.outils_tentatives import creations, demarrer, empechement, formulaire, histoire, pilote

HIER = date.today() - timedelta(days=1)


@pytest.fixture
def payfip(simulateur):
    with pilote(simulateur) as pilotable:
        yield pilotable


def partir(facture, usager, par):
    return services.demarrer_paiement(
        facture=facture, usager=usager, formulaire=par, guichet=services.guichet(personne=True)
    )


@pytest.mark.sqlite
def test_ce_qui_part_vient_de_la_base(facture, ada, payfip):
    facture.objet = "L'été – n°1"
    facture.save()
    paiement = demarrer(facture, ada)
    assert creations(payfip) == [
        {
            "exer": str(facture.date_emission.year),
            "mel": "ada@exemple.fr",
            "montant": "24311",
            "numcli": "006382",
            "objet": "L ete n1",
            "refdet": "X0000301010000001317",
            "saisie": "W",
            "urlnotif": "http://localhost/paiement/notification/",
            "urlredirect": f"http://localhost/paiement/retour/{paiement.jeton}/",
        }
    ]


def test_l_idop_et_la_part_sont_enregistres_avant_que_personne_ne_parte(facture, ada, payfip, simulateur):
    adresse = partir(facture, ada, formulaire())
    paiement = Paiement.objects.get()
    part = PartPaiement.objects.get()
    assert adresse == f"{simulateur.url}/tpa/paiementws.web?idop={paiement.idop}"
    assert (paiement.etat, histoire(paiement), len(paiement.jeton)) == ("envoye", ["envoye"], 43)
    assert (part.facture, part.montant, part.ouverte) == (facture, Decimal("243.11"), True)
    assert paiement.relire_le == paiement.envoye_le
    assert empechement(facture) == "PAIEMENT_EN_COURS"


def test_une_facture_en_partie_reglee_demande_le_reste_du(facture, ada, payfip):
    encaisser(facture=facture, montant=Decimal("43.11"), moyen=Moyen.CHEQUE, origine="cheque:1", recu_le=timezone.now())
    paiement = demarrer(facture, ada)
    assert ([c["montant"] for c in creations(payfip)], paiement.montant) == (["20000"], Decimal("200.00"))


@pytest.mark.parametrize(("exercice", "envoye"), [(None, "2025"), (2024, "2024")])
def test_l_exercice_est_celui_du_titre_sinon_l_annee_d_emission(boe, ada, eau, payfip, exercice, envoye):
    redevable = factories.redevable(boe, ada)
    facture = factories.facture(redevable, eau, exercice=exercice, date_emission=date(2025, 12, 31))
    assert demarrer(facture, ada).exer == envoye


def test_le_contrat_est_celui_du_service_de_la_facture(boe, ailleurs, ada, eau, payfip):
    cantine, lointaine = factories.regie(boe), factories.regie(ailleurs)
    factories.contrat(cantine, numcli="111111", saisie="T")
    factories.contrat(lointaine, numcli="006382")
    paiement = demarrer(factories.facture(factories.redevable(boe, ada), cantine), ada)
    assert paiement.contrat.regie == cantine
    assert [(c["numcli"], c["saisie"]) for c in creations(payfip)] == [("111111", "T")]


EMPECHEMENTS = [
    ({"montant": Decimal("-38.20")}, "AVOIR"),
    ({"statut": Statut.ANNULEE, "motif_annulation": "Erreur"}, "ANNULEE"),
    ({"reste_du": Decimal(0)}, "DEJA_PAYEE"),
    ({"date_prelevement": date.today()}, "PRELEVEMENT_AUTOMATIQUE"),
    ({"date_limite_en_ligne": HIER}, "DELAI_DEPASSE"),
    ({"reste_du": Decimal("0.99")}, "MONTANT_TROP_FAIBLE"),
    ({"montant": Decimal("100000.00")}, "MONTANT_TROP_ELEVE"),
    *(({"reference": r}, "REFERENCE_NON_PAYABLE") for r in ("", "a" * 5, "1" * 31, "2026-EAU-1", "référence")),
]


@pytest.mark.parametrize(("champs", "cause"), EMPECHEMENTS)
def test_une_facture_empechee_ne_part_pas(boe, ada, eau, payfip, champs, cause):
    facture = factories.facture(factories.redevable(boe, ada), eau, **champs)
    with pytest.raises(PaiementImpossible) as refus:
        demarrer(facture, ada)
    assert (refus.value.empechement, Paiement.objects.count(), creations(payfip)) == (cause, 0, [])


@pytest.mark.parametrize(
    ("montant", "reference", "envoyes"),
    [("1.00", "a" * 6, ("100", "aaaaaa")), ("99999.99", "9Z" * 15, ("9999999", "9Z" * 15))],
)
def test_les_deux_bornes_du_montant_et_de_la_reference_se_paient(boe, ada, eau, payfip, montant, reference, envoyes):
    redevable = factories.redevable(boe, ada)
    demarrer(factories.facture(redevable, eau, montant=Decimal(montant), reference=reference), ada)
    assert [(c["montant"], c["refdet"]) for c in creations(payfip)] == [envoyes]


def test_un_service_suspendu_ou_sans_contrat_ne_part_pas(boe, ada, eau, facture, payfip):
    factories.suspendre(eau)
    sans_contrat = factories.facture(factories.redevable(boe, ada), factories.regie(boe))
    causes = []
    for visee in (facture, sans_contrat):
        with pytest.raises(PaiementImpossible) as refus:
            demarrer(visee, ada)
        causes.append(refus.value.empechement)
    assert (causes, creations(payfip)) == (["PAIEMENT_SUSPENDU", "SERVICE_INDISPONIBLE"], [])


PANNES = ["502", "html", "coupure", "xml_tronque", "reponse_perdue", "TechIndisponibiliteErreur"]


@pytest.mark.sqlite
@pytest.mark.parametrize("panne", PANNES)
def test_une_panne_a_la_creation_ne_retient_pas_la_facture(facture, ada, payfip, panne):
    payfip.regler(panne=panne)
    with pytest.raises(GuichetIndisponible):
        demarrer(facture, ada)
    paiement = Paiement.objects.get()
    assert (histoire(paiement), paiement.idop, empechement(facture)) == (["echoue"], None, "")
    payfip.regler(panne="aucune")
    assert demarrer(facture, ada).etat == "envoye"


@pytest.mark.parametrize(("numcli", "code"), [("222222", "T4"), ("123456", "T2")])
def test_un_refus_a_la_creation_ne_retient_pas_la_facture(facture, ada, eau, payfip, numcli, code):
    type(eau.contrat_tipi).objects.update(numcli=numcli)
    with pytest.raises(GuichetRefuse) as refus:
        demarrer(facture, ada)
    assert (refus.value.code, histoire(Paiement.objects.get()), empechement(facture)) == (code, ["echoue"], "")


def test_une_adresse_trop_longue_n_est_pas_coupee_en_celle_d_un_autre(boe, eau, payfip):
    titulaire = factories.usager(email=f"{'a' * 60}@exemple-{'b' * 12}.fr")
    with pytest.raises(ChampInvalide) as refus:
        demarrer(factories.facture(factories.redevable(boe, titulaire), eau), titulaire)
    assert (refus.value.champ, histoire(Paiement.objects.get()), creations(payfip)) == ("mel", ["echoue"], [])


@pytest.mark.sqlite
def test_un_double_clic_rend_la_meme_adresse_et_un_seul_idop(facture, ada, payfip):
    envoi = formulaire()
    adresses = {partir(facture, ada, envoi) for _ in range(2)}
    assert (len(adresses), Paiement.objects.count(), len(creations(payfip))) == (1, 1, 1)


@pytest.mark.parametrize(("secondes", "reutilisee"), [(9.999, True), (10, False), (60, False)])
def test_une_tentative_ne_se_reutilise_que_dix_secondes(facture, ada, payfip, secondes, reutilisee):
    paiement = demarrer(facture, ada)
    assert paiement.vient_de_partir(paiement.envoye_le + timedelta(seconds=secondes)) is reutilisee


def test_passe_ce_delai_le_meme_formulaire_attend_le_resultat_comme_un_autre(facture, ada, payfip):
    envoi = formulaire()
    demarrer(facture, ada, par=envoi)
    Paiement.objects.update(envoye_le=timezone.now() - DOUBLE_CLIC)
    with pytest.raises(PaiementImpossible) as refus:
        demarrer(facture, ada, par=envoi)
    assert (refus.value.empechement, len(creations(payfip))) == ("PAIEMENT_EN_COURS", 1)


@pytest.mark.sqlite
def test_deux_formulaires_font_un_seul_paiement(boe, ada, bob, eau, payfip):
    facture = factories.facture(factories.redevable(boe, ada, bob), eau)
    demarrer(facture, ada)
    for personne in (ada, bob):
        with pytest.raises(PaiementImpossible) as refus:
            demarrer(facture, personne)
        assert refus.value.empechement == "PAIEMENT_EN_COURS"
    assert (Paiement.objects.count(), len(creations(payfip))) == (1, 1)


def test_le_formulaire_d_un_autre_ou_d_une_autre_facture_ne_rend_pas_son_adresse(boe, ada, bob, eau, facture, payfip):
    autre = factories.facture(factories.redevable(boe, ada, bob), eau)
    envoi = formulaire()
    adresses = [partir(facture, ada, envoi), partir(autre, ada, envoi)]
    with pytest.raises(PaiementImpossible):
        partir(autre, bob, envoi)
    assert (len(set(adresses)), len(creations(payfip))) == (2, 2)
    assert [part.facture for part in PartPaiement.objects.order_by("pk")] == [facture, autre]
