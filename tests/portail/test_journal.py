"""Le journal : ce qui arrive y est, sans rien de personnel ; la base refuse d'y toucher ; un sceau le prouve."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import factories
import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import Error, connection, transaction
from django.utils import timezone
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from comptes.models import ChoixEnvoi
from factures.etats import Moyen
from factures.models import ConfirmationReglement, Reglement
from factures.services import annuler, encaisser, marquer
from paiement_tipi.etats import EtatPaiement
from paiement_tipi.models import Paiement
from paiement_tipi.services.transitions import passer
from portail import ajout_seul, journal
from portail.models import Journal, Sceau

pytestmark = pytest.mark.sqlite


@pytest.fixture
def reglement(facture):
    encaisser(facture=facture, montant=Decimal("100.00"), moyen=Moyen.CARTE, origine="test", recu_le=timezone.now())
    regle = Reglement.objects.get()
    ConfirmationReglement.objects.create(reglement=regle, collectivite=regle.collectivite, cle="essai")
    return regle


def refuse(ordre: str, *parametres: object) -> bool:
    """Vrai si la base refuse cet ordre SQL, qui ne laisse de toute façon rien."""
    try:
        with transaction.atomic(), connection.cursor() as curseur:
            curseur.execute(ordre, parametres)
            transaction.set_rollback(True)
    except Error as erreur:
        return ajout_seul.MESSAGE in str(erreur)
    return False


@pytest.fixture
def transition(facture, ada):
    paiement = Paiement.objects.create(
        collectivite=facture.collectivite,
        contrat=facture.regie.contrat_tipi,
        usager=ada,
        formulaire=uuid4(),
        montant=facture.montant,
    )
    passer(paiement, vers=EtatPaiement.ECHOUE, cause="test", maintenant=timezone.now())


@pytest.fixture
def choix(facture):
    ChoixEnvoi.objects.create(
        collectivite=facture.collectivite, redevable=facture.redevable, mode="papier", moyen="service"
    )


@pytest.fixture
def piece(facture, ada):
    message = factories.demande(ada, facture.collectivite).messages.get()
    message.pieces.create(
        collectivite=facture.collectivite, nom="a.pdf", genre="application/pdf", taille=1, fichier="a"
    )


@pytest.mark.parametrize("table", ajout_seul.tables())
def test_la_base_refuse_de_changer_ou_d_effacer(reglement, transition, choix, piece, table):
    sceller_tout()
    assert lignes(table) > 0
    assert refuse(f"UPDATE {table} SET id = id")
    assert refuse(f"DELETE FROM {table}") is (table not in ajout_seul.effacables())


def lignes(table: str) -> int:
    with connection.cursor() as curseur:
        curseur.execute(f"SELECT count(*) FROM {table}")
        return curseur.fetchone()[0]


def test_les_tables_ou_l_on_ne_fait_qu_ajouter_sont_celles_ci():
    assert ajout_seul.tables() == [
        "comptes_choixenvoi",
        "contact_message",
        "contact_piecejointe",
        "factures_confirmationreglement",
        "factures_reglement",
        "paiement_tipi_transitionpaiement",
        "portail_journal",
        "portail_sceau",
    ]


def test_sans_les_declencheurs_la_meme_retouche_passe(reglement):
    with ajout_seul.levee():
        assert not refuse("UPDATE portail_journal SET action = 'autre'")
    assert refuse("UPDATE portail_journal SET action = 'autre'")


def test_un_encaissement_est_note_en_centimes_sans_rien_de_personnel(reglement, facture, ada):
    entree = Journal.objects.get(action="reglement.encaisse")
    assert (entree.objet, entree.identifiant, entree.collectivite) == (
        "factures.facture",
        str(facture.uuid),
        facture.collectivite_id,
    )
    assert entree.avant == {"reste_du": 24311, "trop_percu": 0}
    recu = {"montant": 10000, "moyen": "carte", "origine": "test"}
    assert entree.apres == {"reste_du": 14311, "trop_percu": 0, **recu}


def test_le_fait_disparait_avec_l_acte_annule(facture):
    with transaction.atomic():
        annuler(factures=[facture], motif="Erreur")
        transaction.set_rollback(True)
    assert list(Journal.objects.all()) == []


def test_une_marque_n_est_notee_que_si_elle_change(facture, ada):
    for reglee in (True, True, False, False):
        marquer(facture=facture, usager=ada, reglee=reglee)
    faits = list(Journal.objects.order_by("pk").values_list("action", "acteur"))
    assert faits == [("facture.marquee", ada.pk), ("facture.demarquee", ada.pk)]


def test_connexion_et_deconnexion_ont_leur_auteur_leur_commune_et_leur_requete(boe, ada, client):
    identifiants = {"login": ada.email, "password": "faux"}
    client.post("/connexion/", identifiants, headers={"host": "localhost"})
    identifiants["password"] = factories.MOT_DE_PASSE
    client.post("/connexion/", identifiants, headers={"host": "localhost"})
    client.post("/deconnexion/", headers={"host": "localhost"})
    faits = list(Journal.objects.order_by("pk").values_list("action", "acteur", "collectivite"))
    assert faits == [
        ("connexion.refusee", None, boe.pk),
        ("connexion.ouverte", ada.pk, boe.pk),
        ("connexion.fermee", ada.pk, boe.pk),
    ]
    requetes = set(Journal.objects.values_list("correlation", flat=True))
    assert len(requetes) == 3
    assert all(len(requete) == 36 for requete in requetes)


def sceller_tout() -> int:
    with time_machine.travel(timezone.now() + journal.DELAI_AVANT_SCEAU + timedelta(seconds=1)):
        return journal.sceller()


def test_une_entree_recente_n_est_pas_scellee_elle_l_est_ensuite_et_une_seule_fois(reglement):
    assert journal.sceller() == 0
    assert sceller_tout() == Journal.objects.count()
    assert sceller_tout() == 0
    assert journal.verifier() == []


def test_les_sceaux_se_suivent(facture, ada):
    for reglee in (True, False, True):
        marquer(facture=facture, usager=ada, reglee=reglee)
        sceller_tout()
    sceaux = list(Sceau.objects.order_by("pk"))
    assert [s.precedent for s in sceaux] == ["", sceaux[0].empreinte, sceaux[1].empreinte]
    assert journal.verifier() == []


@pytest.mark.parametrize(
    "retouche",
    [
        "UPDATE portail_journal SET action = 'autre' WHERE id = (SELECT min(id) FROM portail_journal)",
        "DELETE FROM portail_journal WHERE id = (SELECT min(id) FROM portail_journal)",
        "UPDATE portail_journal SET apres = NULL",
    ],
)
def test_une_retouche_d_une_plage_scellee_se_voit(reglement, facture, ada, retouche):
    marquer(facture=facture, usager=ada, reglee=True)
    sceller_tout()
    with ajout_seul.levee(), connection.cursor() as curseur:
        curseur.execute(retouche)
    assert len(journal.verifier()) == 1
    with pytest.raises(CommandError, match="ne sont plus celles"):
        call_command("verifier_journal")


def test_retirer_les_plages_anciennes_laisse_la_chaine_intacte(facture, ada, capsys):
    marquer(facture=facture, usager=ada, reglee=True)
    sceller_tout()
    limite = timezone.now() + timedelta(hours=1)
    marquer(facture=facture, usager=ada, reglee=False)
    with time_machine.travel(limite + timedelta(hours=1)):
        journal.sceller()
    assert journal.retirer(avant=limite) == 1
    assert journal.retirer(avant=limite) == 0
    assert list(Journal.objects.order_by("pk").values_list("action", flat=True)) == [
        "facture.demarquee",
        "journal.retire",
    ]
    call_command("verifier_journal")
    assert capsys.readouterr().out == "Le journal est intact.\n"
    assert refuse("DELETE FROM portail_journal")


def test_une_plage_disparue_sans_qu_on_le_dise_se_voit(facture, ada):
    marquer(facture=facture, usager=ada, reglee=True)
    sceller_tout()
    with ajout_seul.levee():
        Journal.objects.all().delete()
    assert len(journal.verifier()) == 1


def test_le_sceau_est_aussi_dans_les_traces(reglement, caplog):
    with caplog.at_level("INFO", logger="portail.journal"):
        sceller_tout()
    assert Sceau.objects.get().empreinte in caplog.text


def test_une_entree_glissee_dans_un_trou_se_voit(reglement, facture, ada):
    # Une transaction annulée laisse un trou dans les numéros : il est dans la plage comme le reste.
    with ajout_seul.levee(), connection.cursor() as curseur:
        curseur.execute("UPDATE portail_journal SET id = id + 10")
    sceller_tout()
    assert journal.verifier() == []
    Journal.objects.create(pk=Journal.objects.get().pk - 5, action="glissee", objet="x", identifiant="1")
    assert len(journal.verifier()) == 1


def test_un_sceau_retire_rompt_la_chaine(facture, ada):
    for reglee in (True, False):
        marquer(facture=facture, usager=ada, reglee=reglee)
        sceller_tout()
    with ajout_seul.levee():
        Sceau.objects.order_by("pk").first().delete()
    assert len(journal.verifier()) == 1


RETOUCHES = {
    "action": {"action": "autre"},
    "acteur": {"acteur": -1},
    "date": {"le": datetime(2020, 1, 1, tzinfo=UTC)},
    "apres": {"apres": {"autre": 1}},
}


class Histoire(RuleBasedStateMachine):
    """Noter, sceller et retirer dans n'importe quel ordre laisse le journal intact ; une retouche scellée se voit."""

    def __init__(self):
        super().__init__()
        self.horloge = time_machine.travel(datetime(2026, 6, 15, tzinfo=UTC), tick=False)
        self.temps = self.horloge.start()
        self.essai = transaction.atomic()
        self.essai.__enter__()
        self.commune = factories.collectivite()
        self.retouchee = None

    def teardown(self):
        transaction.set_rollback(True)
        self.essai.__exit__(None, None, None)
        self.horloge.stop()

    @rule(nombre=st.integers(1, 4), apres=st.dictionaries(st.sampled_from("abé"), st.integers(0, 10**12)))
    def noter(self, nombre, apres):
        journal.noter_chacun("essai", sur=[self.commune] * nombre, apres=apres)

    @rule()
    def noter_puis_renoncer(self):
        with transaction.atomic():
            journal.noter("renonce", sur=self.commune)
            transaction.set_rollback(True)

    @rule(minutes=st.integers(0, 20))
    def sceller(self, minutes):
        self.temps.shift(timedelta(minutes=minutes))
        journal.sceller()

    @rule(minutes=st.integers(0, 60))
    def retirer(self, minutes):
        journal.retirer(avant=timezone.now() - timedelta(minutes=minutes))

    @precondition(lambda self: self.retouchee is None)
    @rule(rang=st.integers(0, 100), champ=st.sampled_from([*RETOUCHES, "effacer"]))
    def retoucher(self, rang, champ):
        dernier = Sceau.objects.order_by("-pk").first()
        scellees = Journal.objects.filter(pk__lte=dernier.dernier if dernier else 0)
        if not scellees:
            return
        self.retouchee = scellees[rang % len(scellees)].pk
        with ajout_seul.levee():
            visee = Journal.objects.filter(pk=self.retouchee)
            visee.update(**RETOUCHES[champ]) if champ in RETOUCHES else visee.delete()

    @invariant()
    def la_verification_dit_vrai(self):
        retraits = Journal.objects.filter(action=journal.RETRAIT).values_list("apres__jusqu_a", flat=True)
        retouche_en_place = self.retouchee is not None and self.retouchee > max(retraits, default=0)
        assert bool(journal.verifier()) is retouche_en_place


def test_le_journal_ne_se_falsifie_pas_en_silence(db):
    reglages = settings(max_examples=40, stateful_step_count=15, deadline=None)
    run_state_machine_as_test(Histoire, settings=reglages)
