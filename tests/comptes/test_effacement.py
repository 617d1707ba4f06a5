"""« Fermer mon compte » : ce qui disparaît, ce qui reste, ce qui empêche, et comment on revient."""

import html
import io
import re
from urllib.parse import urlsplit

import factories
import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from comptes import services
from comptes.etats import Cause
from comptes.models import (
    Activation,
    ChoixEnvoi,
    Copie,
    DemandeAdresse,
    ModeEnvoi,
    Rattachement,
    Redevable,
    Session,
    Usager,
)
from contact.models import Demande, Message
from contact.pieces import Envoi
from contact.services import repondre
from factures.models import Facture
from paiement_tipi.models import Paiement
from paiement_tipi.services import accuse
from portail import courriels
from portail.models import Affectation, Courriel, Journal, LectureDAnnonce, Role
from tests.comptes.outils_activation import activer, code_de
from tests.comptes.outils_fermeture import ou_se_lit, sans_papier, tentative
from tests.comptes.outils_messages import lien, relever

pytestmark = pytest.mark.sqlite

FERMER = "/mes-informations/fermer/"


def texte(reponse) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", reponse.content.decode())).split())


def fermer(client, mot_de_passe=factories.MOT_DE_PASSE):
    return client.post(FERMER, {"mot_de_passe": mot_de_passe})


def effacer(usager) -> bool:
    return services.effacer(parmi=Usager.objects.filter(pk=usager.pk), cause=Cause.EXPLOITANT)


@pytest.fixture
def redevable(facture) -> Redevable:
    return facture.redevable


@pytest.fixture
def chargee(boe, ada, facture, redevable) -> Usager:
    """Tout ce qu'un compte laisse derrière lui."""
    sans_papier(ada, redevable)
    Rattachement.objects.update(nom_donne="Chez Ada")
    tentative(facture, ada, etat="paye", idop="3c1d6c48-2bd6-4f52-9e3e-0cd36ae3c9a2", envoye_le=timezone.now())
    DemandeAdresse.objects.create(usager=ada, collectivite=boe, ancienne=ada.email, nouvelle="autre@exemple.fr")
    services.demander(courriel=ada.email, chez=boe)
    Copie.objects.create(usager=ada, collectivite=boe)
    factories.demande(ada, boe)
    annonce = factories.annonce(boe, importante=True)
    LectureDAnnonce.objects.create(annonce=annonce, usager=ada, revision=1, collectivite=boe)
    return ada


# Ce qui disparaît, ce qui reste.


def test_la_page_dit_ce_qui_disparait_ce_qui_reste_et_ou_iront_les_factures(boe, ada, chargee, connecter):
    page = connecter(ada, chez=boe).get(FERMER)
    lu = texte(page)
    for phrase in (
        "Ce qui disparaît Votre nom, votre adresse mail et votre mot de passe",
        "Ce qui reste, et pourquoi Vos factures et leurs règlements",
        "dix ans",
        "Il reste 243,11 € à payer : c'est toujours dû",
        "Une de vos demandes est encore ouverte",
        "Chez Ada 1 rue des Tests, 47550 Boé Sans papier aujourd'hui. Le papier revient",
        "un code que donne le service",
    ):
        assert phrase in lu.replace("\xa0", " "), phrase
    assert "dans une autre commune" not in lu
    assert 'href="/mes-informations/fermer/"' in connecter(ada, chez=boe).get("/mes-informations/").content.decode()


def test_le_compte_se_vide_l_adresse_est_libre_et_la_comptabilite_garde_ses_noms(boe, ada, chargee, connecter):
    ici, au_travail = connecter(ada, chez=boe), connecter(ada, chez=boe)
    courriels.envoyer()
    reponse = fermer(ici)

    assert (reponse.status_code, reponse["Location"]) == (303, "/connexion/")
    assert reponse["Clear-Site-Data"] == '"cache", "storage"'
    assert "Un message le confirme à ada@exemple.fr" in texte(ici.get("/connexion/"))
    assert [c.get("/factures/").status_code for c in (ici, au_travail)] == [302, 302]
    ferme = Usager.objects.get(pk=ada.pk)
    assert (ferme.nom, ferme.prenom, ferme.civilite, ferme.is_active) == ("Compte fermé", "", "", False)
    assert (ferme.email, ferme.last_login, ferme.courriel_confirme_le) == (f"ferme-{ada.pk}@compte.invalid", None, None)
    assert ferme.noms == "compte ferme"
    assert (ferme.ferme_le is not None, ferme.has_usable_password()) == (True, False)
    vides = (Session, Activation, Copie, DemandeAdresse, LectureDAnnonce)
    assert [m.__name__ for m in vides if m.objects.filter(**_a_elle(m, ada)).exists()] == []
    assert list(Rattachement.objects.values_list("etat", "nom_donne")) == [("detache", "")]
    # L'adresse ne se lit plus que dans des preuves, et dans des courriels oubliés au bout de trente jours.
    assert ou_se_lit("ada@exemple.fr") == {
        "comptes.choixenvoi.adresse", "paiement_tipi.paiement.mel", "portail.courriel.destinataire",
    }  # fmt: skip
    assert Facture.objects.get().redevable.nom == "LOVELACE"
    assert Paiement.objects.get().usager == ferme


def _a_elle(modele, ada) -> dict:
    return {"courriel": "ada@exemple.fr"} if modele is Activation else {"usager": ada}


def test_le_papier_revient_le_service_l_apprend_et_la_personne_recoit_sa_confirmation(boe, ada, chargee, connecter):
    client = connecter(ada, chez=boe)
    relever()
    boe.courriel_contact = "mairie@exemple.fr"
    boe.save()
    fermer(client)
    assert Redevable.objects.get().mode_envoi == ModeEnvoi.PAPIER
    assert ChoixEnvoi.objects.values_list("mode", "compte").first() == ("papier", None)
    recus = {m.subject: m for m in relever()}
    assert {sujet: m.to for sujet, m in recus.items()} == {
        "Un habitant change l'envoi de ses factures": ["mairie@exemple.fr"],
        "Votre compte est fermé": ["ada@exemple.fr"],
    }
    corps = " ".join(recus["Votre compte est fermé"].body.split())
    assert "Comme vous l'avez demandé, votre compte est fermé (Ville de Boé)." in corps
    assert f"{boe.adresse}/activation/" in corps


def test_le_sans_papier_d_un_autre_titulaire_tient(boe, ada, bob, facture, redevable, connecter):
    Rattachement.objects.create(collectivite=boe, usager=bob, redevable=redevable)
    sans_papier(bob, redevable)
    fermer(connecter(ada, chez=boe))
    assert Redevable.objects.get(pk=redevable.pk).mode_envoi == ModeEnvoi.ELECTRONIQUE
    assert connecter(bob, chez=boe).get(f"/factures/{facture.uuid}/").status_code == 200


def test_le_journal_garde_un_numero_et_la_cause(boe, ada, facture, connecter):
    fermer(connecter(ada, chez=boe))
    fait = Journal.objects.get(action="compte.efface")
    assert (fait.identifiant, fait.acteur, fait.collectivite) == (str(ada.pk), ada.pk, boe.pk)
    assert fait.apres == {"fermeture": "personne"}


def test_une_demande_ouverte_reste_au_service_avec_de_quoi_repondre_par_la_poste(boe, ada, facture, connecter):
    ouverte = factories.demande(ada, boe)
    close = factories.demande(ada, boe, etat="close", attend_depuis=None, clos_le=timezone.now())
    fermer(connecter(ada, chez=boe))
    relever()
    assert Demande.objects.ouvertes().get() == ouverte
    note = Message.objects.get(genre="note")
    assert (note.demande, close.messages.count()) == (ouverte, 1)
    assert "elle ne lira plus rien ici" in note.texte
    assert note.texte.splitlines()[1:] == ["Madame LOVELACE Ada", str(facture.redevable)]
    # Une réponse écrite quand même ne part vers personne.
    assert repondre(demande=ouverte, auteur=factories.administratrice(boe), envoi=Envoi("Bonjour."), vu=note.pk)
    assert relever() == []


# Ce qui empêche.


@pytest.mark.parametrize(("etat", "ferme"), [("demarre", False), ("echoue", True), ("expire", True)])
def test_un_paiement_ouvert_empeche_de_fermer_et_le_dit(boe, ada, facture, connecter, etat, ferme):
    envoye = {} if etat == "demarre" else {"idop": "3c1d6c48-2bd6-4f52-9e3e-0cd36ae3c9a2", "envoye_le": timezone.now()}
    tentative(facture, ada, etat=etat, **envoye)
    client = connecter(ada, chez=boe)
    phrase = "Un de vos paiements est en cours. Attendez son résultat"
    assert (phrase in texte(client.get(FERMER))) is not ferme
    assert (b'name="mot_de_passe"' in client.get(FERMER).content) is ferme
    reponse = fermer(client)
    assert (reponse.status_code == 303) is ferme
    assert (phrase in texte(reponse)) is not ferme
    assert Usager.objects.get(pk=ada.pk).is_active is not ferme


def test_un_paiement_qui_aboutit_apres_la_fermeture_a_son_justificatif_sans_compte(boe, ada, facture, connecter):
    envoye = {"idop": "3c1d6c48-2bd6-4f52-9e3e-0cd36ae3c9a2", "envoye_le": timezone.now()}
    paiement = tentative(facture, ada, etat="paye", **envoye)
    paiement.transitions.create(collectivite=boe, de="expire", vers="paye", cause="relevé")
    fermer(connecter(ada, chez=boe))
    relever()
    accuse.accuser(paiement)
    [message] = relever()
    assert message.to == ["ada@exemple.fr"]
    sans_compte = lien(message, f"/paiement/retour/{paiement.jeton}/justificatif/")
    assert "LOVELACE" not in Client(HTTP_HOST="localhost").get(urlsplit(sans_compte).path).content.decode()
    assert facture.get_absolute_url() not in message.body


@pytest.mark.parametrize("mot_de_passe", ["", "pas le bon du tout"])
def test_le_mot_de_passe_est_redemande(boe, ada, connecter, mot_de_passe):
    client = connecter(ada, chez=boe)
    reponse = fermer(client, mot_de_passe)
    assert (reponse.status_code, b'role="alert"' in reponse.content) == (200, True)
    assert client.get("/factures/").status_code == 200
    assert Journal.objects.filter(action="compte.efface").count() == 0


def test_un_agent_d_ici_et_l_exploitant_ne_ferment_pas_leur_compte(boe, agente, connecter):
    exploitant = factories.usager(is_staff=True, is_superuser=True)
    for personne in (agente, exploitant):
        client = connecter(personne, chez=boe)
        assert "Demandez d'abord que votre accès d'agent soit retiré" in texte(client.get(FERMER))
        assert "Demandez d'abord que votre accès d'agent soit retiré" in texte(fermer(client))
        with pytest.raises(services.FermetureRefusee):
            effacer(personne)
    assert Usager.objects.filter(ferme_le=None, is_active=True).count() == 2


def test_un_anonyme_est_renvoye_a_la_connexion(boe):
    client = Client(HTTP_HOST="localhost")
    assert [client.get(FERMER).status_code, fermer(client).status_code] == [302, 302]


# D'une commune à l'autre.


def test_servi_ailleurs_il_ne_se_ferme_qu_ici(boe, ailleurs, ada, facture, connecter):
    autre = factories.redevable(ailleurs, ada)
    DemandeAdresse.objects.create(usager=ada, collectivite=boe, ancienne=ada.email, nouvelle="autre@exemple.fr")
    ici, la_bas = connecter(ada, chez=boe), connecter(ada, chez=ailleurs)
    lu = texte(ici.get(FERMER))
    assert "Il se ferme seulement ici, pour Ville de Boé." in lu
    assert ailleurs.nom not in lu  # une commune ne dit rien de l'autre
    assert "personne ne peut plus s'y connecter" not in lu
    fermer(ici)
    reste = Usager.objects.get(pk=ada.pk)
    assert (reste.email, reste.is_active, reste.ferme_le) == ("ada@exemple.fr", True, None)
    assert [c.get("/factures/").status_code for c in (ici, la_bas)] == [302, 200]
    assert Rattachement.objects.get(etat="actif").redevable == autre
    assert DemandeAdresse.objects.count() == 1  # l'ancienne adresse peut encore annuler
    faits = Journal.objects.filter(action__startswith="compte.")
    assert [(f.action, f.collectivite, f.apres) for f in faits] == [
        ("compte.quitte", boe.pk, {"fermeture": "personne"})
    ]
    [message] = [m for m in relever() if m.subject == "Votre compte est fermé"]
    assert "Il continue dans l'autre commune" in message.body
    # Puis là-bas aussi : il n'en reste rien.
    assert fermer(la_bas).status_code == 303
    assert Usager.objects.get(pk=ada.pk).ferme_le is not None
    effaces = Journal.objects.filter(action="compte.efface").order_by("collectivite")
    assert list(effaces.values_list("collectivite", flat=True)) == sorted([boe.pk, ailleurs.pk])


def test_agent_d_une_autre_commune_il_ne_se_ferme_qu_ici(boe, ailleurs, ada, facture, connecter):
    Affectation.objects.create(usager=ada, collectivite=ailleurs, role=Role.FACTURATION)
    assert fermer(connecter(ada, chez=boe)).status_code == 303
    assert Usager.objects.get(pk=ada.pk).is_active is True
    assert Rattachement.objects.get().etat == "detache"


# Revenir.


def test_l_adresse_libre_rouvre_un_compte_neuf_avec_un_nouveau_code(boe, ada, facture, redevable, connecter):
    fermer(connecter(ada, chez=boe))
    client = Client(HTTP_HOST="localhost")
    activer(client, "ada@exemple.fr", redevable.code, code_de(redevable))
    neuf = Usager.objects.get(email="ada@exemple.fr")
    assert neuf.pk != ada.pk
    assert list(Rattachement.objects.values_list("usager", "etat").order_by("pk")) == [
        (ada.pk, "detache"), (neuf.pk, "actif"),
    ]  # fmt: skip


def test_fermer_son_compte_ne_leve_pas_la_suspension_que_le_service_y_avait_mise(boe, ada, redevable, connecter):
    Redevable.objects.update(courriel="ada@exemple.fr")
    services.suspendre_rattachement(rattachement=Rattachement.objects.get(), motif="Séparation")
    assert list(Redevable.objects.connus_par("ada@exemple.fr", chez=boe)) == [redevable]
    fermer(connecter(ada, chez=boe))
    assert Rattachement.objects.get().etat == "suspendu"
    assert list(Redevable.objects.connus_par("ada@exemple.fr", chez=boe)) == []
    # Un code, le service l'a donné exprès.
    activer(Client(HTTP_HOST="localhost"), "ada@exemple.fr", redevable.code, code_de(redevable))
    assert Rattachement.objects.get(etat="actif").usager.email == "ada@exemple.fr"


# L'exploitant, et la base.


def ordonner(*options: str) -> str:
    sortie = io.StringIO()
    call_command("fermer_compte", *options, stdout=sortie)
    return sortie.getvalue().strip()


def test_l_exploitant_ferme_pour_de_bon_et_cela_ne_se_rouvre_pas(boe, ada, facture):
    dit = ordonner(ada.email, "--motif", "Demande écrite du 3 novembre", "--pour-de-bon")
    assert dit == "Le compte est fermé pour de bon."
    assert Journal.objects.get(action="compte.efface").apres == {
        "fermeture": "exploitant", "motif": "Demande écrite du 3 novembre",
    }  # fmt: skip
    ferme = Usager.objects.get(pk=ada.pk)
    assert ordonner(ferme.email, "--rouvrir") == "Ce compte n'était pas fermé, ou il l'est pour de bon."
    assert effacer(ada) is False
    with pytest.raises(IntegrityError, match="usager_ferme_n_entre_plus"), transaction.atomic():
        Usager.objects.filter(pk=ada.pk).update(is_active=True)
    with pytest.raises(CommandError, match="Aucun compte"):
        ordonner("ada@exemple.fr", "--motif", "x", "--pour-de-bon")


def test_un_paiement_ouvert_retient_aussi_l_exploitant(boe, ada, facture):
    tentative(facture, ada)
    with pytest.raises(CommandError, match="paiements est en cours"):
        ordonner(ada.email, "--motif", "x", "--pour-de-bon")


# Restaurer une sauvegarde.


def rejouer(traces: str) -> str:
    sortie, entree = io.StringIO(), io.StringIO(traces)
    call_command("rejouer_fermetures", traces=entree, stdout=sortie)
    return sortie.getvalue().strip()


def test_restaurer_une_sauvegarde_refait_les_fermetures_que_disent_les_traces(
    boe, ailleurs, ada, bob, facture, caplog, django_capture_on_commit_callbacks
):
    factories.redevable(ailleurs, bob)
    comptes = {u.pk: u for u in Usager.objects.all()}
    rattaches = list(Rattachement.objects.all())
    with caplog.at_level("INFO"), django_capture_on_commit_callbacks(execute=True):
        effacer(ada)
        services.quitter(usager=bob, chez=boe)
    traces = "\n".join(f"2026-11-26 INFO - {ligne}" for ligne in caplog.messages)
    assert "ada" not in traces
    for ligne in (*comptes.values(), *rattaches):  # la sauvegarde d'hier
        ligne.save()
    Courriel.objects.all().delete()

    assert rejouer(traces) == "2 refermés"
    assert Usager.objects.get(pk=ada.pk).ferme_le is not None
    assert [r.etat for r in Rattachement.objects.filter(usager=bob).order_by("pk")] == ["detache", "actif"]
    assert Courriel.objects.filter(sorte="comptes.compte_ferme").count() == 0
    assert rejouer(traces) == "2 déjà fermés ou inconnus"
    assert rejouer("rien de tel") == "Aucune fermeture."


def test_rejouer_ne_touche_pas_au_compte_qui_a_repris_le_numero(boe, ada, facture):
    assert rejouer(f"compte effacé {ada.pk} 2020-01-01T00:00:00+00:00 partout") == "1 déjà fermés ou inconnus"
    assert rejouer(f"compte quitté {ada.pk} {ada.cree_le.isoformat()} M999999999") == "1 déjà fermés ou inconnus"
    assert Usager.objects.get(pk=ada.pk).is_active


def test_rejouer_dit_qu_un_paiement_en_cours_retient_un_compte(boe, ada, facture):
    tentative(facture, ada)
    with pytest.raises(CommandError, match="relancez dans deux heures"):
        rejouer(f"compte effacé {ada.pk} {ada.cree_le.isoformat()} partout")
