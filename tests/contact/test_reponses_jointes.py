"""Un agent joint des fichiers à sa réponse : relus avant de partir, vérifiés comme ceux des habitants."""

import re
from datetime import timedelta

import factories
import pytest
import time_machine
from django.utils import timezone

from contact import services
from contact.models import PieceJointe
from contact.pieces import Envoi, Piece
from portail.models import Affectation, Journal, Role
from tests.comptes.outils_messages import relever
from tests.contact.conftest import fichier
from tests.contact.outils_pieces import LIEU, clamd, image, pdf, pdf_infecte
from tests.contact.test_bureau import REPONSE, agir, lire, repondre


def jeton(reponse) -> str:
    """Ce que la page renverra de ce qui est déjà joint."""
    return re.findall(r'name="gardees"(?: value="([^"]*)")?', reponse.content.decode())[0]


def apercu(client, demande, **champs):
    return agir(client, demande, "repondre", texte=REPONSE, vu=services.dernier(demande), **champs)


def test_un_document_joint_se_relit_part_sans_etre_nomme_et_ne_se_lit_que_par_la_personne(
    chez_agente, chez_ada, connecter, client, demande, ada, bob, boe, ailleurs
):
    type(ada).objects.filter(pk=ada.pk).update(courriel_confirme_le=timezone.now())
    relue = apercu(chez_agente, demande, pieces=[fichier("Attestation.pdf", pdf()), fichier("plan.jpg", image())])
    assert (relue.status_code, "Attestation.pdf" in lire(relue), PieceJointe.objects.count()) == (200, True, 0)
    assert repondre(chez_agente, demande, gardees=jeton(relue)).status_code == 303
    attestation, plan = PieceJointe.objects.order_by("pk")
    assert (attestation.nom, attestation.message.genre, attestation.collectivite) == ("Attestation.pdf", "service", boe)
    assert LIEU.encode() not in octets(plan)
    assert Journal.objects.get(action="demande.reponse").apres == {"pieces": 2}
    [courriel] = relever()
    assert "2 documents vous attendent avec la réponse, dans votre espace." in courriel.body
    assert ("Attestation" in courriel.message().as_string(), courriel.attachments) == (False, [])
    adresse = f"/contact/pieces/{attestation.uuid}/"
    assert adresse in chez_ada.get(f"/contact/{demande.uuid}/").content.decode()
    assert chez_ada.get(adresse).getvalue() == octets(attestation)
    for personne, chez in ((bob, boe), (ada, ailleurs), (bob, ailleurs)):
        assert connecter(personne, chez=chez).get(adresse).status_code == 404
    client.defaults["HTTP_HOST"] = boe.hotes.get().nom
    assert client.get(adresse).status_code == 302
    for role, chez, statut in ((Role.RELATION, boe, 200), (Role.LECTURE, boe, 403), (Role.RELATION, ailleurs, 404)):
        agent = factories.usager(is_staff=True)
        Affectation.objects.create(usager=agent, collectivite=chez, role=role)
        lue = connecter(agent, chez=chez).get(f"/gestion/contact/piece/{attestation.uuid}/")
        lue.getvalue()  # ferme le fichier
        assert lue.status_code == statut


def octets(piece: PieceJointe) -> bytes:
    with piece.fichier.open() as lu:
        return lu.read()


def test_les_regles_des_habitants_valent_pour_l_agent_et_rien_n_est_perdu(chez_agente, demande, settings):
    refuses = {
        "ni un PDF ni une image": [fichier("a.exe", b"MZ" + bytes(99))],
        "trop lourd : 5 Mo au plus": [fichier("a.pdf", b"%PDF-" + bytes(5 << 20))],
        "3 fichiers au plus.": [fichier(f"{n}.pdf", pdf()) for n in range(4)],
    }
    for phrase, pieces in refuses.items():
        page = lire(apercu(chez_agente, demande, pieces=pieces))
        assert (phrase in page, REPONSE in page) == (True, True)
    with clamd() as serveur:
        settings.CLAMAV = serveur.server_address
        infectee = lire(apercu(chez_agente, demande, pieces=[fichier("virus.pdf", pdf_infecte())]))
        gardees = jeton(apercu(chez_agente, demande, pieces=[fichier("sain.pdf", pdf())]))
    assert "virus.pdf : l'antivirus y voit un virus." in infectee
    injoignable = apercu(chez_agente, demande, pieces=[fichier("b.pdf", pdf())], gardees=gardees)
    assert "b.pdf : nous ne pouvons pas la vérifier" in lire(injoignable)
    assert (jeton(injoignable), "Joints : sain.pdf." in lire(injoignable)) == (gardees, True)
    assert demande.messages.count() == 1


def test_rien_ne_part_sans_relecture_et_l_on_peut_remplacer_ou_retirer(chez_agente, demande, ada, boe):
    direct = repondre(chez_agente, demande, pieces=[fichier("a.pdf", pdf())])
    assert "Vos fichiers sont joints : relisez avant d'envoyer." in lire(direct)
    remplacee = apercu(chez_agente, demande, pieces=[fichier("b.pdf", pdf())], gardees=jeton(direct))
    assert ("b.pdf" in lire(remplacee), "a.pdf" in lire(remplacee)) == (True, False)
    retiree = apercu(chez_agente, demande, gardees=jeton(remplacee), retirer="on")
    assert ("b.pdf" in lire(retiree), jeton(retiree)) == (False, "")
    autre = factories.demande(ada, boe)
    for faux in (jeton(remplacee), "x"):  # d'une autre demande, ou de personne
        perdue = lire(repondre(chez_agente, autre, gardees=faux))
        assert "Vos fichiers ne sont plus gardés : choisissez-les de nouveau." in perdue
    with time_machine.travel(timezone.now() + timedelta(hours=13)), pytest.raises(services.FichiersPerdus):
        services.reprendre(demande=demande, jeton=jeton(remplacee))
    assert not PieceJointe.objects.exists()


def test_le_meme_texte_avec_un_document_de_plus_n_est_pas_un_double_clic(demande, agente):
    vu, piece = services.dernier(demande), Piece("a.pdf", "application/pdf", pdf())
    assert services.repondre(demande=demande, auteur=agente, envoi=Envoi(REPONSE, (piece,)), vu=vu) is True
    assert services.repondre(demande=demande, auteur=agente, envoi=Envoi(REPONSE, (piece,)), vu=vu) is False
    with pytest.raises(services.FilChange):
        services.repondre(demande=demande, auteur=agente, envoi=Envoi(REPONSE), vu=vu)
