"""Ce que l'ouvrier fait d'un lot : le lire, le publier à l'heure, prévenir par vagues, effacer ce qui a vécu."""

from datetime import timedelta

import factories
import pytest
from django.core.files.storage import default_storage
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from comptes.models import Rattachement
from factures import tasks
from factures.etats import Avis, EtatLot
from factures.models import CorrectionImport, Facture, LigneImport, LotImport, RejetImport
from factures.services import consulter, lots
from factures.services.lots import analyse, avis
from portail.courriels.redaction import rediger
from portail.models import Courriel, Journal
from tests.factures.outils_imports import rangee
from tests.factures.outils_lots import analyser, deposer, publier, relu, visibles
from tests.portail.outils_taches import maintenant_tout_est_du, vider

pytestmark = pytest.mark.django_db


@pytest.fixture
def habitante(boe, ada):
    """Ada, à l'adresse confirmée, lit les factures du redevable C1."""
    type(ada).objects.filter(pk=ada.pk).update(courriel_confirme_le=timezone.now())
    factories.redevable(boe, ada, source="EAU-SOFT", code="C1", nom="LŒUVRE", prenom="Élodie")
    return ada


def prevenus():
    return sorted(Courriel.objects.filter(sorte="factures.disponible").values_list("destinataire", flat=True))


# Lire et publier.


@pytest.mark.sqlite
def test_un_fichier_depose_se_lit_puis_se_publie_tout_seul_a_la_demande(eau):
    lot = deposer(eau, rangee("A"), en_fond=True)
    vider()
    assert (relu(lot).etat, visibles()) == ("a-verifier", [])
    lots.demander_la_publication(lot=lot, avis=Avis.RETENUS)
    assert (relu(lot).etat, visibles()) == ("en-publication", [])
    vider()
    assert (relu(lot).etat, visibles()) == ("publie", ["A"])


def test_un_long_fichier_se_lit_en_plusieurs_passes(eau, monkeypatch):
    monkeypatch.setattr(analyse, "PAR_PAQUET", 2)
    monkeypatch.setattr(tasks, "PASSE_SECONDES", 0.0)
    lot = deposer(eau, *(rangee(f"N{n}") for n in range(5)), en_fond=True)
    vider()
    assert (relu(lot).etat, relu(lot).bilan["nouvelle"]["nombre"]) == ("a-verifier", 5)
    assert DBTaskResult.objects.filter(task_path="factures.tasks.analyser_lot").count() == 4


def test_une_tache_rejouee_ne_refait_rien(eau):
    lot = publier(eau, rangee("A"))
    tasks.analyser_lot.func(lot.pk)
    tasks.publier_lot.func(lot.pk)
    assert (relu(lot).etat, LigneImport.objects.count(), visibles()) == ("publie", 1, ["A"])


def test_une_publication_impossible_rend_le_lot_avec_son_motif(boe, eau):
    lot = analyser(eau, rangee("A"))
    factories.facture(factories.redevable(boe), eau, numero="A")
    lots.demander_la_publication(lot=lot, avis=Avis.ENVOYES)
    vider()
    assert (relu(lot).etat, relu(lot).motif) == (
        "a-verifier",
        "Des factures de ce lot ont changé depuis l'analyse : analysez-le de nouveau.",
    )
    assert prevenus() == []


@pytest.mark.sqlite
def test_une_publication_prevue_attend_son_heure_et_se_fait_une_fois(eau):
    lot, heure = analyser(eau, rangee("A")), timezone.now() + timedelta(hours=2)
    lots.demander_la_publication(lot=lot, avis=Avis.RETENUS, le=heure)
    assert (relu(lot).etat, relu(lot).publier_le) == ("programme", heure)
    assert [lots.publier_les_dus(heure - timedelta(seconds=1)), visibles()] == [0, []]
    assert [lots.publier_les_dus(heure), lots.publier_les_dus(heure)] == [1, 0]
    vider()
    assert (relu(lot).etat, visibles()) == ("publie", ["A"])


def test_une_publication_prevue_se_retire_ou_s_abandonne(eau):
    heure = timezone.now() + timedelta(hours=2)
    for defaire, etat in ((lots.deprogrammer, "a-verifier"), (lots.renoncer, "abandonne")):
        lot = analyser(eau, rangee(etat))
        lots.demander_la_publication(lot=lot, avis=Avis.RETENUS, le=heure)
        defaire(lot=lot)
        assert (relu(lot).etat, lots.publier_les_dus(heure)) == (etat, 0)


def test_on_ne_prevoit_pas_un_lot_qui_a_des_lignes_a_corriger_sans_le_dire(eau):
    lot = analyser(eau, rangee("A"), rangee("B", montant="?"))
    with pytest.raises(lots.PublicationImpossible):
        lots.demander_la_publication(lot=lot, avis=Avis.RETENUS)
    lots.demander_la_publication(lot=lot, avis=Avis.RETENUS, malgre_les_rejets=True)
    vider()
    assert visibles() == ["A"]


@pytest.mark.parametrize("etat", ["depose", "en-analyse", "a-verifier", "en-publication"])
def test_relancer_remet_en_marche_un_lot_que_plus_personne_ne_mene(eau, etat):
    lot = deposer(eau, rangee("A"))
    if etat in {"a-verifier", "en-publication"}:
        lots.analyser(lot=lot)
    LotImport.objects.update(etat=etat)
    lots.relancer(lot=lot)
    vider()
    assert relu(lot).etat == ("publie" if etat == "en-publication" else "a-verifier")


# Prévenir.


@pytest.mark.sqlite
def test_chaque_habitant_est_prevenu_une_fois_sans_montant_ni_document(eau, habitante):
    lot = publier(eau, rangee("A"), rangee("B"), avis=Avis.ENVOYES)
    vider()
    assert (prevenus(), relu(lot).prevenus) == ([habitante.email], 1)
    lots.lacher_les_avis(lot=lot)
    vider()
    assert (prevenus(), relu(lot).prevenus) == ([habitante.email], 1)


def test_le_courriel_dit_seulement_qu_une_facture_est_disponible(boe, eau, habitante):
    publier(eau, rangee("2026-A"), rangee("2026-B"), avis=Avis.ENVOYES)
    tasks.prevenir_les_habitants.func(LotImport.objects.get().pk)
    courriel = Courriel.objects.get(sorte="factures.disponible")
    assert set(courriel.contexte) == {"lot", "usager"}
    message = rediger(courriel)
    assert message["sujet"] == "Des factures sont disponibles"
    assert f"{boe.adresse}/?LIEN={boe.lien}" in message["texte"]
    for prive in ("243", "2026-A", "Eau", "LŒUVRE", "Élodie"):
        assert prive not in message["texte"] + message["html"]
    assert message["texte"].count("http") == 1


def test_seuls_les_comptes_actifs_a_l_adresse_confirmee_sont_prevenus(boe, eau, habitante):
    redevable = habitante.rattachements.get().redevable
    confirmee = {"courriel_confirme_le": timezone.now()}
    sans_preuve, ferme, suspendu = (
        factories.usager(),
        factories.usager(is_active=False, **confirmee),
        factories.usager(**confirmee),
    )
    for personne in (sans_preuve, ferme):
        Rattachement.objects.create(collectivite=boe, usager=personne, redevable=redevable)
    Rattachement.objects.create(
        collectivite=boe, usager=suspendu, redevable=redevable, etat="suspendu", motif="Séparation"
    )
    factories.usager(**confirmee)  # ne lit rien ici
    publier(eau, rangee("A"), avis=Avis.ENVOYES)
    vider()
    assert prevenus() == [habitante.email]


def test_les_avis_retenus_ne_partent_que_quand_l_agent_les_lache(eau, habitante):
    lot = publier(eau, rangee("A"), avis=Avis.RETENUS)
    vider()
    assert prevenus() == []
    lots.lacher_les_avis(lot=lot)
    vider()
    assert prevenus() == [habitante.email]


def test_les_vagues_s_enchainent_sans_oublier_ni_repeter_personne(boe, eau, habitante, monkeypatch):
    monkeypatch.setattr(avis, "PAR_VAGUE", 2)
    redevable = habitante.rattachements.get().redevable
    autres = [factories.usager(courriel_confirme_le=timezone.now()) for _ in range(4)]
    for personne in autres:
        Rattachement.objects.create(collectivite=boe, usager=personne, redevable=redevable)
    lot = publier(eau, rangee("A"), avis=Avis.ENVOYES)
    vider()
    assert len(prevenus()) == 2
    tasks.prevenir_les_habitants.func(lot.pk)  # la même vague, rejouée après une coupure
    for _ in range(3):
        maintenant_tout_est_du()
        vider()
    assert prevenus() == sorted(p.email for p in (habitante, *autres))
    assert relu(lot).prevenus == 5


def test_rien_ne_part_avant_la_publication_ni_apres_son_annulation(eau, habitante):
    lot = analyser(eau, rangee("A"), avis=Avis.ENVOYES)
    tasks.prevenir_les_habitants.func(lot.pk)
    assert prevenus() == []
    lots.publier(lot=lot)
    lots.prevenir(lot=lot)
    lots.annuler_publication(lot=lot)
    vider()  # déposé, mais devenu sans objet
    assert [c.etat for c in Courriel.objects.all()] == ["sans-objet"]
    assert lots.prevenir(lot=relu(lot)) == 0


# Effacer.


@pytest.fixture
def vieux():
    return timezone.now() + timedelta(days=31)


@pytest.mark.sqlite
def test_trente_jours_apres_ni_fichier_ni_lignes_et_les_factures_restent(eau, vieux):
    lot = analyser(eau, rangee("A"), rangee("B", montant="?"))
    lots.publier(lot=lot, malgre_les_rejets=True)
    nom = relu(lot).fichier.name
    assert (lots.effacer_les_vieux(timezone.now()), default_storage.exists(nom)) == (0, True)
    assert (lots.effacer_les_vieux(vieux), lots.effacer_les_vieux(vieux)) == (1, 0)
    assert (default_storage.exists(nom), relu(lot).fichier.name, relu(lot).apercu) == (False, "", {})
    assert [m.objects.count() for m in (LigneImport, RejetImport, CorrectionImport)] == [0, 0, 0]
    assert (relu(lot).etat, visibles(), relu(lot).bilan["lignes"]) == ("publie", ["A"], 2)
    assert Journal.objects.filter(action="lot.efface").count() == 1
    with pytest.raises(lots.AnnulationImpossible, match="trop ancien"):
        lots.annuler_publication(lot=relu(lot))


@pytest.mark.parametrize("etat", ["a-verifier", "programme"])
def test_un_lot_oublie_est_abandonne_mais_pas_celui_qui_est_prevu(eau, vieux, etat):
    lot = analyser(eau, rangee("A"))
    LotImport.objects.update(etat=etat, publier_le=vieux)
    lots.effacer_les_vieux(vieux)
    assert relu(lot).etat == (EtatLot.PROGRAMME if etat == "programme" else EtatLot.ABANDONNE)
    assert LigneImport.objects.count() == (1 if etat == "programme" else 0)


def test_une_lecture_empeche_d_annuler_meme_une_publication_par_l_ouvrier(eau, habitante):
    lot = analyser(eau, rangee("A"))
    lots.demander_la_publication(lot=lot, avis=Avis.RETENUS)
    vider()
    consulter(facture=Facture.objects.get(), usager=habitante)
    with pytest.raises(lots.AnnulationImpossible, match="1 facture"):
        lots.annuler_publication(lot=relu(lot))
