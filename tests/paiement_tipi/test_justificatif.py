"""Le justificatif d'un paiement en ligne : ce qu'il dit, à qui, et ce qu'il devient quand la banque se ravise."""

import html
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from uuid import UUID

import factories
import pikepdf
import pypdfium2
import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from comptes.services import quitter
from factures.models import Reglement
from factures.services import rejeter
from paiement_tipi import services
from paiement_tipi.models import ContratTipi, Paiement
from portail import courriels
from tests.paiement_tipi.outils_machine import GuichetDocile
from tests.paiement_tipi.outils_tentatives import constater, demarrer, formulaire

pytestmark = pytest.mark.sqlite
# 0 h 30 le lendemain à Paris.
PAYE_LE = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
LIEN = "Justificatif de paiement en ligne"


@pytest.fixture
def chez_ada(connecter, ada, boe) -> Client:
    return connecter(ada, chez=boe)


def texte(reponse) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", reponse.getvalue().decode())).split())


def adresse(paiement) -> str:
    return f"/paiement/justificatif/{paiement.uuid}/"


def conclure(paiement, guichet, resultat="P", le=PAYE_LE) -> Paiement:
    guichet.conclure(paiement.idop, resultat)
    guichet.operations[paiement.idop].date = le
    constater(paiement, timezone.now(), guichet)
    return paiement


def payer(facture, usager, resultat="P", le=PAYE_LE, idop=1) -> Paiement:
    guichet = GuichetDocile()
    guichet.operations |= {UUID(int=2**64 + n): None for n in range(1, idop)}  # pris par un paiement d'avant
    return conclure(demarrer(facture, usager, guichet=guichet), guichet, resultat, le)


def depuis_le_papier(facture, guichet) -> Paiement:
    services.demarrer_paiement(
        facture=facture, usager=None, mel="payeur@exemple.fr", formulaire=formulaire(), guichet=guichet
    )
    return Paiement.objects.get()


def lu(reponse) -> str:
    """Le texte du PDF, qui est balisé, titré et servi comme un document."""
    octets = reponse.getvalue()
    attendus = {"Content-Type": "application/pdf", "Cache-Control": "no-store"}
    assert (reponse.status_code, {nom: reponse[nom] for nom in attendus}) == (200, attendus)
    assert "sandbox" in reponse["Content-Security-Policy"].split("; ")
    with pikepdf.open(BytesIO(octets)) as pdf:
        assert (bool(pdf.Root.MarkInfo.Marked), str(pdf.Root.Lang), len(pdf.pages)) == (True, "fr", 1)
    document = pypdfium2.PdfDocument(octets)
    return " ".join(document[0].get_textpage().get_text_range().split())


def test_page_et_pdf_disent_quoi_quand_comment_et_sous_quel_numero(chez_ada, boe, ada, facture):
    paiement = payer(facture, ada)
    page, pdf = texte(chez_ada.get(adresse(paiement))), chez_ada.get(f"{adresse(paiement)}pdf/")
    assert pdf["Content-Disposition"] == f'attachment; filename="justificatif-{paiement.refdet}.pdf"'
    attendus = (
        boe.nom, "Eau et assainissement", facture.numero, facture.reference, "243,11 €", paiement.refdet, "A55A",
        "Carte bancaire", "21 novembre 2026 à 00:30", "(heure de Paris)", "ticket que PayFiP",
    )  # fmt: skip
    for dit in (page, lu(pdf)):
        assert [mot for mot in attendus if mot not in dit.replace("\xa0", " ")] == []
        assert "rejeté" not in dit


def test_il_n_est_qu_a_qui_a_paye_et_qu_une_fois_paye(connecter, chez_ada, boe, ailleurs, ada, bob, agente, facture):
    cotitulaire = factories.usager()
    facture.redevable.rattachements.create(collectivite=boe, usager=cotitulaire)
    guichet = GuichetDocile()
    paiement = demarrer(facture, ada, guichet=guichet)
    pages = (adresse(paiement), f"{adresse(paiement)}pdf/")
    assert [chez_ada.get(page).status_code for page in pages] == [404, 404]
    conclure(paiement, guichet)
    factories.redevable(ailleurs, ada)
    for client, statut in (
        (chez_ada, 200),
        (connecter(bob, chez=boe), 404),
        (connecter(cotitulaire, chez=boe), 404),
        (connecter(agente, chez=boe), 404),
        (connecter(ada, chez=ailleurs), 404),
        (Client(HTTP_HOST=boe.hotes.get().nom), 302),
    ):
        assert [client.get(page).status_code for page in pages] == [statut, statut]
    assert LIEN not in texte(connecter(cotitulaire, chez=boe).get(facture.get_absolute_url()))
    Paiement.objects.filter(pk=paiement.pk).update(etat="essai-reussi")
    assert chez_ada.get(adresse(paiement)).status_code == 404


def test_la_facture_le_retour_et_le_seul_courriel_y_menent(chez_ada, ada, facture):
    assert LIEN not in texte(chez_ada.get(facture.get_absolute_url()))
    paiement = payer(facture, ada)
    for page in (facture.get_absolute_url(), f"/paiement/retour/{paiement.jeton}/"):
        assert f'href="{adresse(paiement)}"' in chez_ada.get(page).content.decode()
    assert adresse(paiement) not in Client().get(f"/paiement/retour/{paiement.jeton}/").content.decode()
    courriels.envoyer()
    [message] = mail.outbox
    assert f"http://localhost{adresse(paiement)}" in message.body
    assert f'href="http://localhost{adresse(paiement)}"' in message.alternatives[0].content


def test_un_prelevement_est_une_demande_et_sans_date_de_payfip_dit_la_notre(chez_ada, ada, facture):
    paiement = payer(facture, ada, "V", le=None)
    Paiement.objects.filter(pk=paiement.pk).update(date_payfip=None)
    for dit in (texte(chez_ada.get(adresse(paiement))), lu(chez_ada.get(f"{adresse(paiement)}pdf/"))):
        assert [mot in dit for mot in ("demande de prélèvement", "Somme à prélever", "Enregistré le")] == [True] * 3
        assert [mot in dit for mot in ("Carte bancaire", "Date donnée par PayFiP")] == [False, False]


def test_qui_a_paye_depuis_le_papier_a_le_sien_sans_rien_de_la_personne(chez_ada, boe, ailleurs, facture):
    guichet, anonyme = GuichetDocile(), Client(HTTP_HOST="localhost")
    paiement = depuis_le_papier(facture, guichet)
    retour = f"/paiement/retour/{paiement.jeton}/"
    pages = (f"{retour}justificatif/", f"{retour}justificatif/pdf/")
    assert [anonyme.get(page).status_code for page in pages] == [404, 404]
    conclure(paiement, guichet)
    assert f'href="{pages[0]}"' in anonyme.get(retour).content.decode()
    page = anonyme.get(pages[0])
    assert (page["Referrer-Policy"], page["Cache-Control"]) == ("strict-origin", "no-store")
    redevable = facture.redevable
    tus = (redevable.nom, redevable.code, facture.objet, facture.numero, "payeur@exemple.fr", "/factures/")
    attendus = (
        "Eau et assainissement",
        facture.reference,
        "243,11 €",
        paiement.refdet,
        "A55A",
        "21 novembre 2026 à 00:30",
    )
    assert [mot for mot in tus if mot in page.content.decode()] == []
    for dit in (texte(page), lu(anonyme.get(pages[1]))):
        lisible = dit.replace("\xa0", " ")
        assert ([mot for mot in attendus if mot not in lisible], [mot for mot in tus if mot in lisible]) == ([], [])
    # Ni par l'autre adresse, ni celui d'un compte par celle-ci.
    assert chez_ada.get(adresse(paiement)).status_code == 404
    Paiement.objects.filter(pk=paiement.pk).update(usager=facture.redevable.rattachements.get().usager)
    assert [anonyme.get(page).status_code for page in pages] == [404, 404]


def test_l_accuse_de_qui_a_paye_depuis_le_papier_mene_a_son_justificatif(boe, facture):
    guichet = GuichetDocile()
    paiement = conclure(depuis_le_papier(facture, guichet), guichet)
    courriels.envoyer()
    [message] = mail.outbox
    chemin = f"/paiement/retour/{paiement.jeton}/justificatif/"
    assert message.to == ["payeur@exemple.fr"]
    assert f"http://localhost{chemin}" in message.body
    assert f'href="http://localhost{chemin}"' in message.alternatives[0].content
    assert [mot for mot in (facture.numero, facture.objet, facture.redevable.nom) if mot in message.body] == []


def test_un_groupe_a_un_justificatif_qui_liste_ses_parts(chez_ada, boe, ada, eau):
    ContratTipi.objects.update(groupes=True)
    redevable = factories.redevable(boe, ada)
    factures = [factories.facture(redevable, eau, montant=Decimal(10 * n)) for n in (1, 2)]
    retenues, guichet = list(services.a_composer(ada, boe)), GuichetDocile()
    services.demarrer_groupe(
        factures=retenues, usager=ada, formulaire=formulaire(), vu=Decimal(30), guichet=guichet
    )  # fmt: skip
    paiement = conclure(Paiement.objects.get(), guichet)
    for dit in (texte(chez_ada.get(adresse(paiement))), lu(chez_ada.get(f"{adresse(paiement)}pdf/"))):
        lisible = dit.replace("\xa0", " ")
        attendus = ("30,00 €", "10,00 €", "20,00 €", *(f.numero for f in factures), *(f.reference for f in factures))
        assert [mot for mot in attendus if mot not in lisible] == []
    for facture, somme, autre in (factures[0], "10,00 €", factures[1]), (factures[1], "20,00 €", factures[0]):
        seule = f"{adresse(paiement)}{facture.uuid}/"
        assert f'href="{seule}"' in chez_ada.get(facture.get_absolute_url()).content.decode()
        assert f'href="{seule}"' in chez_ada.get(adresse(paiement)).content.decode()
        pdf = chez_ada.get(f"{seule}pdf/")
        assert f"justificatif-{facture.reference}.pdf" in pdf["Content-Disposition"]
        for dit in (texte(chez_ada.get(seule)), lu(pdf)):
            lisible = dit.replace("\xa0", " ")
            attendus = (somme, facture.numero, "Réglée avec d'autres factures, en un seul paiement de 30,00 €")
            assert [mot for mot in attendus if mot not in lisible] == []
            assert [mot for mot in (autre.numero, autre.reference) if mot in lisible] == []
    ailleurs = factories.facture(redevable, eau)
    for page in (f"{adresse(paiement)}{ailleurs.uuid}/", f"{adresse(paiement)}{ailleurs.uuid}/pdf/"):
        assert chez_ada.get(page).status_code == 404
    quitter(usager=ada, chez=boe)  # son compte fermé, le jeton seul l'ouvre
    sans_compte = Client(HTTP_HOST="localhost").get(f"/paiement/retour/{paiement.jeton}/justificatif/")
    assert (sans_compte.status_code, "/paiement/justificatif/" in sans_compte.content.decode()) == (200, False)


def test_rejete_apres_coup_il_le_dit_et_le_paiement_suivant_a_le_sien(chez_ada, ada, facture):
    premier = payer(facture, ada, "V")
    rejeter(reglement=Reglement.objects.get(), motif="Compte clos")
    Paiement.objects.filter(pk=premier.pk).update(envoye_le=timezone.now() - timedelta(days=9))
    for dit in (texte(chez_ada.get(adresse(premier))), lu(chez_ada.get(f"{adresse(premier)}pdf/"))):
        assert [mot in dit for mot in ("rejeté après coup", "ne prouve plus un paiement", "prélèvement")] == [True] * 3
    facture.refresh_from_db()
    second = payer(facture, ada, idop=2)
    assert "rejeté" not in texte(chez_ada.get(adresse(second)))
    page = chez_ada.get(facture.get_absolute_url()).content.decode()
    assert [page.count(f'href="{adresse(p)}"') for p in (premier, second)] == [1, 1]
