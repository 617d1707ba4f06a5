"""Un compte qui ne sert plus : prévenu une fois à vingt-trois mois, fermé à vingt-quatre ; revenir annule tout."""

from datetime import UTC, datetime, timedelta

import factories
import pytest
import time_machine

from comptes import tasks
from comptes.models import Usager, decaler
from comptes.services import inactivite
from portail.models import Affectation, Courriel, Journal, Role
from portail.registre import periodiques
from tests.comptes.outils_fermeture import sans_papier, tentative
from tests.comptes.outils_messages import relever

pytestmark = pytest.mark.sqlite

VENU = datetime(2026, 11, 26, 9, tzinfo=UTC)
JOUR = timedelta(days=1)
MOIS_23, MOIS_24 = decaler(VENU, 23), decaler(VENU, 24)


@pytest.fixture
def dormeur(boe, ada, facture) -> Usager:
    """Ada, venue une dernière fois."""
    Usager.objects.filter(pk=ada.pk).update(last_login=VENU, courriel_confirme_le=VENU - JOUR)
    ada.refresh_from_db()
    return ada


def passer(instant: datetime) -> None:
    """Les tâches de ce jour-là."""
    with time_machine.travel(instant, tick=False):
        tasks.prevenir_les_inactifs.call()
        tasks.fermer_les_inactifs.call()


def sort(usager: Usager) -> str:
    usager = Usager.objects.get(pk=usager.pk)
    return "fermé" if usager.ferme_le else "prévenu" if usager.prevenu_le else "tranquille"


def avis() -> list[str]:
    return list(Courriel.objects.filter(sorte=inactivite.COURRIEL).values_list("destinataire", flat=True))


@pytest.mark.parametrize(
    ("instant", "mois", "attendu"),
    [
        (datetime(2027, 3, 31, tzinfo=UTC), -1, datetime(2027, 2, 28, tzinfo=UTC)),
        (datetime(2028, 3, 31, tzinfo=UTC), -1, datetime(2028, 2, 29, tzinfo=UTC)),
        (datetime(2028, 2, 29, tzinfo=UTC), -24, datetime(2026, 2, 28, tzinfo=UTC)),
        (datetime(2027, 1, 1, tzinfo=UTC), -23, datetime(2025, 2, 1, tzinfo=UTC)),
        (datetime(2026, 11, 26, tzinfo=UTC), 24, datetime(2028, 11, 26, tzinfo=UTC)),
    ],
)
def test_les_mois_sont_ceux_du_calendrier(instant, mois, attendu):
    assert decaler(instant, mois) == attendu


def test_les_deux_taches_passent_chaque_jour():
    noms = {f"comptes.tasks.{nom}" for nom in ("prevenir_les_inactifs", "fermer_les_inactifs")}
    assert {p.tache: p.secondes() for p in periodiques() if p.tache in noms} == dict.fromkeys(noms, 24 * 3600)


def test_vingt_deux_vingt_trois_vingt_quatre_mois(dormeur):
    suite = [
        (decaler(VENU, 22), "tranquille", 0),
        (MOIS_23 - timedelta(seconds=1), "tranquille", 0),
        (MOIS_23, "prévenu", 1),
        (MOIS_23 + JOUR, "prévenu", 1),
        (MOIS_24 - timedelta(seconds=1), "prévenu", 1),
        (MOIS_24, "fermé", 1),
        (MOIS_24 + 400 * JOUR, "fermé", 1),
    ]
    for instant, attendu, partis in suite:
        passer(instant)
        passer(instant)  # deux planificateurs, ou une tâche reprise
        assert (instant, sort(dormeur), len(avis())) == (instant, attendu, partis)
    assert avis() == ["ada@exemple.fr"]
    faits = Journal.objects.filter(action__startswith="compte.").order_by("pk")
    assert [(f.action, f.acteur, f.apres) for f in faits] == [
        ("compte.prevenu", None, None),
        ("compte.efface", None, {"fermeture": "inactivite"}),
    ]


@pytest.mark.parametrize(("apres", "attendu"), [(timedelta(days=30), "fermé"), (timedelta(days=29), "prévenu")])
def test_prevenu_tard_il_a_encore_trente_jours(dormeur, apres, attendu):
    tard = MOIS_24 + 100 * JOUR  # les tâches n'ont pas tourné depuis longtemps
    passer(tard)
    assert sort(dormeur) == "prévenu"
    passer(tard + apres)
    assert sort(dormeur) == attendu


def test_se_reconnecter_annule_tout_et_le_prochain_avis_est_un_autre(boe, dormeur, connecter):
    passer(MOIS_23)
    with time_machine.travel(MOIS_24 - JOUR, tick=False):
        connecter(dormeur, chez=boe)
    passer(MOIS_24)
    passer(MOIS_24 + 300 * JOUR)
    assert Usager.objects.get(pk=dormeur.pk).is_active
    encore = decaler(MOIS_24 - JOUR, 23)
    passer(encore)
    assert len(avis()) == 2
    passer(encore + 29 * JOUR)
    assert sort(dormeur) == "prévenu"
    passer(max(decaler(MOIS_24 - JOUR, 24), encore + 30 * JOUR))
    assert sort(dormeur) == "fermé"


def test_l_avis_dit_depuis_quand_le_jour_et_comment_garder_son_compte(boe, dormeur):
    with time_machine.travel(MOIS_23, tick=False):
        inactivite.prevenir_les_inactifs()
        [message] = relever()
    corps = " ".join(message.body.split())
    assert message.subject == "Votre compte va être fermé"
    assert "n'a pas servi depuis le 26 novembre 2026" in corps
    assert "il sera fermé le 26 novembre 2028" in corps
    assert f"{boe.adresse}/connexion/" in corps


def test_revenu_avant_que_l_avis_ne_parte_il_ne_le_recoit_pas(boe, dormeur, connecter):
    with time_machine.travel(MOIS_23, tick=False) as horloge:
        inactivite.prevenir_les_inactifs()
        horloge.shift(60)
        connecter(dormeur, chez=boe)
        assert relever() == []


def test_un_lien_recu_par_courriel_est_aussi_un_signe(dormeur):
    Usager.objects.filter(pk=dormeur.pk).update(courriel_confirme_le=VENU + 300 * JOUR)
    passer(MOIS_24 + 200 * JOUR)
    assert sort(dormeur) == "tranquille"


def test_jamais_active_il_attend_sans_etre_inactif(boe):
    importe = factories.usager(password=None)
    neuf = factories.usager(courriel_confirme_le=VENU)  # son lien a servi, il ne s'est jamais connecté
    passer(MOIS_23)
    passer(MOIS_24)
    assert [sort(importe), sort(neuf)] == ["tranquille", "fermé"]


def test_jamais_un_agent_meme_suspendu_ni_l_exploitant_ni_un_compte_bloque(boe, dormeur):
    vu = {"last_login": VENU}
    agent, suspendu, ancien = (factories.usager(is_staff=staff, **vu) for staff in (True, False, False))
    Affectation.objects.create(usager=agent, collectivite=boe, role=Role.LECTURE)
    Affectation.objects.create(
        usager=suspendu, collectivite=boe, role=Role.LECTURE, suspendue_le=VENU, depuis=VENU, motif="Congé"
    )
    exploitant, bloque = factories.usager(is_superuser=True, **vu), factories.usager(is_active=False, **vu)
    for instant in (MOIS_23, MOIS_24, MOIS_24 + 100 * JOUR):
        passer(instant)
    assert [sort(u) for u in (agent, suspendu, exploitant, bloque)] == ["tranquille"] * 4
    assert [sort(u) for u in (ancien, dormeur)] == ["fermé"] * 2


def test_un_paiement_en_cours_le_retient_jusqu_au_lendemain_sans_retenir_les_autres(dormeur, facture, caplog):
    autre = factories.usager(last_login=VENU)
    paiement = tentative(facture, dormeur)
    passer(MOIS_23)
    with caplog.at_level("INFO"):
        passer(MOIS_24)
    assert [sort(dormeur), sort(autre)] == ["prévenu", "fermé"]
    assert "comptes inactifs : 1 fermés, 1 retenus" in caplog.messages
    type(paiement).objects.update(etat="echoue")
    passer(MOIS_24 + JOUR)
    assert sort(dormeur) == "fermé"


def test_le_papier_revient_et_la_personne_l_apprend(boe, dormeur, facture):
    with time_machine.travel(VENU, tick=False):
        sans_papier(dormeur, facture.redevable)
    passer(MOIS_23)
    passer(MOIS_24)
    facture.redevable.refresh_from_db()
    assert facture.redevable.mode_envoi == "papier"
    with time_machine.travel(MOIS_24, tick=False):
        [message] = [m for m in relever() if m.subject == "Votre compte est fermé"]
    assert (message.to, "Nous vous avions prévenu" in message.body) == (["ada@exemple.fr"], True)


def test_par_paquets_chacun_une_fois(boe, dormeur, facture, monkeypatch):
    """Un compte retenu n'arrête pas la suite, et la tâche se relance tant qu'un paquet est plein."""
    monkeypatch.setattr(inactivite, "PAR_PAQUET", 2)
    lancees = []
    monkeypatch.setattr(tasks, "lancer", lambda nom, **arguments: lancees.append((nom.split(".")[-1], arguments)))
    tentative(facture, dormeur)
    autres = [factories.usager(last_login=VENU) for _ in range(3)]
    with time_machine.travel(MOIS_23, tick=False):
        assert [inactivite.prevenir_les_inactifs() for _ in range(3)] == [True, True, False]
    assert (len(avis()), len(set(avis()))) == (4, 4)
    with time_machine.travel(MOIS_24, tick=False):
        tasks.fermer_les_inactifs.call()
        assert lancees == [("fermer_les_inactifs", {"apres": autres[0].pk})]
        tasks.fermer_les_inactifs.call(apres=autres[0].pk)
        tasks.fermer_les_inactifs.call(apres=autres[2].pk)
    assert [sort(u) for u in (dormeur, *autres)] == ["prévenu", "fermé", "fermé", "fermé"]
    assert lancees[1:] == [("fermer_les_inactifs", {"apres": autres[2].pk})]


def test_un_compte_sans_commune_est_prevenu_par_celle_de_l_installation(boe, ailleurs):
    parti = factories.usager(last_login=VENU)
    d_ailleurs = factories.usager(last_login=VENU)
    factories.redevable(ailleurs, d_ailleurs)
    passer(MOIS_23)
    lettres = dict(Courriel.objects.values_list("destinataire", "collectivite"))
    assert lettres == {parti.email: boe.pk, d_ailleurs.email: ailleurs.pk}
