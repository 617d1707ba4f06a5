"""Une facture écrite à la main : sa vie par les services, l'argent au centime près, et deux personnes à la fois."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from types import SimpleNamespace
from uuid import uuid4

import factories
import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from factures.admin.lignes import produit
from factures.etats import EtatFacture, Moyen, Sens, Statut
from factures.imports.documents import DocumentRefuse
from factures.models import Facture, Reglement
from factures.services import (
    annuler,
    corriger,
    creer,
    enregistrer,
    joindre,
    mettre_en_attente,
    prolonger,
    publier,
    rejeter,
    rembourser,
    reprendre,
)
from factures.services import saisie as services_de_saisie
from factures.services.reglements import ReglementImpossible
from factures.services.saisie import SaisieRefusee, proposer_numero, proposer_reference
from paiement_tipi.models import Paiement
from portail.models import Journal, ModeRegie
from portail.versions import Conflit
from tests.factures.outils_manuel import brouillon, recu, saisie
from tests.factures.outils_pdf import pdf_qui_dit
from tests.paiement_tipi.outils_courses import RendezVous, avant, ensemble, sans_verrous


@pytest.fixture
def redevable(boe, ada):
    return factories.redevable(boe, ada)


def lire(facture, pour=None):
    return Facture.objects.avec_etat(date.today(), pour=pour).get(pk=facture.pk)


def solde(facture) -> tuple[str, str]:
    facture.refresh_from_db()
    return str(facture.reste_du), str(facture.trop_percu)


def publiee(eau, redevable, *montants, **champs):
    facture = brouillon(eau, redevable, *montants, **champs)
    publier(factures=[facture])
    facture.refresh_from_db()
    return facture


def en_paiement(facture, ada):
    """Une tentative ouverte pour cette facture."""
    contrat = facture.regie.contrat_tipi
    paiement = Paiement.objects.create(
        collectivite=facture.collectivite, contrat=contrat, usager=ada, formulaire=uuid4(), numcli=contrat.numcli,
        saisie="W", exer="2026", refdet="X", montant=facture.reste_du, mel=ada.email, etat="envoye", idop=uuid4(),
        envoye_le=timezone.now(),
    )  # fmt: skip
    return paiement.parts.create(facture=facture, collectivite=facture.collectivite, montant=facture.reste_du)


# Écrire.


@pytest.mark.sqlite
def test_un_brouillon_a_ses_lignes_son_total_et_n_est_vu_de_personne(eau, redevable, ada, boe):
    facture = brouillon(eau, redevable, "32.40", "210.72", "-0.01")
    assert (facture.numero, facture.reference) == ("2026-EAU-M0001", "2026EAUM0001")
    assert (facture.montant, facture.reste_du, facture.nature) == (Decimal("243.11"), Decimal("243.11"), "facture")
    assert [ligne.montant for ligne in facture.lignes.all()] == [Decimal(m) for m in ("32.40", "210.72", "-0.01")]
    assert not Facture.objects.de(ada, chez=boe).exists()
    assert brouillon(eau, redevable).numero == "2026-EAU-M0002"
    corriger(facture=facture, saisie=saisie(eau, redevable, "-12.00", numero=facture.numero), version=facture.version)
    facture.refresh_from_db()
    assert (facture.nature, facture.reste_du, facture.lignes.count()) == ("avoir", Decimal(0), 1)
    publier(factures=[facture])
    assert Facture.objects.de(ada, chez=boe).exists()
    actions = Journal.objects.filter(identifiant=str(facture.uuid)).order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["facture.creee", "facture.brouillon_corrige", "facture.publiee"]


@pytest.mark.sqlite
def test_un_numero_ou_une_reference_pris_se_disent_a_leur_place(eau, redevable):
    existante = brouillon(eau, redevable)
    for champs, champ in (({"numero": existante.numero}, "numero"), ({"reference": existante.reference}, "reference")):
        with pytest.raises(SaisieRefusee) as refus, transaction.atomic():
            brouillon(eau, redevable, **champs)
        assert refus.value.champ == champ
    assert Facture.objects.count() == 1


def test_une_facture_son_service_et_son_redevable_sont_d_une_meme_commune(eau, ailleurs, ada):
    with pytest.raises(ValueError, match="d'une même commune"):
        brouillon(eau, factories.redevable(ailleurs, ada))


@pytest.mark.parametrize(
    ("mode", "numero", "parties", "attendue"),
    [
        (ModeRegie.REGIE, "2026-EAU-M0001", {}, "2026EAUM0001"),
        (ModeRegie.REGIE, "f-1", {}, "0000F1"),
        (ModeRegie.REGIE, "x" * 31, {}, ""),
        (ModeRegie.TITRE, "T1", {"exercice": 2026, "piece": "2", "ligne": "1"}, "202600000002000001"),
        (ModeRegie.ROLE, "R1", {"exercice": 2026, "code_recette": "EA", "dette": "17"}, "2026EA000000000000017"),
        (ModeRegie.TITRE, "T1", {"exercice": 2026}, ""),
    ],
)
def test_la_reference_se_compose_comme_le_veut_le_contrat(boe, mode, numero, parties, attendue):
    regie = factories.regie(boe, mode=mode)
    parties = {"exercice": 2026, **parties}
    assert proposer_reference(regie=regie, numero=numero, parties=parties) == attendue


@pytest.mark.parametrize(
    ("quantite", "prix", "attendu"),
    [("4", "11,50 €", "46.00"), ("62 m³", "1,9500", "120.90"), ("3", "0,005", "0.02"), ("1 000", "2", "2000.00"),
     ("", "2", None), ("deux", "2", None)],
)  # fmt: skip
def test_quantite_fois_prix_au_centime(quantite, prix, attendu):
    assert produit(quantite, prix) == (Decimal(attendu) if attendu else None)


def test_le_numero_propose_suit_le_plus_grand_et_ignore_les_autres(eau, redevable):
    for numero in ("2026-EAU-M0009", "2026-EAU-M0010", "2026-EAU-MX", "2025-EAU-M0099"):
        brouillon(eau, redevable, numero=numero)
    assert proposer_numero(regie=eau, annee=2026) == "2026-EAU-M0011"


@pytest.mark.sqlite
def test_le_document_d_un_brouillon_a_les_memes_controles_que_l_import(eau, redevable, boe, bob, settings, tmp_path):
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}}
    }
    facture, contenu = brouillon(eau, redevable), pdf_qui_dit("Facture 2026-EAU-M0001")
    assert joindre(facture=facture, contenu=contenu, version=facture.version) is True
    with pytest.raises(Conflit):
        joindre(facture=facture, contenu=contenu, version=facture.version)
    facture.refresh_from_db()
    with facture.pdf.open() as garde:
        assert garde.read() == contenu
    autre = brouillon(eau, factories.redevable(boe, bob))
    with pytest.raises(DocumentRefuse, match="autre redevable"):
        joindre(facture=autre, contenu=contenu, version=autre.version)
    with pytest.raises(DocumentRefuse, match="pas un PDF"):
        joindre(facture=autre, contenu=b"<html>", version=autre.version)
    assert joindre(facture=autre, contenu=pdf_qui_dit("Une autre"), version=autre.version) is False


# Attendre, prolonger, remplacer.


@pytest.mark.sqlite
def test_en_attente_elle_ne_se_paie_plus_en_ligne_et_dit_pourquoi_puis_reprend(facture, ada):
    assert mettre_en_attente(factures=[facture], motif="Relevé à vérifier") == 1
    lue = lire(facture, ada)
    assert (lue.etat, lue.empechement, lue.motif_attente) == (
        EtatFacture.SUSPENDUE, "MISE_EN_ATTENTE", "Relevé à vérifier",
    )  # fmt: skip
    assert mettre_en_attente(factures=[facture], motif="encore") == 0
    assert enregistrer(facture=facture, recu=recu("43.11")) is True
    assert reprendre(factures=[facture]) == 1
    assert (lire(facture).etat, reprendre(factures=[facture])) == ("partiellement-payee", 0)


def test_l_attente_cede_le_pas_a_ce_qui_est_avant_elle_dans_l_ordre(facture):
    mettre_en_attente(factures=[facture], motif="x")
    Facture.objects.update(date_limite_en_ligne=date.today() - timedelta(days=1))
    assert lire(facture).etat == "tresor"
    annuler(factures=[facture], motif="Erreur")
    assert (lire(facture).etat, lire(facture).motif_attente) == ("annulee", "")


@pytest.mark.sqlite
def test_prolonger_rouvre_le_paiement_et_ne_raccourcit_jamais(facture):
    Facture.objects.update(date_limite_en_ligne=date.today() - timedelta(days=1))
    assert lire(facture).etat == "tresor"
    assert prolonger(factures=[facture], jusqu_au=date.today() + timedelta(days=5)) == 1
    assert lire(facture).etat == "a-payer"
    assert prolonger(factures=[facture], jusqu_au=date.today()) == 0


@pytest.mark.sqlite
def test_remplacer_annule_l_une_publie_l_autre_au_meme_instant_et_reporte_l_argent(eau, redevable, ada, boe):
    ancienne = publiee(eau, redevable, "100.00")
    enregistrer(facture=ancienne, recu=recu("30.00"))
    nouvelle = creer(saisie=saisie(eau, redevable, "20.00"), remplace=ancienne, motif="Nombre de repas erroné")
    assert (lire(ancienne).statut, ancienne.remplacante) == (Statut.PUBLIEE, None)
    with pytest.raises(Conflit), transaction.atomic():
        creer(saisie=saisie(eau, redevable, "25.00"), remplace=ancienne, motif="Deux fois")
    assert publier(factures=[nouvelle]) == 1
    relue = lire(ancienne)
    assert (relue.statut, relue.motif_annulation, relue.remplacante) == ("annulee", "Nombre de repas erroné", nouvelle)
    assert (relue.recu, solde(nouvelle)) == (Decimal(0), ("0.00", "10.00"))
    sens = [(r.sens, r.moyen, r.montant) for r in Reglement.objects.filter(moyen=Moyen.REPORT).order_by("pk")]
    assert sens == [("remboursement", "report", Decimal("30.00")), ("encaissement", "report", Decimal("30.00"))]


def test_une_facture_en_cours_de_paiement_ne_change_pas(eau, redevable, ada):
    facture = publiee(eau, redevable, date_limite_en_ligne=date.today())
    part = en_paiement(facture, ada)
    nouvelle = creer(saisie=saisie(eau, redevable), remplace=facture, motif="Erreur")
    essais = (
        annuler(factures=[facture], motif="x"),
        mettre_en_attente(factures=[facture], motif="x"),
        prolonger(factures=[facture], jusqu_au=date.today() + timedelta(days=9)),
        publier(factures=[nouvelle]),
    )
    assert essais == (0, 0, 0, 0)
    assert enregistrer(facture=facture, recu=recu("1.00")) is True  # l'argent reçu, lui, ne se refuse pas
    type(part).objects.update(ouverte=False)
    assert annuler(factures=[facture], motif="x") == 1


@pytest.mark.parametrize("acte", [mettre_en_attente, annuler])
def test_un_acte_que_lit_l_habitant_a_un_motif(facture, acte):
    with pytest.raises(ValueError, match="a un motif"):
        acte(factures=[facture], motif="  ")


# L'argent.


@pytest.mark.sqlite
def test_le_meme_argent_n_entre_qu_une_fois_sauf_s_il_a_ete_repris(facture):
    assert [enregistrer(facture=facture, recu=recu("43.11")) for _ in range(2)] == [True, False]
    assert enregistrer(facture=facture, recu=recu("43.11", reference="chèque 2")) is True
    premier = facture.reglements.order_by("pk").first()
    assert [rejeter(reglement=premier, motif="Sans provision") for _ in range(2)] == [True, False]
    assert solde(facture) == ("200.00", "0.00")
    assert [enregistrer(facture=facture, recu=recu("43.11")) for _ in range(2)] == [True, False]
    assert solde(facture) == ("156.89", "0.00")


@pytest.mark.sqlite
def test_on_ne_rend_jamais_plus_qu_il_n_a_ete_recu(facture):
    enregistrer(facture=facture, recu=recu("253.11"))
    assert solde(facture) == ("0.00", "10.00")
    with pytest.raises(ReglementImpossible):
        rembourser(facture=facture, recu=recu("253.12"), motif="x")
    assert [rembourser(facture=facture, recu=recu("10.00"), motif="Payée deux fois") for _ in range(2)] == [True, False]
    assert solde(facture) == ("0.00", "0.00")


@pytest.mark.sqlite
def test_un_rejet_tardif_apres_un_remboursement_rend_la_facture_due_jamais_plus(facture):
    for reference in "12":
        enregistrer(facture=facture, recu=recu("300.00", reference=reference))
    rembourser(facture=facture, recu=recu("356.89"), motif="Payée deux fois")
    premier, second = facture.reglements.filter(sens=Sens.ENCAISSEMENT).order_by("pk")
    assert [rejeter(reglement=premier, motif="Impayé") for _ in range(2)] == [True, False]
    assert (premier.reprise.montant, solde(facture)) == (Decimal("243.11"), ("243.11", "0.00"))
    with pytest.raises(ReglementImpossible):
        rejeter(reglement=second, motif="Impayé")
    enregistrer(facture=facture, recu=recu("356.89", reference="rapporté"))  # la personne rend ce qu'on lui avait rendu
    assert rejeter(reglement=second, motif="Impayé") is True
    assert solde(facture) == ("186.22", "0.00")


def test_la_base_refuse_une_reprise_qui_n_est_pas_un_rejet(facture):
    enregistrer(facture=facture, recu=recu("1.00"))
    with pytest.raises(Exception, match="reglement_repris_par_un_rejet"), transaction.atomic():
        Reglement.objects.create(
            facture=facture, collectivite=facture.collectivite, montant=1, moyen="cheque", origine="x",
            recu_le=timezone.now(), reprend=facture.reglements.get(),
        )  # fmt: skip


class DesFactures(RuleBasedStateMachine):
    """Deux agents, un guichet, une banque : n'importe quelle suite garde le compte au centime."""

    monde: SimpleNamespace

    def __init__(self):
        super().__init__()
        self.essai = transaction.atomic()
        self.essai.__enter__()
        self.rangs, self.entre = count(1), Decimal(0)
        publiee(self.monde.eau, self.monde.redevable, "243.11")

    def teardown(self):
        transaction.set_rollback(True)
        self.essai.__exit__(None, None, None)

    # Une seule règle : hypothesis en écarte au hasard la moitié, et il en faut plusieurs pour une vie entière.
    @rule(geste=st.sampled_from(["ecrire", "corriger", "publier", "encaisser", "encaisser", "rejeter", "rendre",
                                 "annuler", "remplacer", "attendre"]), data=st.data())  # fmt: skip
    def arrive(self, geste, data):
        def tirer(valeurs):
            return data.draw(st.sampled_from(list(valeurs)))

        getattr(self, geste)(tirer(Facture.objects.order_by("pk")), tirer)

    def saisie(self, tirer):
        montants = tirer([("10.00", "0.01"), ("99999.99", "-0.98"), ("57.60",)])
        return saisie(self.monde.eau, self.monde.redevable, *montants)

    def ecrire(self, _facture, tirer):
        creer(saisie=self.saisie(tirer))

    def corriger(self, facture, tirer):
        ecrite = self.saisie(tirer)
        if facture.statut == Statut.BROUILLON:
            corriger(facture=facture, saisie=ecrite, version=facture.version)
        else:
            with pytest.raises(Conflit):
                corriger(facture=facture, saisie=ecrite, version=facture.version)

    def publier(self, facture, _tirer):
        assert publier(factures=[facture]) == (facture.statut == Statut.BROUILLON)

    def encaisser(self, facture, tirer):
        if facture.statut != Statut.BROUILLON:
            argent = recu(tirer(["0.01", "10.00", "300.00"]), reference=str(next(self.rangs)))
            assert enregistrer(facture=facture, recu=argent) is True
            self.entre += argent.montant

    def rejeter(self, facture, _tirer):
        for reglement in facture.reglements.filter(sens=Sens.ENCAISSEMENT).exclude(moyen=Moyen.REPORT)[:1]:
            try:
                avant = facture.recu
                attendu = min(reglement.montant, avant) * (not hasattr(reglement, "reprise"))
                assert rejeter(reglement=reglement, motif="Impayé") == bool(attendu)
                self.entre -= attendu
            except ReglementImpossible:
                assert facture.recu <= 0

    def rendre(self, facture, tirer):
        if facture.recu > 0:
            somme = tirer([facture.recu, Decimal("0.01")])
            argent = recu(str(somme), reference=str(next(self.rangs)))
            self.entre -= somme * rembourser(facture=facture, recu=argent, motif="Payée deux fois")

    def annuler(self, facture, _tirer):
        assert annuler(factures=[facture], motif="Erreur") == (facture.statut != Statut.ANNULEE)

    def remplacer(self, facture, tirer):
        if facture.statut != Statut.BROUILLON and not facture.remplacantes.exclude(statut=Statut.ANNULEE).exists():
            nouvelle = creer(saisie=self.saisie(tirer), remplace=facture, motif="Erreur")
            if tirer([True, False]):
                assert publier(factures=[nouvelle]) == 1
                assert Facture.objects.get(pk=facture.pk).recu == 0

    def attendre(self, facture, _tirer):
        mettre_en_attente(factures=[facture], motif="À vérifier") or reprendre(factures=[facture])

    @invariant()
    def chaque_facture_est_le_solde_de_ses_reglements(self):
        for facture in Facture.objects.prefetch_related("reglements", "lignes"):
            net = sum(r.montant if r.sens == Sens.ENCAISSEMENT else -r.montant for r in facture.reglements.all())
            assert facture.montant - net == facture.reste_du - facture.trop_percu
            assert sum(ligne.montant for ligne in facture.lignes.all()) == facture.montant

    @invariant()
    def rien_ne_se_perd_ni_ne_se_cree_d_une_facture_a_l_autre(self):
        assert sum(facture.recu for facture in Facture.objects.all()) == self.entre

    @invariant()
    def une_facture_n_est_due_qu_une_fois(self):
        vivantes = Facture.objects.filter(statut=Statut.PUBLIEE, remplace__statut=Statut.PUBLIEE)
        assert not vivantes.exists()


@pytest.mark.sqlite
def test_aucune_suite_de_gestes_ne_perd_un_centime(eau, redevable):
    machine = type("DesFacturesIci", (DesFactures,), {"monde": SimpleNamespace(eau=eau, redevable=redevable)})
    phases = [Phase.explicit, Phase.reuse, Phase.generate]
    essais = settings(max_examples=40, stateful_step_count=12, deadline=None, derandomize=True, phases=phases)
    run_state_machine_as_test(machine, settings=essais)


# Deux personnes au même instant.

courses = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite n'a qu'un écrivain : rien à courir.")


def corriger_a_deux(eau, redevable, monkeypatch, *, verrou):
    facture = brouillon(eau, redevable)
    avant(monkeypatch, services_de_saisie, "_enregistrer", RendezVous(2, verrou=verrou).attendre)

    def course(montant):
        def agir():
            return corriger(
                facture=facture, saisie=saisie(eau, redevable, montant, numero=facture.numero), version=facture.version
            )

        return agir

    return facture, ensemble(course("10.00"), course("20.00"))


@courses
@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_deux_agents_corrigent_le_meme_brouillon_le_second_l_apprend(eau, redevable, monkeypatch):
    facture, issues = corriger_a_deux(eau, redevable, monkeypatch, verrou=True)
    assert [type(issue) for issue in issues if issue] == [Conflit]
    assert Facture.objects.get(pk=facture.pk).version == facture.version + 1


@courses
@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_temoin_sans_verrou_le_second_ecrase_le_premier_sans_le_savoir(eau, redevable, monkeypatch):
    sans_verrous(monkeypatch)
    _facture, issues = corriger_a_deux(eau, redevable, monkeypatch, verrou=False)
    assert Conflit not in {type(issue) for issue in issues}
