"""Plusieurs factures en un paiement, ou l'un après l'autre : ce qui part, ce qui reste, et rien de perdu."""

from datetime import date, timedelta
from decimal import Decimal
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import uuid4

import factories
import pytest
from django.core import mail
from django.utils import timezone
from lxml import html

from factures.models import Facture
from factures.services import annuler, encaisser, marquer
from paiement_tipi import references, services
from paiement_tipi.models import ContratTipi, Paiement, PartPaiement
from paiement_tipi.services import adresse_du_papier
from portail import courriels
from portail.bornes import FACTURES_PAR_PAIEMENT
from portail.services import regler_les_moyens
from tests.paiement_tipi.outils_pages import liens, texte, titre
from tests.paiement_tipi.outils_tentatives import bilan, constater, creations, demarrer, empechement, pilote

pytestmark = pytest.mark.sqlite
PAGE = "/factures/payer-ensemble/"


@pytest.fixture
def payfip(simulateur):
    with pilote(simulateur) as pilotable:
        yield pilotable


@pytest.fixture
def trois(boe, ada, eau):
    """Trois factures d'Ada, d'un service qui les groupe : 10, 20 et 30 €."""
    ContratTipi.objects.update(groupes=True)
    redevable = factories.redevable(boe, ada)
    return [
        factories.facture(redevable, eau, numero=f"2026-{n}", montant=Decimal(10 * n), exercice=2023 + n)
        for n in (1, 2, 3)
    ]


@pytest.fixture
def chez_ada(connecter, ada, boe):
    return connecter(ada, chez=boe)


def cochees(factures):
    return PAGE + "?" + "&".join(f"facture={facture.uuid}" for facture in factures)


def champs(reponse):
    """Ce que renverrait le bouton de la page."""
    page = html.fromstring(reponse.content)
    envoi = {}
    for champ in page.iterfind('.//main//input[@type="hidden"]'):
        envoi.setdefault(champ.get("name"), []).append(champ.get("value"))
    return envoi


def confirmer(client, factures):
    """Lire la confirmation, puis partir."""
    return client.post(PAGE, champs(client.get(cochees(factures))))


def test_la_liste_coche_ce_qui_se_groupe_et_propose_de_tout_payer(chez_ada, ada, boe, trois):
    autre = factories.regie(boe)
    factories.contrat(autre)
    seule = factories.facture(trois[0].redevable, autre)
    page = html.fromstring(chez_ada.get("/factures/").content)
    cases = {case.get("value") for case in page.iterfind('.//input[@type="checkbox"]')}
    assert cases == {str(f.uuid) for f in trois}
    assert str(seule.uuid) not in cases
    assert [f.get("action") for f in page.iterfind('.//form[@id="ensemble"]')] == [PAGE]
    assert "/factures/tout-payer/" in liens(chez_ada.get("/factures/"))
    ContratTipi.objects.update(groupes=False)
    assert "checkbox" not in chez_ada.get("/factures/").content.decode()


def test_une_seule_facture_qui_se_groupe_ne_se_coche_pas(chez_ada, trois):
    annuler(factures=trois[1:], motif="Erreur")
    assert "checkbox" not in chez_ada.get("/factures/").content.decode()


def test_trois_factures_un_paiement_des_parts_exactes_un_accuse(chez_ada, payfip, trois):
    confirmation = chez_ada.get(cochees(reversed(trois)))
    assert [
        mot for mot in ("60,00 €", "Vérifiez, puis payez 3 factures", "2026-2") if mot not in texte(confirmation)
    ] == []
    reponse = confirmer(chez_ada, trois)
    paiement = Paiement.objects.get()
    assert reponse["Location"] == f"{payfip.url}/tpa/paiementws.web?idop={paiement.idop}"
    [envoyee] = creations(payfip)
    assert {nom: envoyee[nom] for nom in ("montant", "exer", "objet", "refdet")} == {
        "montant": "6000",
        "exer": "2026",
        "objet": "Eau et assainissement 3 factures 2026 1 2026 2 2026 3",
        "refdet": references.groupee(paiement.uuid),
    }
    parts = PartPaiement.objects.order_by("montant")
    assert [(p.facture, p.montant, p.ouverte) for p in parts] == [(f, f.montant, True) for f in trois]
    payfip.payer(str(paiement.idop))
    retour = chez_ada.get(f"/paiement/retour/{paiement.jeton}/")
    assert (titre(retour), [bilan(f) for f in trois]) == (
        "Votre paiement est enregistré",
        [("0.00", "0.00", ["carte"])] * 3,
    )
    courriels.envoyer()
    [message] = mail.outbox
    assert [f.numero for f in trois if f.get_absolute_url() not in message.body] == []


def test_la_reference_d_un_groupe_est_unique_et_permise():
    envois = {references.groupee(uuid4()) for _ in range(100)}
    assert (len(envois), {len(e) for e in envois}, all(e.isalnum() for e in envois)) == (100, {26}, True)


CHANGEMENTS = {
    "annulée": (lambda f: annuler(factures=[f], motif="Erreur"), "Cette facture a été annulée"),
    "réglée": (
        lambda f: encaisser(facture=f, montant=f.reste_du, moyen="especes", origine="x", recu_le=timezone.now()),
        "Cette facture est payée.",
    ),
    "prise": (
        lambda f: demarrer(f, Paiement.usager.field.related_model.objects.get(email="ada@exemple.fr")),
        "Un paiement est en cours",
    ),
}


@pytest.mark.parametrize("changement", CHANGEMENTS)
def test_une_facture_change_avant_le_depart_la_page_dit_laquelle_et_propose_le_reste(
    chez_ada, payfip, trois, changement
):
    changer, phrase = CHANGEMENTS[changement]
    envoi = champs(chez_ada.get(cochees(trois)))
    changer(trois[1])
    deja = len(creations(payfip))
    reponse = chez_ada.post(PAGE, envoi)
    lu = texte(reponse)
    assert (reponse.status_code, len(creations(payfip)) - deja) == (409, 0)
    assert [mot for mot in ("facture 2026-2", phrase, "Rien n'a été payé", "40,00 €") if mot not in lu] == []
    suite = champs(reponse)
    assert suite["facture"] == [str(trois[0].uuid), str(trois[2].uuid)]
    assert chez_ada.post(PAGE, suite).status_code == 303
    assert creations(payfip)[-1]["montant"] == "4000"


def test_une_somme_qui_a_change_se_relit_avant_de_partir(chez_ada, payfip, trois):
    envoi = champs(chez_ada.get(cochees(trois)))
    encaisser(facture=trois[2], montant=Decimal(5), moyen="cheque", origine="x", recu_le=timezone.now())
    reponses = [chez_ada.post(PAGE, envoi), chez_ada.post(PAGE, envoi | {"vu": ["1.00"]})]
    assert ([r.status_code for r in reponses], "55,00 €" in texte(reponses[0])) == ([409, 409], True)
    assert creations(payfip) == []
    assert chez_ada.post(PAGE, champs(reponses[0])).status_code == 303


def test_reglee_pendant_que_payfip_repond_les_autres_sont_exactes_et_elle_a_un_trop_percu(chez_ada, payfip, trois):
    confirmer(chez_ada, trois)
    paiement = Paiement.objects.get()
    encaisser(facture=trois[1], montant=Decimal(20), moyen="especes", origine="x", recu_le=timezone.now())
    payfip.payer(str(paiement.idop))
    assert constater(paiement, timezone.now())
    assert [bilan(f) for f in trois] == [
        ("0.00", "0.00", ["carte"]),
        ("0.00", "20.00", ["especes", "carte"]),
        ("0.00", "0.00", ["carte"]),
    ]


def test_abandonne_le_groupe_se_reessaie_ensemble(chez_ada, payfip, trois):
    confirmer(chez_ada, trois)
    paiement = Paiement.objects.get()
    payfip.payer(str(paiement.idop), action="refuser")
    retour = chez_ada.get(f"/paiement/retour/{paiement.jeton}/")
    assert cochees(trois) in liens(retour)
    assert chez_ada.get(cochees(trois)).status_code == 200


def test_un_double_clic_ne_fait_qu_un_paiement(chez_ada, payfip, trois):
    envoi = champs(chez_ada.get(cochees(trois)))
    adresses = {chez_ada.post(PAGE, envoi)["Location"] for _ in range(2)}
    assert (len(adresses), len(creations(payfip))) == (1, 1)


def test_titre_autre_service_et_trop_de_factures_restent_de_cote(chez_ada, boe, trois):
    autre = factories.regie(boe)
    factories.contrat(autre, groupes=True)
    ailleurs = factories.facture(trois[0].redevable, autre, date_echeance=date.today() + timedelta(days=99))
    assert "Elle est d'un autre service" in texte(chez_ada.get(cochees([*trois, ailleurs])))
    de_trop = [factories.facture(trois[0].redevable, trois[0].regie) for _ in range(FACTURES_PAR_PAIEMENT)]
    page = chez_ada.get(cochees([*trois, *de_trop]))
    assert (len(champs(page)["facture"]), texte(page).count("Il y a trop de factures")) == (FACTURES_PAR_PAIEMENT, 3)
    Facture.objects.filter(pk__in=[f.pk for f in trois]).update(montant=50_000, reste_du=50_000)
    assert texte(chez_ada.get(cochees(trois))).count("La somme serait trop élevée") == 2
    type(autre).objects.update(mode="titre")
    page = chez_ada.get(cochees(trois))
    assert (titre(page), "ne permet pas" in texte(page)) == ("Ces factures ne se paient pas ensemble", True)
    assert chez_ada.post(PAGE, {"facture": [str(f.uuid) for f in trois], "vu": "60"}).status_code == 409


def test_par_url_une_regie_les_reunit_et_le_tresor_regle_chaque_part(chez_ada, trois):
    ContratTipi.objects.update(transport="url-regie", saisie="A")
    envoye = dict(parse_qsl(urlsplit(confirmer(chez_ada, trois)["Location"]).query))
    paiement = Paiement.objects.get()
    assert (envoye["montant"], envoye["refdet"]) == ("6000", references.groupee(paiement.uuid))
    dit = {nom: envoye[nom] for nom in ("numcli", "refdet", "montant", "saisie")} | {"resultrans": "P", "numauto": "1"}
    assert services.recevoir_resultat(jeton=paiement.jeton, requete=urlencode(dit), corps=b"")
    assert [(empechement(f), bilan(f)[2]) for f in trois] == [("PAIEMENT_DECLARE", [])] * 3
    assert services.confirmer_declare(paiement=paiement, source="fichier du Trésor")
    assert [bilan(f) for f in trois] == [("0.00", "0.00", ["carte"])] * 3


def test_par_url_un_titre_part_seul_et_la_page_le_dit(chez_ada, trois):
    envoi = champs(chez_ada.get(cochees(trois)))
    ContratTipi.objects.update(transport="url-titre", saisie="A")
    pages = [chez_ada.get(cochees(trois)), chez_ada.post(PAGE, envoi)]
    assert [(page.status_code, titre(page)) for page in pages] == [
        (200, "Ces factures ne se paient pas ensemble"),
        (409, "Ces factures ne se paient pas ensemble"),
    ]
    phrase = "Ce service ne permet pas de payer plusieurs factures à la fois."
    assert ([texte(page).count(phrase) for page in pages], Paiement.objects.count()) == ([3, 3], 0)


def test_une_seule_coche_ou_aucune_mene_ou_il_faut(chez_ada, trois):
    seule, aucune = chez_ada.get(cochees(trois[:1])), chez_ada.get(PAGE)
    assert (titre(seule), titre(aucune)) == ("Vous avez coché une seule facture", "Vous n'avez coché aucune facture")
    assert (f"/factures/{trois[0].uuid}/payer/" in liens(seule), champs(seule)) == (True, {})


def test_la_panne_de_payfip_garde_la_selection(chez_ada, payfip, trois):
    payfip.regler(panne="502")
    regler_les_moyens(regie=trois[0].regie, guichet_adresse="Guichet de l'eau", guichet_horaires="le matin")
    reponse = confirmer(chez_ada, trois)
    assert (reponse.status_code, cochees(trois) in liens(reponse)) == (503, True)
    assert "Guichet de l'eau" in texte(reponse)
    payfip.regler(panne="aucune")
    assert confirmer(chez_ada, trois).status_code == 303


def test_la_facture_d_un_autre_ne_part_jamais(connecter, boe, ailleurs, ada, bob, payfip, trois):
    sienne = factories.facture(factories.redevable(boe, bob), trois[0].regie)
    visiteurs = [connecter(bob, chez=boe), connecter(ada, chez=ailleurs)]
    for client in visiteurs:
        assert [client.get(cochees(trois)).status_code, client.post(PAGE, {"facture": trois[0].uuid}).status_code] == [
            404
        ] * 2
    melange = visiteurs[0].get(cochees([*trois, sienne]))
    assert (champs(melange), "2026-1" in texte(melange)) == ({}, False)
    envoi = {"facture": [f.uuid for f in (*trois, sienne)], "vu": "303.11"}
    assert (visiteurs[0].post(PAGE, envoi).status_code, creations(payfip)) == (409, [])


# L'une après l'autre.


def test_tout_payer_enchaine_et_garde_la_place(chez_ada, ada, boe, payfip, trois):
    cantine = factories.regie(boe)
    factories.contrat(cantine)
    redevable = trois[0].redevable
    seules = [
        factories.facture(redevable, cantine, montant=Decimal(n), date_echeance=date.today() + timedelta(days=n))
        for n in (1, 2, 3)
    ]
    marquer(facture=factories.facture(redevable, cantine), usager=ada, reglee=True)
    page = chez_ada.get("/factures/tout-payer/")
    assert [mot for mot in ("66,00 €", "Payer la première (1 sur 4)") if mot not in texte(page)] == []
    for rang, facture in enumerate(seules, start=1):
        assert f"/factures/{facture.uuid}/payer/" in liens(page)
        paiement = demarrer(facture, ada)
        payfip.payer(str(paiement.idop))
        page = chez_ada.get(f"/paiement/retour/{paiement.jeton}/")
        assert f"Payer la suivante ({rang + 1} sur 4)" in texte(page)
    assert ("60,00 €" in texte(page), cochees(trois) in liens(page)) == (True, True)
    Paiement.objects.update(envoye_le=timezone.now() - timedelta(hours=1))
    assert "Payer la première (1 sur 1)" in texte(chez_ada.get("/factures/tout-payer/"))
    confirmer(chez_ada, trois)
    page = chez_ada.get("/factures/tout-payer/")
    dits = (
        "Un paiement est déjà en cours",
        "2026-1",
        "2026-3",
        "Paiement en cours",
        "Rien d'autre ne se paie en ligne",
    )
    assert [mot for mot in dits if mot not in texte(page)] == []
    assert ("0,00 €" in texte(page), f"{trois[0].get_absolute_url()}#paiement" in liens(page)) == (False, True)


def test_la_page_de_chacune_dit_lesquelles_le_paiement_retient_aussi(chez_ada, connecter, ada, bob, boe, payfip, trois):
    ailleurs = factories.facture(factories.redevable(boe, ada), trois[0].regie, numero="2026-4")
    trois[0].redevable.rattachements.create(collectivite=boe, usager=bob)  # de trois d'entre elles seulement
    assert "plusieurs factures" not in texte(chez_ada.get(trois[0].get_absolute_url()))
    confirmer(chez_ada, [*trois, ailleurs])
    page = chez_ada.get(trois[0].get_absolute_url())
    assert "Ce paiement règle plusieurs factures en une fois" in texte(page)
    assert set(liens(page)) >= {autre.get_absolute_url() for autre in (*trois[1:], ailleurs)}
    chez_bob = connecter(bob, chez=boe).get(trois[0].get_absolute_url())
    assert ("1 facture d'un autre compte" in texte(chez_bob), "2026-4" in texte(chez_bob)) == (True, False)
    assert trois[1].get_absolute_url() in liens(chez_bob)


@pytest.mark.parametrize("saisie", ["T", "X"])
def test_un_service_qui_n_encaisse_pas_encore_le_dit_avant_de_payer(chez_ada, ada, boe, eau, trois, saisie):
    pages = [f"{trois[0].get_absolute_url()}payer/", cochees(trois), "/factures/tout-payer/"]
    papier = adresse_du_papier(trois[0]).removeprefix(boe.adresse)
    essai = "Essai : ce service n'encaisse pas encore"
    assert [essai in texte(chez_ada.get(page)) for page in (*pages, papier)] == [False] * 4
    cantine = factories.regie(boe)
    factories.contrat(cantine)
    tardive = factories.facture(trois[0].redevable, cantine, date_echeance=date.today() + timedelta(days=300))
    ContratTipi.objects.filter(regie=eau).update(saisie=saisie)
    lues = [texte(chez_ada.get(page)) for page in (*pages, papier)]
    assert [essai in lue for lue in lues] == [True] * 4
    assert ["cette facture restera à payer" in lue for lue in lues] == [True, False, False, True]
    # Ce qui ne règle rien passe après ce qui règle : sans cela, « la suivante » serait toujours la même.
    assert f"/factures/{tardive.uuid}/payer/" in liens(chez_ada.get("/factures/tout-payer/"))
