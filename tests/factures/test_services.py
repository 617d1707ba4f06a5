"""La vie d'une facture et ce que la base refuse, quel que soit le chemin."""

from datetime import date
from decimal import Decimal

import factories
import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from factures.etats import Nature, Statut
from factures.models import Consultation, Declaration, Facture, Reglement
from factures.services import annuler, consulter, encaisser, marquer, nom_du_document, publier

BROUILLON = {"statut": Statut.BROUILLON, "publiee_le": None}


@pytest.fixture
def redevable(boe, ada):
    return factories.redevable(boe, ada)


def relire(facture) -> tuple[str, bool, str]:
    facture.refresh_from_db()
    return facture.statut, facture.publiee_le is not None, facture.motif_annulation


@pytest.mark.sqlite
def test_publier_ne_rend_visibles_que_les_brouillons(redevable, eau, boe, ada):
    brouillon = factories.facture(redevable, eau, **BROUILLON)
    publiee = factories.facture(redevable, eau)
    annulee = factories.facture(redevable, eau, statut=Statut.ANNULEE, motif_annulation="Erreur", publiee_le=None)
    assert list(Facture.objects.de(ada, chez=boe)) == [publiee]

    assert publier(factures=[brouillon, publiee, annulee]) == 1

    assert relire(brouillon) == ("publiee", True, "")
    assert relire(annulee) == ("annulee", False, "Erreur")
    assert set(Facture.objects.de(ada, chez=boe)) == {brouillon, publiee}
    assert publier(factures=[brouillon]) == 0


@pytest.mark.sqlite
def test_annuler_vaut_pour_un_brouillon_et_une_publiee_et_une_seule_fois(redevable, eau):
    brouillon, publiee = factories.facture(redevable, eau, **BROUILLON), factories.facture(redevable, eau)
    assert annuler(factures=[brouillon, publiee], motif="Erreur de relevé") == 2
    assert (relire(brouillon), relire(publiee)) == (
        ("annulee", False, "Erreur de relevé"),
        ("annulee", True, "Erreur de relevé"),
    )
    assert annuler(factures=[publiee], motif="Autre motif") == 0
    assert relire(publiee) == ("annulee", True, "Erreur de relevé")


@pytest.mark.parametrize("motif", ["", "   ", "\n"])
def test_une_annulation_sans_motif_est_refusee(redevable, eau, motif):
    facture = factories.facture(redevable, eau)
    with pytest.raises(ValueError, match="Une annulation a un motif"):
        annuler(factures=[facture], motif=motif)
    assert relire(facture) == ("publiee", True, "")


def test_un_brouillon_annule_n_est_jamais_montre(redevable, eau, boe, ada):
    brouillon = factories.facture(redevable, eau, **BROUILLON)
    annuler(factures=[brouillon], motif="Erreur")
    assert not Facture.objects.de(ada, chez=boe).exists()


def test_marquer_est_idempotent_et_ne_touche_pas_a_l_argent(facture, ada, bob):
    marquer(facture=facture, usager=ada, reglee=True)
    marquer(facture=facture, usager=ada, reglee=True)
    marquer(facture=facture, usager=bob, reglee=False)
    facture.refresh_from_db()
    assert (Declaration.objects.count(), Declaration.objects.get().collectivite_id) == (1, facture.collectivite_id)
    assert (facture.reste_du, Reglement.objects.count()) == (Decimal("243.11"), 0)
    marquer(facture=facture, usager=ada, reglee=False)
    marquer(facture=facture, usager=ada, reglee=False)
    assert not Declaration.objects.exists()


def test_consulter_retient_la_premiere_lecture_de_chacun(facture, ada, bob):
    for usager in (ada, ada, bob, ada):
        consulter(facture=facture, usager=usager)
    assert set(Consultation.objects.values_list("usager", flat=True)) == {ada.pk, bob.pk}
    assert Consultation.objects.count() == 2


@pytest.mark.sqlite
def test_deux_lectures_au_meme_instant_n_en_font_qu_une(facture, ada, monkeypatch):
    consulter(facture=facture, usager=ada)
    # La seconde a demandé avant que la première n'écrive : elle se croit première aussi.
    monkeypatch.setattr("django.db.models.query.QuerySet.exists", lambda _: False)
    consulter(facture=facture, usager=ada)
    assert Consultation.objects.count() == 1


def test_le_nom_du_document_dit_s_il_s_agit_d_un_avoir():
    assert nom_du_document(Facture(numero="2026-12")) == "facture-2026-12.pdf"
    assert nom_du_document(Facture(numero="A012", nature=Nature.AVOIR)) == "avoir-A012.pdf"


INTERDITS = [
    ("facture_montant_positif_avoir_negatif", {"montant": Decimal(0), "reste_du": Decimal(0)}),
    ("facture_montant_positif_avoir_negatif", {"montant": Decimal("-1.00"), "reste_du": Decimal(0)}),
    ("facture_montant_positif_avoir_negatif", {"nature": Nature.AVOIR, "reste_du": Decimal(0)}),
    ("facture_reste_du_entre_zero_et_montant", {"reste_du": Decimal("-0.01")}),
    ("facture_reste_du_entre_zero_et_montant", {"reste_du": Decimal("243.12")}),
    (
        "facture_reste_du_entre_zero_et_montant",
        {"nature": Nature.AVOIR, "montant": Decimal(-9), "reste_du": Decimal(1)},
    ),
    ("facture_trop_percu_seulement_soldee", {"trop_percu": Decimal("0.01")}),
    ("facture_(statut_connu|publiee_datee)", {"statut": "supprimee"}),
    ("facture_publiee_datee", {"publiee_le": None}),
    ("facture_publiee_datee", {"statut": Statut.BROUILLON}),
    ("facture_annulee_motivee", {"statut": Statut.ANNULEE}),
]


@pytest.mark.sqlite
@pytest.mark.parametrize(("contrainte", "champs"), INTERDITS)
def test_la_base_refuse_ce_qui_ne_doit_jamais_arriver(facture, contrainte, champs):
    with pytest.raises(IntegrityError, match=contrainte), transaction.atomic():
        Facture.objects.filter(pk=facture.pk).update(**champs)


@pytest.mark.sqlite
@pytest.mark.parametrize("champ", ["numero", "reference"])
def test_un_numero_et_une_reference_sont_uniques_par_service(boe, redevable, facture, eau, champ):
    valeur = {champ: getattr(facture, champ)}
    factories.facture(redevable, factories.regie(boe), **valeur)
    with pytest.raises(IntegrityError), transaction.atomic():
        factories.facture(redevable, eau, **valeur)


@pytest.mark.sqlite
def test_rien_de_ce_qui_a_porte_de_l_argent_ne_s_efface(facture, boe, ada):
    encaisser(facture=facture, montant=Decimal("1.00"), moyen="carte", origine="x:1", recu_le=facture.publiee_le)
    for protege in (facture, facture.redevable, facture.regie, boe):
        with pytest.raises(ProtectedError):
            protege.delete()
    with pytest.raises(TypeError, match="ne s'efface pas"):
        facture.reglements.get().delete()
    with pytest.raises(TypeError, match="ne se modifie pas"):
        facture.reglements.get().save()


def test_la_lecture_d_un_autre_jour_garde_le_montant_exact(redevable, eau):
    facture = factories.facture(redevable, eau, montant=Decimal("99999999.99"), date_emission=date(2026, 2, 28))
    facture.refresh_from_db()
    assert (facture.montant, type(facture.montant)) == (Decimal("99999999.99"), Decimal)
