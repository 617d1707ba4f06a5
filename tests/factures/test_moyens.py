"""Pourquoi pas, et quoi d'autre : ce que chaque service propose à la place du paiement en ligne."""

import html
from datetime import date, timedelta
from decimal import Decimal

import factories
import pypdfium2
import pytest
from django.template.loader import render_to_string

from factures.etats import Empechement
from factures.etats.explications import EXPLICATIONS
from factures.models import Facture
from factures.services import composer_document, encaisser, expliquer, moyens_de
from factures.services.documents import _contexte
from portail.services import regler_les_moyens

pytestmark = pytest.mark.sqlite

IBAN = "FR12 9999 9000 0100 0000 0BOE 119"
GUICHET, CHEQUE, VIREMENT = "Mairie, rez-de-chaussée", "À l'ordre de : Régie de l'eau", f"IBAN : {IBAN}"
TABAC = "Chez un buraliste agréé"
# Là où payer sans internet serait faux : rien à payer, déjà en route, à vérifier, ou dû au Trésor public.
SANS_MOYENS = {
    "AVOIR", "ANNULEE", "DEJA_PAYEE", "PAIEMENT_DECLARE", "PAIEMENT_ABANDONNE", "PAIEMENT_EN_COURS",
    "PRELEVEMENT_AUTOMATIQUE", "DELAI_DEPASSE", "MISE_EN_ATTENTE",
}  # fmt: skip


@pytest.fixture
def redevable(facture):
    return facture.redevable


@pytest.fixture
def reglee(eau):
    """Le service de l'eau, qui a tout dit."""
    regler_les_moyens(
        regie=eau, guichet_adresse=GUICHET, guichet_horaires="le matin", cheque_ordre="Régie de l'eau",
        cheque_adresse="47550 Boé", virement_titulaire="Régie de l'eau", virement_iban=IBAN, tabac=True,
        prelevement="Au service, avec un RIB.",
    )  # fmt: skip
    eau.refresh_from_db()
    return eau


def texte(reponse) -> str:
    return html.unescape(reponse.content.decode())


def du_jour(facture) -> Facture:
    return Facture.objects.select_related("regie", "collectivite").avec_etat(date.today()).get(pk=facture.pk)


def test_chaque_raison_a_son_pas_suivant_avec_ou_sans_les_moyens_du_service(facture, reglee):
    tue = du_jour(facture)
    proposent = {cause for cause in Empechement if expliquer(tue, cause).moyens}
    assert {cause.value for cause in set(Empechement) - proposent} == SANS_MOYENS
    for cause in Empechement:
        suite = EXPLICATIONS[cause].avant_les_moyens if cause in proposent else EXPLICATIONS[cause].suite
        assert str(expliquer(tue, cause).suite) == str(suite) != ""
    muette = factories.facture(facture.redevable, factories.regie(facture.collectivite))
    assert {expliquer(muette, cause).suite for cause in proposent} == {EXPLICATIONS[c].suite for c in proposent}


def test_le_refus_dit_les_moyens_de_ce_service_et_la_reference_a_ecrire(connecter, boe, ada, redevable, reglee):
    client = connecter(ada, chez=boe)
    factories.suspendre(reglee, message="En travaux.")
    facture = factories.facture(redevable, reglee)
    for reponse, statut in (
        (client.get(facture.get_absolute_url()), 200),
        (client.post(f"{facture.get_absolute_url()}payer/"), 409),
    ):
        page = texte(reponse)
        assert reponse.status_code == statut
        attendus = (GUICHET, CHEQUE, VIREMENT, TABAC, f"Écrivez la référence : {facture.reference}", "En travaux.")
        assert [mot for mot in attendus if mot not in page] == []
        assert "avec un RIB" not in page  # le prélèvement ne paiera pas cette facture-ci
    autre = factories.regie(boe, suspendue=True)
    page = texte(client.get(factories.facture(redevable, autre).get_absolute_url()))
    assert (GUICHET in page, "au guichet du service" in page) == (False, True)


def test_payable_en_ligne_elle_les_replie_et_l_aide_les_dit_tous(connecter, boe, ada, facture, reglee):
    client = connecter(ada, chez=boe)
    page = texte(client.get(facture.get_absolute_url()))
    replie = page[page.index('<details class="autrement">') : page.index("</details>")]
    assert [mot in replie for mot in (GUICHET, CHEQUE, VIREMENT, TABAC, "avec un RIB")] == [True] * 5
    aide = texte(client.get("/aide/"))
    assert [mot in aide for mot in (reglee.libelle, GUICHET, VIREMENT, TABAC, "avec un RIB")] == [True] * 5


@pytest.mark.parametrize(("montant", "propose"), [("300.00", True), ("300.01", False)])
def test_le_buraliste_ne_prend_que_la_facture_entiere_jusqu_a_300_euros(redevable, reglee, montant, propose):
    facture = factories.facture(redevable, reglee, montant=Decimal(montant))
    assert (TABAC in [str(m.titre) for m in moyens_de(facture)]) is propose
    encaisser(facture=facture, montant=Decimal(1), moyen="especes", origine="x", recu_le=facture.publiee_le)
    facture.refresh_from_db()
    assert TABAC not in [str(m.titre) for m in moyens_de(facture)]


def test_le_document_les_dit_aussi(redevable, reglee):
    payable = factories.facture(redevable, reglee, lignes=[(f"Ligne {n}", Decimal(1)) for n in range(6)])
    trop_faible = factories.facture(redevable, reglee, montant=Decimal("0.50"))
    echue = factories.facture(redevable, reglee, date_limite_en_ligne=date.today() - timedelta(1))
    autour = {"adresse_logo": "", "aujourd_hui": date.today()}
    documents = [
        html.unescape(render_to_string("documents/facture.html", _contexte(du_jour(facture)) | autour))
        for facture in (payable, trop_faible, echue)
    ]
    assert [VIREMENT in document for document in documents] == [True, True, False]
    assert ["Payer en ligne" in document for document in documents] == [True, False, False]
    premiere = pypdfium2.PdfDocument(composer_document(payable))[0].get_textpage().get_text_range()
    assert [mot in premiere for mot in (GUICHET, "0BOE 119", TABAC)] == [True] * 3  # le cadre ne saute pas de page
