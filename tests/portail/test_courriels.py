"""La file des courriels : un par clé, écrit avec son acte, composé à l'envoi, jamais perdu, jamais deux textes."""

import email
import email.policy
import json
from contextlib import suppress
from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from portail import courriels
from portail.courriels import envoi
from portail.etats import MORTS, TRANSITIONS, EtatCourriel
from portail.models import Courriel, Journal
from tests.portail.outils_courriels import ESSAI, LUNDI, Tue, deposer, en_tete, sort

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]


def lire(octets: bytes) -> email.message.EmailMessage:
    return email.message_from_bytes(octets, policy=email.policy.default)


def plus_tard(duree: timedelta) -> time_machine.travel:
    return time_machine.travel(timezone.now() + duree, tick=False)


# Déposer.


def test_le_courriel_nait_et_meurt_avec_l_acte(boe, bureau):
    with transaction.atomic():
        deposer(boe)
        transaction.set_rollback(True)
    assert (Courriel.objects.count(), DBTaskResult.objects.count()) == (0, 0)
    deposer(boe)
    assert list(DBTaskResult.objects.values_list("task_path", flat=True)) == ["portail.tasks.envoyer_les_courriels"]


def test_une_cle_n_a_qu_un_courriel_dans_sa_commune(boe, ailleurs, bureau):
    valeurs = {"sorte": ESSAI, "cle": "facture:1", "destinataire": "ada@exemple.fr", "contexte": {}}
    assert [courriels.deposer(collectivite=c, **valeurs) for c in (boe, boe, ailleurs)] == [True, False, True]
    assert DBTaskResult.objects.count() == 2


def test_une_sorte_que_personne_n_a_declaree_est_une_erreur_tout_de_suite(boe, bureau):
    with pytest.raises(KeyError):
        courriels.deposer(sorte="inconnue", cle="x", collectivite=boe, destinataire="a@b.fr", contexte={})


def test_sans_adresse_il_n_y_a_rien_a_deposer(boe, bureau):
    assert not courriels.deposer(sorte=ESSAI, cle="x", collectivite=boe, destinataire="", contexte={})
    assert not Courriel.objects.exists()


# Envoyer.


@time_machine.travel(LUNDI, tick=False)
def test_le_message_part_compose_au_moment_de_l_envoi(boe, bureau):
    courriel = deposer(boe, service="Eau & assainissement")
    assert courriel.message is None
    assert not courriels.envoyer()
    [octets] = bureau.recus
    recu = lire(octets)
    assert recu["From"] == "Ville de Boé <portail@demo.example>"
    assert recu["To"] == "ada@exemple.fr"
    assert recu["Subject"] == "Essai"
    assert recu["Message-ID"] == courriel.message_id
    assert recu["Date"] == "Mon, 23 Nov 2026 09:30:00 +0000"
    assert recu["Auto-Submitted"] == "auto-generated"
    assert [p.get_content_type() for p in recu.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert "Service : Eau & assainissement" in recu.get_body(("plain",)).get_content()
    assert "Service : Eau &amp; assainissement" in recu.get_body(("html",)).get_content()
    assert list(recu.iter_attachments()) == []


def test_une_fois_parti_il_ne_reste_ni_texte_ni_jeton(boe, bureau):
    courriel = deposer(boe)
    courriels.envoyer()
    courriel.refresh_from_db()
    assert (courriel.etat, courriel.message, courriel.prochain_essai) == ("envoye", None, None)
    assert courriel.clos_le is not None
    fait = Journal.objects.get(action="courriel.envoye")
    assert (fait.collectivite, fait.apres) == (boe.pk, {"etat": "envoye", "sorte": ESSAI, "essais": 1})
    assert "ada" not in json.dumps(fait.apres)


def test_trente_jours_apres_l_adresse_est_oubliee_et_la_trace_reste(boe, bureau):
    deposer(boe, "essai:1", facture="f-1")
    courriels.envoyer()
    deposer(boe, "essai:2")
    with plus_tard(timedelta(days=29)):
        assert courriels.oublier(timezone.now()) == 0
    with plus_tard(timedelta(days=31)):
        assert courriels.oublier(timezone.now()) == 1
        assert courriels.oublier(timezone.now()) == 0
    vieux, attend = Courriel.objects.order_by("pk")
    assert (vieux.destinataire, vieux.contexte, vieux.cle, vieux.etat) == ("", {}, "essai:1", "envoye")
    assert attend.destinataire == "ada@exemple.fr"


def test_ils_partent_dans_l_ordre_par_une_seule_connexion(boe, bureau):
    for rang in range(5):
        deposer(boe, f"essai:{rang}", a=f"p{rang}@exemple.fr")
    courriels.envoyer()
    assert [en_tete(octets, "To") for octets in bureau.recus] == [f"p{rang}@exemple.fr" for rang in range(5)]
    assert bureau.connexions == 1


def test_rien_a_envoyer_n_ouvre_aucune_connexion(bureau):
    assert not courriels.envoyer()
    assert bureau.connexions == 0


def test_une_passe_s_arrete_et_dit_qu_il_en_reste(boe, bureau, monkeypatch):
    monkeypatch.setattr(envoi, "PAR_PASSE", 2)
    for rang in range(3):
        deposer(boe, f"essai:{rang}")
    assert [courriels.envoyer(), courriels.envoyer()] == [True, False]
    assert len(bureau.recus) == 3


def test_une_passe_trop_longue_laisse_la_place_aux_autres_taches(boe, bureau, monkeypatch):
    monkeypatch.setattr(envoi, "PASSE_SECONDES", -1)
    deposer(boe)
    assert courriels.envoyer()
    assert bureau.recus == []


def test_devenu_sans_objet_il_ne_part_pas(boe, bureau):
    deposer(boe, sans_objet=True)
    courriels.envoyer()
    assert (bureau.recus, sort()) == ([], ("sans-objet", 1, ""))


@pytest.mark.parametrize(
    "adresse",
    ["ada", "ada@exemple.fr\r\nBcc: x@y.fr", "ada@exemple.fr, bob@exemple.fr", '"Mairie" <ada@exemple.fr>'],
)
def test_une_adresse_impossible_meurt_a_l_envoi_sans_gener_personne(boe, bureau, adresse):
    deposer(boe, "essai:1", a=adresse)
    deposer(boe, "essai:2")
    courriels.envoyer()
    assert sort("essai:1") == ("refuse", 1, "ValidationError")
    assert [en_tete(octets, "To") for octets in bureau.recus] == ["ada@exemple.fr"]


@pytest.mark.parametrize("nom", ['Mairie de "Boé", <service>', "Boé\r\nBcc: x@y.fr", "Ville de Boé"])
def test_le_nom_de_la_commune_ne_change_pas_l_en_tete(boe, bureau, nom):
    type(boe).objects.update(nom=nom)
    deposer(boe)
    courriels.envoyer()
    recu = lire(bureau.recus[0])
    assert (recu["From"].addresses[0].display_name, recu["Bcc"]) == (" ".join(nom.split()), None)
    assert recu["From"].addresses[0].addr_spec == "portail@demo.example"


# Les échecs.


@pytest.mark.parametrize(
    ("humeur", "erreur"),
    [
        ("plus tard", "SMTPRecipientsRefused 451"),
        ("trop", "SMTPDataError 452"),
        ("expéditeur refusé", "SMTPSenderRefused 550"),
        ("coupe", "SMTPServerDisconnected"),
        ("accepte puis coupe", "TimeoutError"),
    ],
)
def test_un_echec_passager_attend_puis_repart_le_meme(boe, bureau, humeur, erreur):
    bureau.humeurs = [humeur]
    deposer(boe)
    courriels.envoyer()
    assert sort() == ("a-envoyer", 1, erreur)
    courriels.envoyer()
    assert sort()[1] == 1
    with plus_tard(timedelta(seconds=61)):
        courriels.envoyer()
    assert sort()[:2] == ("envoye", 2)
    assert len(set(bureau.recus)) == 1


@pytest.mark.parametrize(
    ("humeur", "erreur"), [("inconnu", "SMTPRecipientsRefused 550"), ("indésirable", "SMTPDataError 554")]
)
def test_un_refus_definitif_meurt_tout_de_suite_et_se_voit(boe, ailleurs, bureau, humeur, erreur):
    bureau.humeurs = [humeur]
    deposer(boe, "essai:1")
    deposer(ailleurs, "essai:2")
    courriels.envoyer()
    assert sort("essai:1") == ("refuse", 1, erreur)
    assert sort("essai:2") == ("envoye", 1, "")
    assert [c.cle for c in Courriel.objects.morts()] == ["essai:1"]
    assert Journal.objects.filter(action="courriel.refuse").count() == 1


def test_les_essais_durent_plus_de_vingt_quatre_heures_puis_le_courriel_est_abandonne(boe, bureau):
    bureau.humeurs = ["plus tard"] * 100
    depart = deposer(boe).cree_le
    with time_machine.travel(depart, tick=False) as temps:
        while (attente := Courriel.objects.get()).etat == EtatCourriel.A_ENVOYER:
            temps.move_to(attente.prochain_essai)
            courriels.envoyer()
        duree = timezone.now() - depart
    assert timedelta(hours=24) <= duree <= timedelta(hours=27)
    assert sort() == ("abandonne", envoi.ESSAIS, "SMTPRecipientsRefused 451")


def test_un_courriel_qui_tue_ses_ouvriers_finit_par_etre_abandonne(boe, bureau):
    deposer(boe)
    for essais, etat in ((envoi.ESSAIS - 1, "a-envoyer"), (envoi.ESSAIS, "abandonne")):
        bureau.humeurs = ["tué avant"]
        Courriel.objects.update(essais=essais, prochain_essai=timezone.now())
        with suppress(Tue):
            courriels.envoyer()
        assert sort()[:2] == (etat, essais + 1)
    assert bureau.recus == []


def test_une_sorte_fautive_n_arrete_pas_les_autres_et_ne_dit_rien_dans_l_erreur(boe, bureau, caplog):
    deposer(boe, "essai:1", faute="secret")
    deposer(boe, "essai:2")
    courriels.envoyer()
    assert sort("essai:1") == ("a-envoyer", 1, "ZeroDivisionError")
    assert sort("essai:2") == ("envoye", 1, "")
    assert [m for m in caplog.messages if "rédaction impossible" in m] != []


def test_la_connexion_perdue_arrete_la_passe_sans_couter_d_essai_aux_autres(boe, bureau):
    bureau.humeurs = ["coupe"]
    deposer(boe, "essai:1")
    deposer(boe, "essai:2")
    assert not courriels.envoyer()
    assert sort("essai:2") == ("a-envoyer", 0, "")


@pytest.mark.parametrize("heures", [1, 6])
def test_un_serveur_muet_des_heures_ne_perd_rien_ne_double_rien_et_garde_l_ordre(boe, bureau, heures, caplog):
    bureau.ouvert = False
    with time_machine.travel(LUNDI, tick=False) as temps:
        for passe in range(60):
            if passe % 10 == 0:
                deposer(boe, f"essai:{passe}", a=f"p{passe}@exemple.fr")
            assert not courriels.envoyer()
            temps.shift(60 * heures)
        assert set(Courriel.objects.values_list("etat", "essais", "message")) == {("a-envoyer", 0, None)}
        assert Courriel.objects.en_retard(timezone.now()).count() > 0
        bureau.ouvert = True
        temps.shift(30)
        while courriels.envoyer():
            pass
    assert [en_tete(o, "To") for o in bureau.recus] == [f"p{n}@exemple.fr" for n in range(0, 60, 10)]
    assert set(Courriel.objects.values_list("etat", "essais", "message")) == {("envoye", 1, None)}


def test_un_serveur_muet_n_est_essaye_qu_une_fois_par_pause(boe, bureau, caplog):
    bureau.ouvert = False
    deposer(boe)
    for _ in range(5):
        courriels.envoyer()
    assert bureau.connexions == 1
    with plus_tard(timedelta(seconds=31)):
        courriels.envoyer()
    assert bureau.connexions == 2


@pytest.mark.parametrize("moment", ["tué avant", "tué après"])
def test_tue_pendant_l_envoi_il_repart_apres_le_bail_avec_les_memes_octets(boe, bureau, moment):
    bureau.humeurs = [moment]
    deposer(boe)
    with pytest.raises(Tue):
        courriels.envoyer()
    garde = Courriel.objects.get().message
    courriels.envoyer()
    assert sort()[:2] == ("a-envoyer", 1)
    with plus_tard(envoi.BAIL + timedelta(seconds=1)):
        courriels.envoyer()
    assert sort()[:2] == ("envoye", 2)
    assert (len(bureau.recus), len(set(bureau.recus))) == (2 if moment == "tué après" else 1, 1)
    assert garde["texte"] in bureau.recus[0].decode().replace("\r\n", "\n")


def test_temoin_sans_le_message_garde_le_second_envoi_dirait_autre_chose(boe, bureau):
    bureau.humeurs = ["tué après"]
    deposer(boe)
    with pytest.raises(Tue):
        courriels.envoyer()
    Courriel.objects.update(message=None)
    with plus_tard(envoi.BAIL + timedelta(seconds=1)):
        courriels.envoyer()
    assert len(set(bureau.recus)) == 2


def test_composer_trop_longtemps_perd_le_bail_et_ne_part_pas(boe, bureau, monkeypatch):
    deposer(boe)

    def rediger(courriel):
        Courriel.objects.update(essais=2, prochain_essai=timezone.now())  # un autre l'a pris entre-temps
        return {}

    monkeypatch.setattr(envoi, "rediger", rediger)
    courriels.envoyer()
    assert (bureau.recus, Courriel.objects.get().message) == ([], None)


# Relancer.


def test_un_agent_relance_un_mort_et_c_est_un_nouveau_message(boe, bureau):
    bureau.humeurs = ["inconnu"]
    mort = deposer(boe)
    courriels.envoyer()
    mort.refresh_from_db()
    assert [courriels.relancer(mort), courriels.relancer(mort)] == [True, False]
    courriels.envoyer()
    assert sort()[:2] == ("envoye", 1)
    assert en_tete(bureau.recus[0], "Message-ID") != mort.message_id
    assert Journal.objects.get(action="courriel.relance").avant == {"etat": "refuse"}


def test_un_mort_dont_l_adresse_est_oubliee_ne_se_relance_pas(boe, bureau):
    bureau.humeurs = ["inconnu"]
    mort = deposer(boe)
    courriels.envoyer()
    courriels.oublier(timezone.now() + timedelta(days=31))
    assert not courriels.relancer(mort)


# Les états et la base.


def test_chaque_etat_a_ses_suites_et_seuls_les_morts_repartent():
    assert set(TRANSITIONS) == set(EtatCourriel)
    assert {etat for etat, suites in TRANSITIONS.items() if EtatCourriel.A_ENVOYER in suites} == MORTS


@pytest.mark.parametrize("de", EtatCourriel)
def test_seul_un_courriel_a_envoyer_se_clot(boe, bureau, de):
    courriel = deposer(boe)
    if de != EtatCourriel.A_ENVOYER:
        envoi.clore(courriel, vers=de)
    assert envoi.clore(courriel, vers=EtatCourriel.ENVOYE) is (de == EtatCourriel.A_ENVOYER)


@pytest.mark.parametrize(
    ("champs", "contrainte"),
    [
        ({"etat": "inconnu"}, "courriel_"),
        ({"etat": "envoye"}, "courriel_en_attente_ou_clos"),
        ({"prochain_essai": None}, "courriel_en_attente_ou_clos"),
        (
            {"etat": "envoye", "clos_le": LUNDI, "prochain_essai": None, "message": {"texte": "jeton"}},
            "courriel_clos_sans_message",
        ),
        ({"destinataire": ""}, "courriel_a_envoyer_a_quelqu_un"),
    ],
)
def test_la_base_refuse_ce_qui_ne_doit_jamais_arriver(boe, bureau, champs, contrainte):
    deposer(boe)
    with pytest.raises(IntegrityError, match=contrainte), transaction.atomic():
        Courriel.objects.update(**champs)


def test_la_pause_ne_survit_pas_au_serveur_revenu(boe, bureau, caplog):
    bureau.ouvert = False
    deposer(boe)
    courriels.envoyer()
    cache.clear()
    bureau.ouvert = True
    courriels.envoyer()
    assert sort()[0] == "envoye"
