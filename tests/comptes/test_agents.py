"""L'administrateur d'une commune gère ses agents : inviter, changer de rôle, suspendre, retirer."""

import html
import re
from datetime import timedelta

import factories
import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from comptes import services
from comptes.models import Session, Usager
from comptes.services import PlusLa, retablir_un_agent, suspendre_un_agent
from portail.models import Affectation, Journal, Role
from tests.comptes.outils_messages import lien, relever, seul, suivre
from tests.gestion.conftest import adresse

LISTE, INVITER = "/gestion/portail/affectation/", "/gestion/portail/affectation/inviter/"
ADRESSE, MOT_DE_PASSE = "nouvelle@mairie.exemple.fr", "quatre mots à moi"
INVITATION = {"courriel": ADRESSE, "prenom": "Rose", "nom": "VALLAND", "role": "facturation"}
ACCEPTER = {"nouveau": MOT_DE_PASSE, "confirmation": MOT_DE_PASSE}


@pytest.fixture
def maire(boe) -> Usager:
    """L'administratrice de Boé, et une seconde : la commune en garde une quoi qu'on essaie."""
    factories.administratrice(boe)
    return factories.administratrice(boe)


@pytest.fixture
def gestion(maire, connecter, boe) -> Client:
    return connecter(maire, chez=boe)


def texte(reponse) -> str:
    return html.unescape(reponse.content.decode())


def anonyme() -> Client:
    return Client(HTTP_HOST="localhost")


def affectation_de(personne, chez) -> Affectation:
    return Affectation.objects.get(usager=personne, collectivite=chez)


def lien_recu(gestion, **champs) -> str:
    assert gestion.post(INVITER, {**INVITATION, **champs}).status_code == 303
    return lien(seul())


def faits(*champs: str) -> list[tuple]:
    return list(Journal.objects.filter(action__startswith="agent.").order_by("pk").values_list("action", *champs))


# Inviter.


def test_une_invitee_sans_compte_l_ouvre_par_le_lien_et_entre_dans_la_gestion(gestion, maire, boe):
    reponse = gestion.post(INVITER, INVITATION, follow=True)
    assert f"L'invitation part à {ADRESSE}." in texte(reponse)
    assert "invité, attend sa réponse" in texte(reponse)
    assert not Usager.objects.filter(email=ADRESSE).exists()  # rien n'est ouvert avant qu'elle accepte

    client, message = anonyme(), seul()
    page = texte(suivre(client, lien(message)))
    assert (message.to, "facturation" in message.body) == ([ADRESSE], True)
    assert ("Choisissez le mot de passe" in page, ADRESSE in page, boe.nom in page) == (True, True, True)
    refus = client.post("/agent/accepter/", {"nouveau": "court", "confirmation": "court"})
    assert (refus.status_code, "errorlist" in texte(refus)) == (200, True)
    acceptee = client.post("/agent/accepter/", ACCEPTER)
    assert acceptee["Location"] == "/connexion/?next=/gestion/"

    rose = Usager.objects.get(email=ADRESSE)
    assert (str(rose), rose.is_staff, rose.courriel_confirme_le is not None) == ("Rose VALLAND", True, True)
    envoi = {"login": ADRESSE, "password": MOT_DE_PASSE}
    assert client.post("/connexion/?next=/gestion/", envoi)["Location"] == "/gestion/"
    assert client.get("/gestion/factures/facture/").status_code == 200
    assert client.get(LISTE).status_code == 403
    cle = str(affectation_de(rose, boe).pk)
    assert faits("acteur", "identifiant") == [("agent.invite", maire.pk, cle), ("agent.accepte", rose.pk, cle)]
    assert ADRESSE not in str(list(Journal.objects.values_list("avant", "apres")))
    fiche = texte(gestion.get(adresse(affectation_de(rose, boe))))
    assert "Dernière activité" in fiche
    assert affectation_de(rose, boe).vue_le is not None


def test_un_habitant_devient_agent_sans_changer_de_mot_de_passe_ni_de_factures(gestion, ada, facture, connecter, boe):
    retenue = connecter(ada, chez=boe)
    client = anonyme()
    page = texte(suivre(client, lien_recu(gestion, courriel=ada.email)))
    assert ("Vous avez déjà un compte" in page, 'type="password"' in page) == (True, False)
    assert client.post("/agent/accepter/", ACCEPTER).status_code == 302
    ada.refresh_from_db()
    assert (ada.is_staff, ada.check_password(factories.MOT_DE_PASSE), ada.prenom) == (True, True, "Ada")
    assert retenue.get("/factures/").status_code == 302  # une session retenue n'est pas pour un agent
    client = connecter(ada, chez=boe)
    assert (client.get("/gestion/").status_code, client.get(f"/factures/{facture.uuid}/").status_code) == (200, 200)


def test_le_lien_ne_sert_qu_une_fois_et_un_get_ne_le_consomme_pas(gestion):
    url, client = lien_recu(gestion), anonyme()
    for _ in range(2):
        assert suivre(client, url).status_code == 200
    assert client.post("/agent/accepter/", ACCEPTER).status_code == 302
    assert suivre(anonyme(), url).status_code == 410
    assert Affectation.objects.filter(usager__email=ADRESSE).count() == 1


def test_renvoyer_l_invitation_remplace_le_lien(gestion, boe):
    ancien = lien_recu(gestion)
    invitation = Affectation.objects.get(courriel=ADRESSE)
    assert gestion.post(adresse(invitation, "renvoyer")).status_code == 303
    nouveau = lien(seul())
    assert (suivre(anonyme(), ancien).status_code, suivre(anonyme(), nouveau).status_code) == (410, 200)


def test_le_lien_meurt_au_bout_de_sept_jours_quand_on_le_retire_et_chez_une_autre(gestion, ailleurs):
    url = lien_recu(gestion)
    with time_machine.travel(timezone.now() + timedelta(days=7, seconds=1)):
        page = suivre(anonyme(), url)
        assert (page.status_code, "vous renvoyer l'invitation" in texte(page)) == (410, True)
    chemin = url.removeprefix("http://localhost")
    assert Client(HTTP_HOST=ailleurs.hotes.get().nom).get(chemin).status_code == 410
    gestion.post(adresse(Affectation.objects.get(courriel=ADRESSE), "retirer"), {"motif": "Erreur d'adresse"})
    assert suivre(anonyme(), url).status_code == 410
    assert relever() == []  # un invité retiré n'a pas de compte à prévenir


def test_un_compte_ferme_n_accepte_rien(gestion, ada):
    url = lien_recu(gestion, courriel=ada.email)
    Usager.objects.filter(pk=ada.pk).update(is_active=False)
    client = anonyme()
    suivre(client, url)
    assert client.post("/agent/accepter/").status_code == 410
    assert not Affectation.objects.filter(usager=ada).exists()


def test_rien_ne_dit_si_une_adresse_a_deja_un_compte(gestion, ada, ailleurs):
    """Inconnue, habitante, agent d'une autre commune, exploitant : la même réponse, la même fiche, le même message."""
    d_ailleurs = factories.administratrice(ailleurs, email="agent@ailleurs.exemple.fr", nom="SECRET")
    exploitant = factories.usager(email="exploitant@exemple.fr", nom="SECRET", is_staff=True, is_superuser=True)
    vues = {}
    for courriel in ("inconnue@exemple.fr", ada.email, d_ailleurs.email, exploitant.email):
        page = texte(gestion.post(INVITER, {**INVITATION, "courriel": courriel}, follow=True))
        invitation = Affectation.objects.get(courriel=courriel)
        page = re.sub('value="[A-Za-z0-9]{64}"', "", page)
        page = page.replace(courriel, "ADRESSE").replace(f"/{invitation.pk}/", "/PK/")
        corps = seul().body.replace(courriel, "ADRESSE")
        vues[courriel] = (page, [ligne for ligne in corps.splitlines() if "/lien/" not in ligne])
    reference = vues.pop("inconnue@exemple.fr")
    assert [courriel for courriel, vue in vues.items() if vue != reference] == []
    assert "SECRET" not in texte(gestion.get(LISTE))
    assert not Affectation.objects.exclude(usager=None).filter(usager__in=(ada, exploitant)).exists()
    assert affectation_de(d_ailleurs, ailleurs).role == Role.ADMINISTRATION


@pytest.mark.parametrize(
    ("saisie", "phrase"),
    [
        ({"courriel": "pas une adresse"}, "Écrivez une adresse mail complète"),
        ({"nom": "  "}, "Ce champ est obligatoire."),
        ({"role": ""}, "Ce champ est obligatoire."),
        ({"role": "exploitant"}, "Sélectionnez un choix valide"),
        ({"role": "superutilisateur"}, "Sélectionnez un choix valide"),
        ({"courriel": "AGENTE@exemple.fr"}, "déjà celle d'un agent"),
    ],
)
def test_une_invitation_mal_remplie_le_dit_et_garde_le_reste(gestion, agente, saisie, phrase):
    reponse = gestion.post(INVITER, {**INVITATION, **saisie})
    page = texte(reponse)
    assert (reponse.status_code, phrase in page, 'value="Rose"' in page) == (200, True, True)
    assert (relever(), Affectation.objects.filter(usager=None).exists()) == ([], False)


def test_la_meme_adresse_ne_s_invite_qu_une_fois(gestion):
    lien_recu(gestion)
    assert "y a déjà été invitée" in texte(gestion.post(INVITER, INVITATION))
    assert relever() == []


def test_on_n_inonde_personne_d_invitations(gestion, settings):
    settings.LIMITES = settings.LIMITES | {"invitations": (2, 3600)}
    statuts = [
        gestion.post(INVITER, {**INVITATION, "courriel": f"{n}@exemple.fr"}).status_code for n in ("a", "b", "c")
    ]
    assert (statuts, len(relever())) == ([303, 303, 429], 2)


def test_seul_un_exploitant_nomme_un_exploitant_et_la_commune_le_sait(gestion, maire, connecter, boe):
    envoi = {"courriel": ADRESSE, "prenom": "Rose", "nom": "VALLAND", "role": "exploitant"}
    assert gestion.post("/gestion/portail/affectation/exploitant/", envoi).status_code == 403
    assert "Inviter un exploitant" not in texte(gestion.get(LISTE))
    exploitant = factories.usager(is_staff=True, is_superuser=True)
    client = connecter(exploitant, chez=boe)
    assert client.post("/gestion/portail/affectation/exploitant/", envoi).status_code == 303
    messages = {m.to[0]: m.subject for m in relever()}
    assert messages.keys() == {ADRESSE, *(a.adresse for a in Affectation.objects.administrateurs(boe))}
    assert messages[maire.email] == "Un accès de confiance a été donné"


def test_nommer_un_administrateur_previent_les_autres_et_pas_celui_qui_nomme(gestion, maire, boe):
    gestion.post(INVITER, {**INVITATION, "role": "administration"})
    assert {m.to[0] for m in relever()} == {
        ADRESSE,
        *(a.adresse for a in Affectation.objects.administrateurs(boe) if a.usager != maire),
    }


# Changer, suspendre, retirer.


def test_le_nouveau_role_vaut_des_la_page_suivante_et_la_personne_le_sait(gestion, agente, boe, connecter, maire):
    client, affectation = connecter(agente, chez=boe), affectation_de(agente, boe)
    assert client.get(INVITER).status_code == 403
    assert gestion.post(adresse(affectation, "role"), {"role": "administration"}).status_code == 303
    assert client.get(INVITER).status_code == 200
    assert gestion.post(adresse(affectation, "role"), {"role": "lecture"}).status_code == 303
    assert client.get(INVITER).status_code == 403
    encore = gestion.post(adresse(affectation, "role"), {"role": "lecture"})
    assert (encore.status_code, "déjà ce rôle" in texte(encore)) == (200, True)
    siens = [m.body for m in relever() if m.to == [agente.email]]
    assert ["« administration »" in siens[0], "« lecture »" in siens[1], len(siens)] == [True, True, 2]
    assert faits("acteur", "avant", "apres") == [
        ("agent.role", maire.pk, {"role": "facturation"}, {"role": "administration"}),
        ("agent.role", maire.pk, {"role": "administration"}, {"role": "lecture"}),
    ]


def test_suspendre_ferme_tout_de_suite_et_retablir_rend_le_meme_role(gestion, agente, boe, connecter, ailleurs):
    ici, affectation = connecter(agente, chez=boe), affectation_de(agente, boe)
    la_bas = connecter(agente, chez=ailleurs)
    assert gestion.post(adresse(affectation, "suspendre"), {"motif": ""}).status_code == 200
    assert gestion.post(adresse(affectation, "suspendre"), {"motif": "Arrêt de travail"}).status_code == 303
    agente.refresh_from_db()
    assert (ici.get("/gestion/").status_code, agente.is_staff) == (302, False)
    assert la_bas.get("/factures/").status_code == 200  # ses sessions ailleurs ne sont pas à cette commune
    fiche = texte(gestion.get(adresse(affectation)))
    assert ("suspendu" in fiche, "Arrêt de travail" in fiche, "Rétablir l'accès" in fiche) == (True, True, True)
    assert connecter(agente, chez=boe).get("/gestion/").status_code == 403
    assert gestion.post(adresse(affectation, "suspendre"), {"motif": "Encore"}).status_code == 409
    assert gestion.post(adresse(affectation, "retablir")).status_code == 303
    assert connecter(agente, chez=boe).get("/gestion/factures/facture/").status_code == 200
    sujets = [m.body for m in relever()]
    assert ("est suspendu" in sujets[0], "est rétabli" in sujets[1], "Arrêt" in sujets[0]) == (True, True, False)


def test_retirer_laisse_le_compte_et_ce_qu_il_a_comme_habitant(gestion, agente, boe, connecter):
    factories.redevable(boe, agente)
    client, affectation = connecter(agente, chez=boe), affectation_de(agente, boe)
    reponse = gestion.post(adresse(affectation, "retirer"), {"motif": "Départ le 30 novembre"}, follow=True)
    assert reponse.request["PATH_INFO"] == LISTE
    assert "L'accès est retiré." in texte(reponse)
    assert client.get("/gestion/").status_code == 302
    client = connecter(agente, chez=boe)
    assert (client.get("/gestion/").status_code, client.get("/factures/").status_code) == (403, 200)
    assert "Vous n'avez plus accès" in seul().body
    assert faits("apres")[-1] == ("agent.retire", {"motif": "Départ le 30 novembre"})


def test_is_staff_suit_les_affectations_d_une_commune_a_l_autre(gestion, agente, boe, ailleurs):
    Affectation.objects.create(usager=agente, collectivite=ailleurs, role=Role.LECTURE)
    gestion.post(adresse(affectation_de(agente, boe), "retirer"), {"motif": "Départ"})
    agente.refresh_from_db()
    assert agente.is_staff
    suspendre_un_agent(affectation=affectation_de(agente, ailleurs), motif="Départ", auteur=factories.usager())
    agente.refresh_from_db()
    assert not agente.is_staff


@pytest.mark.parametrize(
    ("acte", "envoi"),
    [("role", {"role": "lecture"}), ("suspendre", {"motif": "x"}), ("retirer", {"motif": "x"})],
)
def test_personne_ne_touche_a_son_propre_acces_ni_n_ote_la_derniere_administratrice(
    gestion, maire, boe, connecter, acte, envoi
):
    page = gestion.post(adresse(affectation_de(maire, boe), acte), envoi)
    assert (page.status_code, "votre propre accès" in texte(page)) == (409, True)
    fiche = texte(gestion.get(adresse(affectation_de(maire, boe))))
    assert (fiche.count("votre propre accès"), f"/{acte}/" in fiche) == (1, False)  # la raison, à la place du bouton
    [autre] = Affectation.objects.administrateurs(boe).exclude(usager=maire)
    Affectation.objects.filter(pk=autre.pk).update(suspendue_le=timezone.now(), motif="x")
    exploitant = connecter(factories.usager(is_staff=True, is_superuser=True), chez=boe)
    page = exploitant.post(adresse(affectation_de(maire, boe), acte), envoi)
    assert (page.status_code, "C'est le seul administrateur" in texte(page)) == (409, True)
    fiche = texte(exploitant.get(adresse(affectation_de(maire, boe))))
    assert (fiche.count("C'est le seul administrateur"), f"/{acte}/" in fiche) == (1, False)
    assert list(Affectation.objects.administrateurs(boe)) == [affectation_de(maire, boe)]
    assert relever() == []


def test_un_acces_retire_entre_temps_le_dit(gestion, agente, boe, monkeypatch):
    def refuser(**_saisie):
        raise PlusLa

    affectation = affectation_de(agente, boe)
    Affectation.objects.filter(pk=affectation.pk).delete()
    with pytest.raises(PlusLa):
        retablir_un_agent(affectation=affectation)
    monkeypatch.setattr(services, "inviter_un_agent", refuser)
    assert "a changé entre-temps" in texte(gestion.post(INVITER, INVITATION))


def test_l_agent_d_une_autre_commune_est_introuvable_et_intact(gestion, ailleurs):
    autre = affectation_de(factories.administratrice(ailleurs), ailleurs)
    for acte in ("role", "suspendre", "retirer", "retablir", "renvoyer"):
        assert gestion.post(adresse(autre, acte), {"role": "lecture", "motif": "x"}).status_code == 404
    autre.refresh_from_db()
    assert (autre.role, autre.suspendue_le) == (Role.ADMINISTRATION, None)
    assert Session.objects.filter(usager=autre.usager).count() == 0


def test_la_derniere_activite_se_retient_au_plus_une_fois_par_minute(agente, boe, connecter):
    maintenant = timezone.now()
    with time_machine.travel(maintenant, tick=False) as horloge:
        client = connecter(agente, chez=boe)
        for secondes, attendue in ((30, 0), (90, 90), (120, 90)):
            horloge.move_to(maintenant + timedelta(seconds=secondes))
            client.get("/gestion/")
            assert affectation_de(agente, boe).vue_le == maintenant + timedelta(seconds=attendue)
