"""« Voir comme l'habitant » : tout ce qu'il voit, rien de ce qu'il peut faire, et chaque pas noté au nom de l'agent."""

import html
from datetime import timedelta
from http.cookies import SimpleCookie

import factories
import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from test_acces import adresses, chemins

from comptes import intergiciel
from comptes.models import Rattachement, Session, Usager, Visite
from comptes.services import changer_le_role, retirer_un_agent, suspendre_rattachement, visites
from factures.models import Consultation, Declaration
from paiement_tipi.models import Paiement
from portail.lecture import EcritureEnLecture
from portail.models import Affectation, Compteur, Journal, LectureDAnnonce, Role
from tests.gestion.conftest import adresse, agent_de, ouvrir_le_contenu

HABITANT, AGENT, REFUSEE, A_PERSONNE = "habitant", "agent", "refusee", "à personne"
# Toute adresse du site, hors la gestion, et ce qu'en voit un agent en visite. Une adresse nouvelle se classe ici.
ADRESSES = {
    "account_login": REFUSEE,
    "account_logout": AGENT,
    "accessibilite": HABITANT,
    "activation": REFUSEE,
    "activation_envoyee": REFUSEE,
    "activation_finir": REFUSEE,
    "activation_lien": REFUSEE,
    "adresse_annuler": REFUSEE,
    "adresse_changer": REFUSEE,
    "adresse_confirmer": REFUSEE,
    "adresse_valider": REFUSEE,
    "agent_accepter": REFUSEE,
    "aide": HABITANT,
    "appareils": REFUSEE,
    "changer_de_mot_de_passe": REFUSEE,
    "charte": A_PERSONNE,
    "composants": REFUSEE,
    "compte_fermer": REFUSEE,
    "contact:accueil": HABITANT,
    "contact:demande": REFUSEE,  # l'agent la lit dans la gestion
    "contact:enregistree": REFUSEE,
    "contact:piece": REFUSEE,
    "copie": REFUSEE,
    "copie_emporter": REFUSEE,
    "donnees_personnelles": HABITANT,
    "envoi": REFUSEE,
    "factures:accueil": HABITANT,
    "factures:annonces_lues": REFUSEE,
    "factures:detail": HABITANT,
    "factures:liste": HABITANT,
    "factures:pdf": HABITANT,
    "factures:reglee": REFUSEE,
    "favicon": A_PERSONNE,
    "lien": REFUSEE,
    "logo": A_PERSONNE,
    "mentions_legales": HABITANT,
    "mes_informations": HABITANT,
    "mot_de_passe_envoye": REFUSEE,
    "mot_de_passe_nouveau": REFUSEE,
    "mot_de_passe_oublie": REFUSEE,
    "paiement_tipi:en_cours": REFUSEE,
    "paiement_tipi:justificatif": REFUSEE,  # le numéro d'autorisation n'est pas à tous les agents
    "paiement_tipi:justificatif_pdf": REFUSEE,
    "paiement_tipi:justificatif_de_facture": REFUSEE,
    "paiement_tipi:justificatif_de_facture_pdf": REFUSEE,
    "paiement_tipi:justificatif_du_papier": REFUSEE,
    "paiement_tipi:justificatif_du_papier_pdf": REFUSEE,
    "paiement_tipi:notification": REFUSEE,
    "paiement_tipi:papier": REFUSEE,
    "paiement_tipi:payer": REFUSEE,
    "paiement_tipi:resultat": REFUSEE,
    "paiement_tipi:payer_ensemble": REFUSEE,
    "paiement_tipi:tout_payer": REFUSEE,
    "paiement_tipi:retour": REFUSEE,
    "plan_du_site": HABITANT,
    "pret": A_PERSONNE,
    "rattachement_detacher": REFUSEE,
    "rattachement_nommer": REFUSEE,
    "rattachements": HABITANT,
    "rattacher": REFUSEE,
    "securite": A_PERSONNE,
    "visite_quitter": AGENT,
    "vivant": A_PERSONNE,
}
MOTIF = "Appel du 12 novembre, facture introuvable"


@pytest.fixture
def chez(boe, agente, connecter) -> Client:
    """L'agente de Boé, connectée."""
    return connecter(agente, chez=boe)


@pytest.fixture
def en_visite(chez, ada, facture) -> Client:
    """L'agente, qui voit comme Ada."""
    assert commencer(chez, ada)["Location"] == "/"
    return chez


def commencer(client, personne, motif=MOTIF):
    return client.post(adresse(personne, "voir"), {"motif": motif})


def texte(reponse) -> str:
    return " ".join(html.unescape(reponse.getvalue().decode()).split())


def faits(*champs):
    return list(Journal.objects.filter(action__startswith="visite.").order_by("pk").values_list("action", *champs))


def test_chaque_adresse_est_classee_et_le_code_dit_la_meme_chose():
    assert set(ADRESSES) == {nom for nom in adresses() if not nom.startswith("gestion:")}
    par_classe = {c: {n for n, classe in ADRESSES.items() if classe == c} for c in (HABITANT, AGENT, A_PERSONNE)}
    assert par_classe == {
        HABITANT: intergiciel.COMME_L_HABITANT,
        AGENT: intergiciel.ENVOIS,
        A_PERSONNE: intergiciel.SANS_PERSONNE,
    }


# Voir.


def test_une_annonce_non_lue_se_montre_sans_barrer_la_visite_ni_etre_lue_pour_l_habitante(
    en_visite, connecter, ada, boe
):
    factories.annonce(boe, titre="Coupure d'eau", importante=True)
    page = texte(en_visite.get("/"))
    attendus = ("Coupure d'eau", "Cette personne n'a pas encore lu ce qui suit", "Vous avez 1 facture à régler")
    assert [mot for mot in attendus if mot not in page] == []
    assert "Accéder à mon espace" not in page
    assert not LectureDAnnonce.objects.exists()
    assert "Accéder à mon espace" in texte(connecter(ada, chez=boe).get("/"))


def test_elle_voit_ce_que_voit_l_habitante_et_c_est_marque_sur_chaque_page(en_visite, ada, facture, agente):
    bandeau = f"Vous voyez le portail comme Madame {ada}"
    for chemin in ("/", "/factures/", f"/factures/{facture.uuid}/", "/mes-informations/", "/aide/", "/inconnu/"):
        page = texte(en_visite.get(chemin))
        assert (bandeau in page, "Quitter" in page, str(agente) in page) == (True, True, False), chemin
    assert facture.numero in texte(en_visite.get("/factures/"))
    assert ada.email in texte(en_visite.get("/mes-informations/"))
    pdf = en_visite.get(f"/factures/{facture.uuid}/pdf/")
    assert (pdf.status_code, pdf["Content-Type"], pdf.getvalue()[:4]) == (200, "application/pdf", b"%PDF")
    gestion = texte(en_visite.get(f"/gestion/factures/facture/{facture.pk}/change/"))
    assert ("Hors de la gestion, vous voyez" in gestion, str(agente) in gestion) == (True, True)


def test_le_journal_a_pour_auteur_l_agente_du_debut_a_la_fin(en_visite, ada, agente, facture, boe):
    en_visite.get(f"/factures/{facture.uuid}/")
    en_visite.get(f"/factures/{facture.uuid}/pdf/").getvalue()
    en_visite.get("/factures/")
    reponse = en_visite.post("/visite/quitter/", follow=True)
    assert reponse.request["PATH_INFO"] == adresse(ada)
    lus = faits("acteur", "collectivite", "apres")
    assert {(acteur, commune) for _action, acteur, commune, _apres in lus} == {(agente.pk, boe.pk)}
    assert [action for action, *_ in lus] == ["visite.commencee", "visite.facture", "visite.facture", "visite.finie"]
    assert (lus[0][3]["motif"], lus[0][3]["usager"]) == (MOTIF, ada.pk)
    assert [fait[3] for fait in lus[1:]] == [
        {"page": "detail", "facture": str(facture.uuid)},
        {"page": "pdf", "facture": str(facture.uuid)},
        {"fin": "quittee"},
    ]
    assert "Vous voyez le portail" not in texte(en_visite.get("/factures/"))
    assert en_visite.get(f"/factures/{facture.uuid}/").status_code == 404  # elle n'est plus qu'elle-même


def test_rien_ne_s_ecrit_au_nom_de_l_habitante(en_visite, ada, facture):
    compteurs = set(Compteur.objects.values_list("cle", flat=True))
    with CaptureQueriesContext(connection) as requetes:
        en_visite.get(f"/factures/{facture.uuid}/")
    ecrites = {q["sql"].split('"')[1] for q in requetes if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))}
    assert ecrites - {"comptes_session"} == {"portail_journal"}
    assert not Consultation.objects.exists()
    en_visite.get(f"/factures/{facture.uuid}/pdf/").getvalue()
    nouveaux = set(Compteur.objects.values_list("cle", flat=True)) - compteurs
    en_visite.post("/visite/quitter/")
    en_visite.get(f"/factures/{facture.uuid}/pdf/")
    assert set(Compteur.objects.values_list("cle", flat=True)) - compteurs == nouveaux  # la limite est la sienne


def test_une_vue_qui_ecrirait_en_visite_est_arretee(en_visite, ada, boe, connecter, facture, monkeypatch):
    def ecrire(**_lecture):
        Usager.objects.update(prenom="X")

    monkeypatch.setattr("factures.views.services.consulter", ecrire)
    assert connecter(ada, chez=boe).get(f"/factures/{facture.uuid}/").status_code == 200  # cette vue en a le droit
    monkeypatch.setattr("factures.views._factures", lambda _request: ecrire())
    Usager.objects.update(prenom="Ada")
    with pytest.raises(EcritureEnLecture):
        en_visite.get(f"/factures/{facture.uuid}/")


def test_un_rattachement_suspendu_ne_se_voit_pas_davantage(en_visite, ada, facture):
    assert en_visite.get(f"/factures/{facture.uuid}/").status_code == 200
    suspendre_rattachement(rattachement=Rattachement.objects.get(usager=ada), motif="Séparation")
    assert en_visite.get(f"/factures/{facture.uuid}/").status_code == 404
    assert facture.numero not in texte(en_visite.get("/factures/"))


# Ne rien pouvoir faire.


def test_tout_ce_qui_n_est_pas_nomme_est_refuse_en_francais(en_visite, facture, ada):
    avant = [
        list(Usager.objects.order_by("pk").values()),
        list(Rattachement.objects.values()),
        Paiement.objects.count(),
        Declaration.objects.count(),
    ]
    envoi = {"etat": "reglee", "mode": "electronique", "nom_donne": "X", "courriel": "x@y.fr", "mot_de_passe": "x"}
    ecarts = {}
    for nom, chemin in chemins(facture, "x" * 43).items():
        classe = ADRESSES[nom]
        if classe in {AGENT, A_PERSONNE}:
            continue
        lus = {m: getattr(en_visite, m)(chemin) for m in ("get", "head")}
        recus = {m: (reponse.status_code, reponse.getvalue())[0] for m, reponse in lus.items()}
        recus |= {m: getattr(en_visite, m)(chemin, envoi).status_code for m in ("post", "put", "patch", "delete")}
        lecture = 200 if classe == HABITANT else 403
        attendus = {"get": lecture, "head": lecture, "post": 403, "put": 403, "patch": 403, "delete": 403}
        if recus != attendus:
            ecarts[nom] = recus
    assert ecarts == {}
    refus = texte(en_visite.post(f"/factures/{facture.uuid}/payer/"))
    assert ("rien ne peut être modifié, envoyé ni payé" in refus, "Quitter" in refus) == (True, True)
    apres = [
        list(Usager.objects.order_by("pk").values()),
        list(Rattachement.objects.values()),
        Paiement.objects.count(),
        Declaration.objects.count(),
    ]
    assert apres == avant


def test_la_gestion_se_lit_mais_n_agit_pas_et_une_seconde_visite_attend_la_fin(en_visite, bob, facture):
    assert en_visite.get(adresse(facture, "annuler")).status_code == 200
    assert en_visite.post(adresse(facture, "annuler"), {"motif": "x"}).status_code == 403
    facture.refresh_from_db()
    assert facture.statut == "publiee"
    assert commencer(en_visite, bob).status_code == 403
    assert Visite.objects.count() == 1


def test_deux_onglets_quitter_dans_l_un_arrete_l_autre(en_visite, facture):
    assert en_visite.post("/visite/quitter/").status_code == 303
    for chemin in ("pdf/", "payer/", ""):
        assert en_visite.get(f"/factures/{facture.uuid}/{chemin}").status_code == 404
    assert en_visite.post(f"/factures/{facture.uuid}/reglee/", {"etat": "reglee"}).status_code == 404
    assert en_visite.post("/visite/quitter/")["Location"] == "/"  # un second clic ne fait rien
    assert faits().count(("visite.finie",)) == 1


def test_quitter_demande_le_jeton_csrf(en_visite, facture):
    en_visite.handler.enforce_csrf_checks = True
    assert en_visite.post("/visite/quitter/").status_code == 403
    assert en_visite.get(f"/factures/{facture.uuid}/").status_code == 200  # toujours en visite


def test_la_session_copiee_avant_ou_pendant_ne_voit_rien_apres(chez, ada, facture, boe):
    def copie() -> Client:
        autre = Client(HTTP_HOST=boe.hotes.get().nom)
        autre.cookies = SimpleCookie({nom: cookie.value for nom, cookie in chez.cookies.items()})
        return autre

    avant = copie()
    commencer(chez, ada)
    pendant = copie()
    assert avant.get("/factures/").status_code == 302  # la clé a changé
    assert pendant.get(f"/factures/{facture.uuid}/").status_code == 200
    chez.post("/visite/quitter/")
    assert pendant.get(f"/factures/{facture.uuid}/").status_code == 302


def test_une_cle_de_visite_recopiee_dans_une_autre_session_ne_vaut_rien(en_visite, facture, boe, connecter):
    visite, autre = Visite.objects.get(), agent_de(boe, Role.ADMINISTRATION)
    client = connecter(autre, chez=boe)
    session = client.session
    session[intergiciel.CLE] = visite.pk
    session.save()
    page = client.get(f"/factures/{facture.uuid}/")
    assert (page.status_code, "Vous ne voyez plus le portail" in texte(page)) == (403, True)
    assert client.get(f"/factures/{facture.uuid}/").status_code == 404
    assert Visite.objects.get().finie_le is None  # celle de l'agente continue


def test_les_liens_de_la_visite_ne_suivent_pas_dans_une_autre_commune(en_visite, facture, ailleurs):
    reponse = en_visite.get(f"/factures/{facture.uuid}/", HTTP_HOST=ailleurs.hotes.get().nom)
    assert (reponse.status_code, reponse["Location"]) == (302, f"/connexion/?next=/factures/{facture.uuid}/")
    assert en_visite.get(f"/factures/{facture.uuid}/").status_code == 200


# Qui, et jusqu'à quand.


@pytest.mark.parametrize(
    ("role", "statut"), [("lecture", 403), ("relation", 303), ("facturation", 303), ("administration", 303)]
)
def test_quels_roles_voient_comme_un_habitant(boe, ada, facture, connecter, role, statut):
    assert commencer(connecter(agent_de(boe, role), chez=boe), ada).status_code == statut


def test_l_exploitant_seulement_s_il_a_ouvert_le_contenu_et_tant_qu_il_l_est(boe, ada, facture, connecter):
    client = connecter(factories.usager(is_staff=True, is_superuser=True), chez=boe)
    assert commencer(client, ada).status_code == 403
    debut = timezone.now()
    with time_machine.travel(debut, tick=False) as horloge:
        ouvrir_le_contenu(client)
        for minutes in (25, 50):
            horloge.move_to(debut + timedelta(minutes=minutes))
            client.get("/gestion/")
        assert commencer(client, ada).status_code == 303
        assert client.get(f"/factures/{facture.uuid}/").status_code == 200
        horloge.move_to(debut + timedelta(minutes=60))
        assert client.get(f"/factures/{facture.uuid}/").status_code == 403


def test_sans_motif_pour_soi_pour_un_compte_ferme_ou_d_ailleurs_il_n_y_a_pas_de_visite(chez, ada, facture, agente, boe):
    for motif in ("", "court", " " * 20, "x" * 201):
        assert "errorlist" in texte(commencer(chez, ada, motif))
    d_ailleurs = factories.usager()
    factories.redevable(factories.collectivite(), d_ailleurs)
    assert commencer(chez, d_ailleurs).status_code == 404
    le_sien = factories.redevable(boe, agente)
    assert "est le vôtre" in texte(commencer(chez, agente))
    for objet in (agente, le_sien):  # la raison, à la place du bouton
        fiche = texte(chez.get(adresse(objet)))
        assert ("est le vôtre" in fiche, "Voir comme l'habitant" in fiche) == (True, False)
    Usager.objects.filter(pk=ada.pk).update(is_active=False)
    assert commencer(chez, ada).status_code == 409
    assert (Visite.objects.exists(), faits()) == (False, [])


def test_depuis_un_compte_client_on_choisit_parmi_ses_lecteurs_et_eux_seuls(chez, ada, bob, facture, boe):
    redevable = facture.redevable
    page = texte(chez.get(adresse(redevable, "voir")))
    assert (str(ada) in page, str(bob) in page) == (True, False)
    refus = chez.post(adresse(redevable, "voir"), {"motif": MOTIF, "compte": bob.pk})
    assert (refus.status_code, Visite.objects.exists()) == (200, False)
    assert chez.post(adresse(redevable, "voir"), {"motif": MOTIF, "compte": ada.pk}).status_code == 303
    assert facture.numero in texte(chez.get("/factures/"))
    sans_lecteur = factories.redevable(boe)
    chez.post("/visite/quitter/")
    assert chez.post(adresse(sans_lecteur, "voir"), {"motif": MOTIF}).status_code == 409


def test_au_bout_d_un_quart_d_heure_c_est_fini_et_c_est_dit(chez, ada, facture):
    debut = timezone.now()
    with time_machine.travel(debut, tick=False) as horloge:
        commencer(chez, ada)
        horloge.move_to(debut + visites.DUREE - timedelta(seconds=1))
        assert chez.get(f"/factures/{facture.uuid}/").status_code == 200
        horloge.move_to(debut + visites.DUREE)
        page = chez.get(f"/factures/{facture.uuid}/")
        assert (page.status_code, facture.numero in texte(page)) == (403, False)
        assert chez.post(f"/factures/{facture.uuid}/reglee/", {"etat": "reglee"}).status_code == 404
    assert Visite.objects.get().fin == "duree"


def test_celle_que_personne_ne_quitte_finit_a_son_heure_au_nom_de_l_agente(en_visite, agente):
    visites.finir_les_visites_echues()
    assert Visite.objects.get().finie_le is None
    with time_machine.travel(timezone.now() + visites.DUREE):
        visites.finir_les_visites_echues()
    assert faits("acteur", "apres")[-1] == ("visite.finie", agente.pk, {"fin": "duree"})


def _changer_de_role(affectation, auteur):
    for role in (Role.ADMINISTRATION, Role.FACTURATION):  # rendu aussitôt, il ne rouvre rien
        changer_le_role(affectation=affectation, role=role, auteur=auteur)


PERTES = {
    "rôle changé": (_changer_de_role, 403),
    "accès retiré": (lambda a, auteur: retirer_un_agent(affectation=a, motif="Départ", auteur=auteur), 302),
    "affectation effacée": (lambda a, _auteur: a.delete(), 403),
    "rôle retiré en base": (lambda a, _auteur: Affectation.objects.filter(pk=a.pk).update(role="lecture"), 403),
    "plus agent": (lambda a, _auteur: Usager.objects.filter(pk=a.usager_id).update(is_staff=False), 403),
    "habitant désactivé": (lambda _a, _auteur: Usager.objects.filter(nom="LOVELACE").update(is_active=False), 403),
}


@pytest.mark.parametrize("perte", PERTES)
def test_le_role_retire_y_met_fin_des_la_requete_suivante(en_visite, facture, agente, boe, perte):
    retirer, statut = PERTES[perte]
    retirer(Affectation.objects.get(usager=agente), factories.administratrice(boe))
    page = en_visite.get(f"/factures/{facture.uuid}/")
    assert (page.status_code, facture.numero in texte(page)) == (statut, False)
    assert (Visite.objects.get().fin or "droit") == "droit"
    assert en_visite.get(f"/factures/{facture.uuid}/").status_code in {302, 404}


def test_se_deconnecter_deconnecte_l_agente_et_finit_la_visite(en_visite, agente, facture):
    assert en_visite.post("/deconnexion/").status_code == 302
    assert en_visite.get(f"/factures/{facture.uuid}/").status_code == 302
    assert Visite.objects.get().fin == "deconnexion"
    assert not Session.objects.filter(usager=agente).exists()
    assert Journal.objects.get(action="connexion.fermee").acteur == agente.pk


def test_la_notice_dit_qu_un_agent_peut_voir_l_espace(client, boe):
    page = texte(client.get("/donnees-personnelles/", HTTP_HOST=boe.hotes.get().nom))
    assert "un agent de la commune peut voir votre espace comme vous le voyez, en lecture seulement" in page
