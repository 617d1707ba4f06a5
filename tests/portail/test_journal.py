"""Le journal : ce qui arrive y est, sans rien de personnel ; la base refuse d'y toucher ; un sceau le prouve."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import factories
import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import Error, connection, transaction
from django.utils import timezone

from factures.etats import Moyen
from factures.models import Reglement
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
    return Reglement.objects.get()


def refuse(ordre: str, *parametres: object) -> bool:
    """Vrai si la base refuse cet ordre SQL."""
    try:
        with transaction.atomic(), connection.cursor() as curseur:
            curseur.execute(ordre, parametres)
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


@pytest.mark.parametrize("table", ajout_seul.tables())
def test_la_base_refuse_de_changer_ou_d_effacer(reglement, transition, table):
    sceller_tout()
    assert lignes(table) > 0
    assert refuse(f"UPDATE {table} SET id = id")
    assert refuse(f"DELETE FROM {table}")


def lignes(table: str) -> int:
    with connection.cursor() as curseur:
        curseur.execute(f"SELECT count(*) FROM {table}")
        return curseur.fetchone()[0]


def test_les_tables_ou_l_on_ne_fait_qu_ajouter_sont_celles_ci():
    assert ajout_seul.tables() == [
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


def test_une_plage_retiree_entiere_laisse_la_chaine_intacte(facture, ada, capsys):
    for reglee in (True, False):
        marquer(facture=facture, usager=ada, reglee=reglee)
        sceller_tout()
    premier = Sceau.objects.order_by("pk").first()
    with ajout_seul.levee():
        Journal.objects.filter(pk__range=(premier.premier, premier.dernier)).delete()
    call_command("verifier_journal")
    assert capsys.readouterr().out == "Le journal est intact.\n"


def test_un_sceau_retire_rompt_la_chaine(facture, ada):
    for reglee in (True, False):
        marquer(facture=facture, usager=ada, reglee=reglee)
        sceller_tout()
    with ajout_seul.levee():
        Sceau.objects.order_by("pk").first().delete()
    assert len(journal.verifier()) == 1
