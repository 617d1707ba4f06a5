"""Le bureau du service : la boîte, la fiche et son contexte, répondre, noter, assigner, clore ; à deux agents aussi."""

import html
import re
from datetime import timedelta
from decimal import Decimal
from io import StringIO

import factories
import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from contact import services
from contact.etats import TRANSITIONS, EtatDemande, Genre
from contact.models import Demande, ReponseType
from contact.pieces import Envoi
from contact.services.fil import passer
from factures.services import encaisser
from portail.models import Affectation, Courriel, Journal, Role
from tests.comptes.outils_messages import relever
from tests.gestion.conftest import rechercher

LISTE = "/gestion/contact/demande/"
REPONSE = "Bonjour, c'est corrigé."


def lire(reponse) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", reponse.content.decode())).split())


def agir(client, demande, acte, **champs):
    return client.post(f"{LISTE}{demande.pk}/{acte}/", champs)


def repondre(client, demande, texte=REPONSE, **champs):
    envoi = {"texte": texte, "vu": services.dernier(demande), "confirmer": "", **champs}
    return agir(client, demande, "repondre", **envoi)


def relu(demande) -> Demande:
    return Demande.objects.get(pk=demande.pk)


def test_chaque_etat_a_ses_suites_et_aucun_n_est_une_impasse():
    assert set(TRANSITIONS) == set(EtatDemande)
    assert all(EtatDemande.NOUVELLE in suites for suites in TRANSITIONS.values())


@pytest.mark.parametrize("vers", EtatDemande)
def test_un_changement_d_etat_suit_la_table_et_ce_qu_on_a_lu(demande, vers):
    for depuis in EtatDemande:
        attend = timezone.now() if depuis in {"nouvelle", "en-cours"} else None
        clos = timezone.now() if depuis == "close" else None
        Demande.objects.update(etat=depuis, attend_depuis=attend, clos_le=clos)
        lue = relu(demande)
        assert passer(lue, vers=vers) is (vers in TRANSITIONS[depuis])
        if vers in TRANSITIONS[depuis] and vers != depuis:
            assert passer(lue, vers=vers) is False  # elle n'est plus telle qu'elle a été lue


@pytest.mark.sqlite
def test_la_reponse_se_relit_part_par_courriel_et_se_lit_dans_le_fil(chez_agente, chez_ada, agente, demande, ada):
    type(ada).objects.filter(pk=ada.pk).update(courriel_confirme_le=timezone.now())
    apercu = agir(chez_agente, demande, "repondre", texte=REPONSE, vu=services.dernier(demande))
    assert (apercu.status_code, f"ada@exemple.fr et lira : {REPONSE}" in lire(apercu)) == (200, True)
    assert (relu(demande).etat, Courriel.objects.count()) == ("nouvelle", 0)
    assert repondre(chez_agente, demande).status_code == 303
    lue = relu(demande)
    assert (lue.etat, lue.assignee, lue.attend_depuis) == ("repondue", agente, None)
    [courriel] = relever()
    assert (courriel.to, REPONSE in courriel.body) == (["ada@exemple.fr"], True)
    assert f"/contact/{demande.uuid}/" in courriel.body
    assert "Agente" not in courriel.body  # le service répond, et non une personne
    page = lire(chez_ada.get(f"/contact/{demande.uuid}/"))
    assert (REPONSE in page, "Réponse reçue" in page) == (True, True)
    assert [f.action for f in Journal.objects.filter(objet="contact.demande")] == ["demande.reponse"]


def test_a_une_adresse_non_prouvee_ne_part_que_le_lien(chez_agente, demande):
    repondre(chez_agente, demande)
    [courriel] = relever()
    assert (REPONSE in courriel.body, f"/contact/{demande.uuid}/" in courriel.body) == (False, True)


@pytest.mark.sqlite
def test_une_reponse_type_s_insere_a_l_apercu_et_jamais_sans_relecture(chez_agente, demande, boe, ailleurs):
    modele = ReponseType.objects.create(collectivite=boe, titre="Fuite", texte="Envoyez la facture du plombier.")
    d_ailleurs = ReponseType.objects.create(collectivite=ailleurs, titre="Ailleurs", texte="D'ailleurs.")
    complet = "Bonjour Ada,\n\nEnvoyez la facture du plombier."
    vu = services.dernier(demande)
    apercu = agir(chez_agente, demande, "repondre", texte="Bonjour Ada,", modele=modele.pk, vu=vu)
    assert f">\n{complet}</textarea>" in html.unescape(apercu.content.decode())
    assert re.search(r'<option value="" selected>Aucune', apercu.content.decode())
    direct = repondre(chez_agente, demande, "Bonjour Ada,", modele=modele.pk)
    assert "La réponse type est ajoutée à la vôtre : relisez avant d'envoyer." in lire(direct)
    assert f">\n{complet}</textarea>" in html.unescape(direct.content.decode())
    assert "Ailleurs" not in lire(apercu)
    assert repondre(chez_agente, demande, "", modele=d_ailleurs.pk).status_code == 200
    assert demande.messages.count() == 1
    assert repondre(chez_agente, demande, complet).status_code == 303
    assert demande.messages.last().texte == complet


@pytest.mark.parametrize("texte", ["", "   ", "x" * 5001, "Votre carte 4111 1111 1111 1111"])
def test_une_reponse_vide_trop_longue_ou_avec_une_carte_ne_part_pas(chez_agente, demande, texte):
    reponse = repondre(chez_agente, demande, texte)
    assert (reponse.status_code, "Il y a un problème" in lire(reponse), texte.strip() in lire(reponse)) == (
        200,
        True,
        True,
    )
    assert demande.messages.count() == 1


@pytest.mark.sqlite
def test_le_second_a_repondre_voit_que_le_fil_a_change_et_garde_son_texte(
    chez_agente, connecter, collegue, demande, boe
):
    vu, autre = services.dernier(demande), connecter(collegue, chez=boe)
    assert repondre(autre, demande, "La réponse du collègue.", vu=vu).status_code == 303
    conflit = repondre(chez_agente, demande, "Ma réponse à moi.", vu=vu)
    page = lire(conflit)
    assert conflit.status_code == 200
    for mot in ("Le fil a changé pendant que vous écriviez.", "Ma réponse à moi.", "La réponse du collègue."):
        assert mot in page
    assert demande.messages.count() == 2
    [vu] = re.findall(r'name="vu" value="(\d+)"', conflit.content.decode())
    assert repondre(chez_agente, demande, "Ma réponse à moi.", vu=vu).status_code == 303
    assert demande.messages.count() == 3


def test_un_message_de_la_personne_entre_temps_est_aussi_un_conflit(chez_agente, demande, ada, boe):
    vu = services.dernier(demande)
    demande.messages.create(collectivite=boe, genre="usager", par=ada, texte="En fait, j'ai trouvé.")
    for vieux in (vu, "", "abc"):
        page = lire(repondre(chez_agente, demande, vu=vieux))
        assert ("Le fil a changé" in page, "En fait, j'ai trouvé." in page) == (True, True)


def test_la_meme_reponse_deux_fois_ne_part_qu_une(demande, agente):
    vu = services.dernier(demande)
    faits = [services.repondre(demande=demande, auteur=agente, envoi=Envoi(REPONSE), vu=vu) for _ in range(2)]
    assert (faits, demande.messages.count(), Courriel.objects.count()) == ([True, False], 2, 1)


@pytest.mark.sqlite
def test_noter_assigner_changer_de_service_clore_rouvrir(chez_agente, collegue, demande, eau):
    assert agir(chez_agente, demande, "noter", texte="À voir avec l'école.").status_code == 303
    assert (relu(demande).etat, demande.messages.last().genre) == ("en-cours", Genre.NOTE)
    assert not Courriel.objects.exists()
    assert agir(chez_agente, demande, "assigner", agent=collegue.pk).status_code == 303
    assert agir(chez_agente, demande, "assigner", agent=collegue.pk).status_code == 200  # c'est déjà le cas
    assert agir(chez_agente, demande, "service", regie=eau.pk).status_code == 303
    assert (relu(demande).assignee, relu(demande).regie) == (collegue, eau)
    assert agir(chez_agente, demande, "rouvrir").status_code == 409
    assert agir(chez_agente, demande, "clore").status_code == 303
    assert (relu(demande).etat, relu(demande).attend_depuis) == ("close", None)
    assert agir(chez_agente, demande, "clore").status_code == 409
    assert agir(chez_agente, demande, "rouvrir").status_code == 303
    assert relu(demande).etat == "en-cours"
    assert agir(chez_agente, demande, "assigner").status_code == 303
    assert relu(demande).assignee is None
    faits = Journal.objects.filter(objet="contact.demande").order_by("pk").values_list("action", flat=True)
    assert list(faits) == [
        "demande.note", "demande.assignee", "demande.service", "demande.close", "demande.rouverte", "demande.assignee",
    ]  # fmt: skip
    historique = lire(chez_agente.get(f"{LISTE}{demande.pk}/history/"))
    assert "Demande close" in historique
    assert "Service : Ville de Boé → Eau et assainissement" in historique
    assert "école" not in historique


def test_repondre_a_une_demande_close_la_rouvre(chez_agente, demande):
    agir(chez_agente, demande, "clore")
    assert repondre(chez_agente, demande).status_code == 303
    assert (relu(demande).etat, relu(demande).clos_le) == ("repondue", None)


def test_on_n_assigne_qu_a_un_agent_de_la_commune_qui_peut_repondre(chez_agente, demande, boe, ailleurs, ada):
    d_ailleurs, lectrice, partie = (factories.usager(is_staff=True) for _ in range(3))
    Affectation.objects.create(usager=d_ailleurs, collectivite=ailleurs, role=Role.RELATION)
    Affectation.objects.create(usager=lectrice, collectivite=boe, role=Role.LECTURE)
    Affectation.objects.create(usager=partie, collectivite=boe, role=Role.RELATION)
    type(partie).objects.filter(pk=partie.pk).update(is_active=False)
    for personne in (d_ailleurs, lectrice, partie, ada):
        assert agir(chez_agente, demande, "assigner", agent=personne.pk).status_code == 200
    assert agir(chez_agente, demande, "service", regie=factories.regie(ailleurs).pk).status_code == 200
    assert (relu(demande).assignee, relu(demande).regie) == (None, None)


@pytest.mark.sqlite
def test_la_boite_met_en_tete_ce_qui_n_est_pas_lu_puis_ce_qui_attend(chez_agente, agente, ada, boe):
    jour, maintenant = timedelta(days=1), timezone.now()
    for nom, etat, age in (
        ("close", "close", 1), ("repondue", "repondue", 2), ("en cours", "en-cours", 3), ("ancienne", "nouvelle", 30),
        ("neuve", "nouvelle", 0),
    ):  # fmt: skip
        instant = maintenant - age * jour
        attend = instant if etat in {"nouvelle", "en-cours"} else None
        clos = instant if etat == "close" else None
        factories.demande(
            ada, boe, objet=nom, etat=etat, cree_le=instant, attend_depuis=attend, clos_le=clos,
            assignee=agente if etat == "en-cours" else None,
        )  # fmt: skip

    def objets(suite=""):
        page = chez_agente.get(f"{LISTE}{suite}").content.decode()
        return re.findall(r"field-objet[^>]*>([^<]+)<", page)

    assert objets() == ["ancienne", "neuve", "en cours", "repondue", "close"]
    assert objets("?assignee=moi") == ["en cours"]
    assert objets("?assignee=personne") == ["ancienne", "neuve", "repondue"]
    assert objets("?attente=oui") == ["ancienne", "neuve", "en cours"]
    assert objets("?attente=retard") == ["ancienne"]
    assert objets("?etat__exact=close") == ["close"]
    assert len(objets(f"?{rechercher(chez_agente, 'lovelace')}")) == 5
    assert objets(f"?{rechercher(chez_agente, Demande.objects.get(objet='repondue').numero)}") == ["repondue"]
    assert objets(f"?{rechercher(chez_agente, '2026-999999999999999999')}") == []
    page = chez_agente.get(LISTE).content.decode()
    assert re.findall(r'<strong class="en-retard">([^<]+)<', page) == ["30 jours (en retard)"]
    accueil = lire(chez_agente.get("/gestion/"))
    assert "Ouvertes 4 Non lues 2 En retard (10 jours ouvrés) 1 À prendre 3" in accueil


@pytest.mark.sqlite
def test_la_fiche_montre_le_fil_et_ce_qu_il_faut_savoir_de_la_personne_ici(
    chez_agente, agente, ada, boe, ailleurs, facture
):
    encaisser(facture=facture, montant=Decimal(43), moyen="carte", origine="x", recu_le=timezone.now())
    la_bas = factories.redevable(ailleurs, ada, nom="SECRET")
    factories.facture(la_bas, factories.regie(ailleurs), numero="FACTURE-SECRETE")
    factories.demande(ada, ailleurs, objet="DEMANDE-SECRETE")
    factories.demande(ada, boe, objet="Une autre question")
    demande = factories.demande(ada, boe, facture=facture, texte="<b>Ma</b> question.")
    demande.messages.create(collectivite=boe, genre="note", par=agente, texte="Vu avec Paul.")
    reponse = chez_agente.get(f"{LISTE}{demande.pk}/change/")
    page = lire(reponse)
    attendus = (
        "<b>Ma</b> question.", "Note interne de Agente MAIRIE", "Vu avec Paul.", "ada@exemple.fr",
        "adresse mail non confirmée", "1 rue des Tests", "2026-EAU-1317", "200,11 €",
        "43,00 €", "Une autre question",
    )  # fmt: skip
    assert [mot for mot in attendus if mot not in page] == []
    assert "SECRET" not in page.upper()
    assert demande.numero in lire(chez_agente.get(f"/gestion/factures/facture/{facture.pk}/change/"))


@pytest.mark.parametrize("nombre", [1, 30])
def test_la_fiche_coute_autant_pour_un_message_que_pour_trente(
    chez_agente, demande, agente, boe, ada, eau, django_assert_num_queries, nombre
):
    compte = factories.redevable(boe, ada)
    for n in range(nombre):
        message = demande.messages.create(collectivite=boe, genre="note", par=agente, texte="x")
        message.pieces.create(collectivite=boe, nom="a.pdf", genre="application/pdf", taille=1, fichier="a")
        facture = factories.facture(compte, eau)
        encaisser(facture=facture, montant=Decimal(1), moyen="carte", origine=f"x:{n}", recu_le=timezone.now())
        factories.demande(ada, boe)
    chez_agente.get(f"{LISTE}{demande.pk}/change/")
    # Le socle (4), la demande, ses messages et leurs pièces, puis les quatre blocs du contexte.
    with django_assert_num_queries(4 + 1 + 2 + 4):
        assert chez_agente.get(f"{LISTE}{demande.pk}/change/").status_code == 200


def test_qui_n_a_que_la_lecture_ne_voit_ni_demande_ni_piece(connecter, boe, demande, facture):
    lectrice = factories.usager(is_staff=True)
    Affectation.objects.create(usager=lectrice, collectivite=boe, role=Role.LECTURE)
    Demande.objects.update(facture=facture)
    client = connecter(lectrice, chez=boe)
    assert client.get(f"{LISTE}{demande.pk}/change/").status_code == 403
    assert demande.numero not in lire(client.get(f"/gestion/factures/facture/{facture.pk}/change/"))
    assert "Non lues" not in lire(client.get("/gestion/"))


@pytest.mark.sqlite
def test_les_reponses_types_s_ajoutent_se_modifient_et_se_retirent(chez_agente, boe):
    liste = "/gestion/contact/reponsetype/"
    ajoutee = chez_agente.post(f"{liste}ajouter/", {"titre": "Fuite", "texte": "Un texte."}, follow=True)
    reponse = ReponseType.objects.get()
    assert ("La réponse type est ajoutée." in lire(ajoutee), reponse.collectivite) == (True, boe)
    prise = chez_agente.post(f"{liste}ajouter/", {"titre": "Fuite", "texte": "Autre."})
    assert ("Une autre réponse type a déjà ce titre." in lire(prise), "Autre." in lire(prise)) == (True, True)
    chez_agente.post(f"{liste}{reponse.pk}/modifier/", {"titre": "Fuite", "texte": "Mieux."})
    assert ReponseType.objects.get().texte == "Mieux."
    retiree = chez_agente.post(f"{liste}{reponse.pk}/retirer/", follow=True)
    assert (retiree.redirect_chain[0][0], ReponseType.objects.count()) == (liste, 0)
    assert "La réponse type est retirée." in lire(retiree)


@pytest.mark.sqlite
@pytest.mark.parametrize("champs", [{"etat": "inconnu"}, {"attend_depuis": None}, {"clos_le": timezone.now()}])
def test_la_base_refuse_une_demande_qui_se_contredit(demande, champs):
    with pytest.raises(IntegrityError), transaction.atomic():
        Demande.objects.filter(pk=demande.pk).update(**champs)


@pytest.mark.django_db
def test_la_demonstration_a_trois_demandes_vivantes_et_ne_les_refait_pas():
    for _ in range(2):
        call_command("demo", stdout=StringIO())
    assert sorted(Demande.objects.values_list("etat", flat=True)) == ["close", "nouvelle", "repondue"]
    assert (ReponseType.objects.count(), Courriel.objects.filter(sorte__startswith="contact").count()) == (2, 0)
    client = Client(HTTP_HOST="127.0.0.1")
    client.post("/connexion/", {"login": "usager@demo.example", "password": "portail-demo-2026"})
    page = lire(client.get("/contact/"))
    attendus = ("Madame SISTEC560 Test", "usager@demo.example", "Réponse reçue", "Photo de mon compteur")
    assert [mot for mot in attendus if mot not in page] == []
