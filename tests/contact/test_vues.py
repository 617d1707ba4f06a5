"""Ce que fait la personne dans « Contact » : écrire, joindre, lire, répondre ; et les refus, qui ne perdent rien."""

import html
import re
from datetime import timedelta
from uuid import uuid4

import factories
import pytest
import time_machine
from django.utils import timezone

from comptes.models import Rattachement
from contact.etats import EtatDemande
from contact.models import Demande, Message, PieceJointe
from contact.services import prevenir_les_services
from portail import bornes
from portail.models import Courriel, Journal
from tests.comptes.outils_messages import relever
from tests.contact.conftest import fichier
from tests.contact.outils_pieces import LIEU, clamd, image, pdf, pdf_infecte

CONTACT = "/contact/"
TEXTE = "Bonjour,\nma facture est fausse."


def lire(reponse) -> str:
    """Le texte de la page, sans balises."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", reponse.content.decode())).split())


def envoyer(client, adresse=CONTACT, **champs):
    return client.post(adresse, {"message": TEXTE, **champs})


@pytest.mark.sqlite
def test_la_page_a_les_mots_du_guide_et_qui_ecrit_est_deja_rempli(chez_ada, ada, facture):
    page = chez_ada.get(CONTACT)
    texte = lire(page)
    attendus = (
        "Contacter le service", "Madame LOVELACE Ada", "ada@exemple.fr", "1 rue des Tests 47550 Boé", "Votre message",
        "Effacer", "Envoyer", "Informations générales", "Num téléphone : 05 61 00 19 30",
        "Horaires : du lundi au vendredi, de 7h à 22h",
    )  # fmt: skip
    assert [mot for mot in attendus if mot not in texte] == []
    assert re.search(r'<a [^>]*href="/contact/"[^>]*aria-current="page"', page.content.decode())
    assert f'href="/contact/?facture={facture.uuid}"' in chez_ada.get(facture.get_absolute_url()).content.decode()


@pytest.mark.sqlite
def test_une_demande_s_enregistre_tout_de_suite_et_le_service_en_est_prevenu(chez_ada, ada, boe, facture):
    boe.courriel_contact = "mairie@boe.example"
    boe.save()
    reponse = envoyer(
        chez_ada, facture=facture.uuid, pieces=[fichier("compteur.jpg", image()), fichier("a.pdf", pdf())]
    )
    demande = Demande.objects.get()
    assert (reponse.status_code, reponse["Location"]) == (303, f"/contact/{demande.uuid}/enregistree/")
    assert (demande.usager, demande.collectivite, demande.facture, demande.regie) == (ada, boe, facture, facture.regie)
    assert (demande.objet, demande.etat) == ("Bonjour, ma facture est fausse.", EtatDemande.NOUVELLE)
    message = demande.messages.get()
    assert (message.texte, message.genre, message.par) == (TEXTE, "usager", ada)
    assert list(message.pieces.values_list("nom", "genre")) == [
        ("compteur.jpg", "image/jpeg"),
        ("a.pdf", "application/pdf"),
    ]
    page = lire(chez_ada.get(reponse["Location"]))
    attendus = (
        "Votre demande est enregistrée",
        demande.numero,
        "Eau et assainissement",
        "10 jours ouvrés",
        "ada@exemple.fr",
    )
    assert [mot for mot in attendus if mot not in page] == []
    [fait] = Journal.objects.filter(objet="contact.demande")
    assert (fait.action, fait.apres) == ("demande.ouverte", {"pieces": 2})
    accuse, avis = sorted(relever(), key=lambda m: m.to)
    assert (accuse.to, avis.to) == (["ada@exemple.fr"], ["mairie@boe.example"])
    for mot in (demande.numero, "Eau et assainissement", "10 jours ouvrés", f"{boe.adresse}/contact/{demande.uuid}/"):
        assert mot in accuse.body
    assert "1 demande d'un habitant n'a pas encore été lue." in avis.body
    for mot in ("LOVELACE", "ada@", "fausse", demande.numero):
        assert mot not in avis.body + avis.subject


@pytest.mark.parametrize("confirmee", [True, False])
def test_l_accuse_ne_repete_le_message_qu_a_une_adresse_prouvee(chez_ada, ada, confirmee):
    type(ada).objects.filter(pk=ada.pk).update(courriel_confirme_le=timezone.now() if confirmee else None)
    envoyer(chez_ada)
    [accuse] = relever()
    assert all(("fausse" in partie) is confirmee for partie in (accuse.body, accuse.alternatives[0][0]))


def test_un_texte_html_ou_de_gabarit_se_lit_sans_s_executer(chez_ada, ada):
    type(ada).objects.update(courriel_confirme_le=timezone.now())
    envoyer(chez_ada, message="<script>alert(1)</script>")
    demande = Demande.objects.get()
    assert "&lt;script&gt;alert(1)" in chez_ada.get(f"/contact/{demande.uuid}/").content.decode()
    envoyer(chez_ada, message="{{ settings.SECRET_KEY }} {% include 'x' %}")
    script, gabarit = relever()
    assert ("<script>alert(1)" in script.body, "<script>" in script.alternatives[0][0]) == (True, False)
    assert "{{ settings.SECRET_KEY }} {% include 'x' %}" in gabarit.body


REFUS = {
    "vide": ({"message": " \r\n "}, "Écrivez votre message."),
    "trop long": ({"message": "x" * 5001}, "trop long : 5001 signes, pour 5000 au plus"),
    "une carte": ({"message": "Ma carte : 4111 1111 1111 1111"}, "On dirait un numéro de carte bancaire."),
    "une carte dans l'objet": ({"objet": "4111111111111111"}, "On dirait un numéro de carte bancaire."),
    "deux lignes": ({"objet": "a\r\nBcc: b@exemple.fr"}, "Écrivez sur une seule ligne."),
    "un octet nul": ({"message": "a\0b"}, "caractère"),
    "une facture inventée": ({"facture": str(uuid4())}, "Cette facture n'est pas dans vos factures."),
    "une facture qui n'en est pas une": ({"facture": "1' OR 1=1"}, "Cette facture n'est pas dans vos factures."),
    "un service inconnu": ({"service": "INCONNU"}, "choix"),
    "quatre fichiers": ({"pieces": [fichier(f"{n}.pdf", pdf()) for n in range(4)]}, "3 fichiers au plus"),
    "un programme": ({"pieces": [fichier("facture.pdf", b"MZ programme")]}, "facture.pdf : ce n'est ni un PDF"),
}  # fmt: skip


@pytest.mark.parametrize("quoi", REFUS)
def test_un_envoi_refuse_dit_pourquoi_et_garde_tout_le_texte(chez_ada, facture, quoi):
    champs, phrase = REFUS[quoi]
    reponse = envoyer(chez_ada, **champs)
    assert reponse.status_code == 200
    assert phrase in lire(reponse)
    garde = html.unescape(reponse.content.decode()).replace("\r\n", "\n")
    assert champs.get("message", TEXTE).strip().replace("\0", "") in garde.replace("\0", "")
    assert not Demande.objects.exists()
    assert not Courriel.objects.exists()
    if "pieces" in champs:
        assert "Choisissez de nouveau vos fichiers" in lire(reponse)


@pytest.mark.parametrize("signes", [1, 5000])
def test_le_plus_court_et_le_plus_long_des_messages(chez_ada, signes):
    lignes = "\r\n".join(["xx"] * 9)  # une fin de ligne compte pour un signe, comme à l'écran
    texte = lignes + "x" * (signes - 26) if signes > 26 else "x"
    assert envoyer(chez_ada, message=texte).status_code == 303
    assert len(Message.objects.get().texte) == signes


def test_la_facture_d_un_autre_n_est_ni_proposee_ni_acceptee(chez_ada, bob, boe, eau):
    autre = factories.facture(factories.redevable(boe, bob), eau)
    assert chez_ada.get(f"{CONTACT}?facture={autre.uuid}").status_code == 404
    assert chez_ada.get(f"{CONTACT}?facture=abc").status_code == 404
    reponse = envoyer(chez_ada, facture=autre.uuid)
    assert "Cette facture n'est pas dans vos factures." in lire(reponse)
    assert autre.numero not in lire(reponse)
    assert not Demande.objects.exists()


def test_depuis_une_facture_elle_est_deja_choisie(chez_ada, facture):
    page = chez_ada.get(f"{CONTACT}?facture={facture.uuid}").content.decode()
    assert re.search(rf'<option value="{facture.uuid}"\s+selected>', page)


def test_un_formulaire_envoye_deux_fois_ne_fait_qu_une_demande(chez_ada, demande):
    formulaire = uuid4()
    adresses = {envoyer(chez_ada, formulaire=formulaire)["Location"] for _ in range(2)}
    assert (len(adresses), Demande.objects.count()) == (1, 2)
    envoyer(chez_ada, formulaire=formulaire, message="Un autre texte, revenu par « Précédent ».")
    assert Demande.objects.count() == 3
    for _ in range(2):
        envoyer(chez_ada, f"/contact/{demande.uuid}/", formulaire=formulaire, message="Une suite.")
    assert demande.messages.count() == 2


@pytest.mark.sqlite
def test_elle_repond_et_sa_demande_close_revient_au_service(chez_ada, agente, demande, ada, boe):
    demande.messages.create(collectivite=boe, genre="service", par=agente, texte="C'est réglé.")
    demande.messages.create(collectivite=boe, genre="note", par=agente, texte="Entre nous.")
    Demande.objects.update(etat="close", clos_le=timezone.now(), attend_depuis=None)
    adresse = f"/contact/{demande.uuid}/"
    page = lire(chez_ada.get(adresse))
    assert ("C'est réglé." in page, "Entre nous." in page, "Agente" in page, "Terminée" in page) == (
        True,
        False,
        False,
        True,
    )
    assert envoyer(chez_ada, adresse, pieces=[fichier("a.png", image("PNG"))]).status_code == 303
    demande.refresh_from_db()
    assert (demande.etat, demande.clos_le, demande.attend_depuis is None) == ("nouvelle", None, False)
    assert PieceJointe.objects.get().message.par == ada
    assert "Votre message est envoyé au service." in lire(chez_ada.get(adresse))


def test_une_reponse_refusee_garde_le_texte_et_le_fil(chez_ada, demande):
    reponse = envoyer(chez_ada, f"/contact/{demande.uuid}/", message="4111 1111 1111 1111 merci")
    assert ("4111 1111 1111 1111 merci" in lire(reponse), demande.messages.count()) == (True, 1)


@pytest.mark.sqlite
def test_une_piece_se_telecharge_nettoyee_et_ne_s_execute_jamais(chez_ada, fichiers):
    envoyer(chez_ada, pieces=[fichier('../é"\u202e<b>.exe', image())])
    piece = PieceJointe.objects.get()
    assert (piece.nom, [f.name for f in fichiers.iterdir()]) == ('é"<b>.jpg', [f"{piece.uuid}.jpg"])
    reponse = chez_ada.get(f"/contact/pieces/{piece.uuid}/")
    contenu = reponse.getvalue()
    assert (len(contenu), LIEU.encode() in contenu) == (piece.taille, False)
    assert reponse["Content-Type"] == "image/jpeg"
    assert reponse["Content-Disposition"].startswith("attachment; filename")
    assert "sandbox" in reponse["Content-Security-Policy"]
    entetes = ("X-Content-Type-Options", "Cache-Control", "Cross-Origin-Resource-Policy")
    assert [reponse[nom] for nom in entetes] == ["nosniff", "no-store", "same-origin"]
    assert not reponse.cookies
    next(fichiers.iterdir()).unlink()
    assert chez_ada.get(f"/contact/pieces/{piece.uuid}/").status_code == 503


def test_la_piece_d_une_note_interne_n_est_pas_pour_la_personne(chez_ada, demande, agente, boe):
    note = demande.messages.create(collectivite=boe, genre="note", par=agente, texte="x")
    piece = note.pieces.create(collectivite=boe, nom="a.pdf", genre="application/pdf", taille=1, fichier="a")
    assert chez_ada.get(f"/contact/pieces/{piece.uuid}/").status_code == 404


def test_sans_antivirus_joignable_la_piece_est_refusee_et_le_texte_garde(chez_ada, settings):
    with clamd() as serveur:
        settings.CLAMAV = serveur.server_address
        assert envoyer(chez_ada, pieces=[fichier("a.pdf", pdf())]).status_code == 303
        infectee = lire(envoyer(chez_ada, pieces=[fichier("virus.pdf", pdf_infecte())]))
    injoignable = lire(envoyer(chez_ada, pieces=[fichier("a.pdf", pdf())]))
    assert "virus.pdf : l'antivirus y voit un virus." in infectee
    assert "a.pdf : nous ne pouvons pas la vérifier pour l'instant." in injoignable
    assert all("ma facture est fausse." in page for page in (infectee, injoignable))
    assert envoyer(chez_ada, message="Sans elle.").status_code == 303
    assert Demande.objects.count() == 2


def test_un_envoi_lourd_est_lu_ici_jusqu_a_sa_borne_et_nulle_part_ailleurs(chez_ada, client, boe, facture):
    lourd = bytes(bornes.OCTETS_PAR_PIECE + 1)
    assert "trop lourd : 5 Mo au plus" in lire(envoyer(chez_ada, pieces=[fichier("a.pdf", b"%PDF-" + lourd)] * 3))
    demesure = [fichier("a.pdf", bytes(bornes.OCTETS_PAR_MESSAGE))]
    refusee = envoyer(chez_ada, pieces=demesure)
    assert (refusee.status_code, "dépassent 25 Mo en tout" in lire(refusee)) == (413, True)
    assert chez_ada.post(f"{facture.get_absolute_url()}reglee/", {"x": fichier("a", lourd)}).status_code == 400
    client.defaults["HTTP_HOST"] = boe.hotes.get().nom
    assert client.post(CONTACT, {"pieces": fichier("a.pdf", lourd)}).status_code == 400  # anonyme : pas même lu
    assert not Demande.objects.exists()


@pytest.mark.parametrize("limite", ["messages", "messages-par-commune"])
def test_au_dela_de_la_limite_la_page_garde_le_texte_et_dit_quand_revenir(chez_ada, demande, settings, limite):
    settings.LIMITES = {**settings.LIMITES, limite: (1, 600)}
    assert envoyer(chez_ada).status_code == 303
    for adresse in (CONTACT, f"/contact/{demande.uuid}/"):
        reponse = envoyer(chez_ada, adresse, message="Un texte qu'il ne faut pas perdre.")
        assert (reponse.status_code, int(reponse["Retry-After"]) <= 600) == (429, True)
        page = lire(reponse)
        assert "Trop de messages en peu de temps. Votre texte est gardé" in page
        assert "Un texte qu'il ne faut pas perdre." in page
    assert Message.objects.count() == 2
    assert Journal.objects.filter(action="limite.depassee", apres={"limite": limite}).count() == 1


def test_un_flot_de_messages_ne_fait_qu_un_courriel_par_quart_d_heure_et_rien_ne_se_perd(chez_ada, boe, settings):
    boe.courriel_contact = "mairie@boe.example"
    boe.save()
    settings.LIMITES = {**settings.LIMITES, "messages": (1000, 3600)}
    for n in range(12):
        envoyer(chez_ada, message=f"Message {n}")
    assert Courriel.objects.filter(sorte="contact.avis").count() == 1
    assert Demande.objects.filter(a_signaler=True).count() == 11
    for quart in (15, 30):
        with time_machine.travel(timezone.now() + timedelta(minutes=quart), tick=False):
            prevenir_les_services()
    assert Courriel.objects.filter(sorte="contact.avis").count() == 2
    assert not Demande.objects.filter(a_signaler=True).exists()
    assert Demande.objects.count() == 12


def test_la_personne_detachee_lit_encore_son_fil_mais_plus_la_facture(chez_ada, ada, facture, boe):
    demande = factories.demande(ada, boe, facture=facture, texte="Une question.")
    assert facture.numero in lire(chez_ada.get(f"/contact/{demande.uuid}/"))
    Rattachement.objects.all().delete()
    page = lire(chez_ada.get(f"/contact/{demande.uuid}/"))
    assert ("Une question." in page, facture.numero in page) == (True, False)
    assert "Le service ne la connaît pas" in lire(chez_ada.get(CONTACT))


def test_une_reponse_attendue_se_voit_en_arrivant(chez_ada, demande):
    Demande.objects.update(etat="repondue", attend_depuis=None)
    page = chez_ada.get(CONTACT).content.decode()
    assert f'href="/contact/{demande.uuid}/">Lire la réponse</a>' in page
