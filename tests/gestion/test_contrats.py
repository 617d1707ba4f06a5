"""Le contrat d'un service : son numéro, son transport, et sa route du test à la production (payfip.md §4)."""

from decimal import Decimal

import factories
import pytest

from factures.models import Facture
from paiement_tipi.models import ContratTipi, Paiement
from portail.models import Journal
from tests.gestion.conftest import adresse
from tests.paiement_tipi.outils_tentatives import bilan, constater, demarrer, empechement, pilote

SERVICE_WEB = {"numcli": "006382", "transport": "service-web", "carte": "on", "prelevement": "on"}
NEUF = {
    "numcli": "006382",
    "transport": "service-web",
    "carte": True,
    "prelevement": True,
    "dette_sur_13": False,
    "montant_minimal": None,
    "montant_maximal": None,
    "saisie": "T",
}


@pytest.fixture
def admin(boe, connecter):
    return connecter(factories.administratrice(boe), chez=boe)


@pytest.fixture
def payfip(simulateur):
    with pilote(simulateur) as pilotable:
        pilotable.regler(clients={"111111": "activation"}, notification="jamais")
        yield pilotable


def passer(admin, contrat, vers, **plus):
    reponse = admin.post(adresse(contrat, "mettre_en_service"), {"vers": vers, "motif": "Convention", **plus})
    contrat.refresh_from_db()
    return reponse.status_code, contrat.saisie


def lire(admin, contrat):
    return admin.get(adresse(contrat, "change")).content.decode()


@pytest.mark.sqlite
def test_un_contrat_se_raccorde_et_un_autre_numero_repart_du_test(admin, boe):
    regie = factories.regie(boe)
    envoi = {**SERVICE_WEB, "motif": "Adhésion", "montant_maximal": "1 500,50"}
    assert admin.post(adresse(regie, "raccorder"), {**envoi, "montant_maximal": ""}).status_code == 303
    contrat = ContratTipi.objects.get(regie=regie)
    ContratTipi.objects.update(saisie="W", libelles="REGIE", verifie_le=boe.ouverte_le)
    assert admin.post(adresse(contrat, "modifier"), envoi).status_code == 303
    contrat.refresh_from_db()
    assert (contrat.saisie, contrat.libelles, contrat.montant_maximal) == ("W", "REGIE", Decimal("1500.50"))
    rien = admin.post(adresse(contrat, "modifier"), envoi)
    assert (rien.status_code, "Rien ne change" in rien.content.decode()) == (200, True)
    assert admin.post(adresse(contrat, "modifier"), {**envoi, "transport": "url-regie"}).status_code == 303
    contrat.refresh_from_db()
    assert (contrat.saisie, contrat.libelles, contrat.verifie_le) == ("T", "", None)
    faits = [(f.avant, f.apres) for f in Journal.objects.filter(action__startswith="contrat.").order_by("pk")]
    adhesion, borne = {"motif": "Adhésion"}, {"montant_maximal": 150050}
    par_url = NEUF | borne | {"transport": "url-regie"}
    assert faits == [
        (None, NEUF | adhesion),
        (NEUF | {"saisie": "W"}, NEUF | {"saisie": "W"} | borne | adhesion),
        (NEUF | {"saisie": "W"} | borne, par_url | adhesion),
    ]
    for refus in ({"carte": "", "prelevement": ""}, {"montant_maximal": "100 000"}, {"montant_minimal": "2000"}):
        assert admin.post(adresse(contrat, "modifier"), {**envoi, **refus}).status_code == 200


@pytest.mark.sqlite
def test_du_test_a_la_production_une_activation_par_moyen(admin, eau, ada, facture, payfip):
    contrat = eau.contrat_tipi
    ContratTipi.objects.update(numcli="111111", saisie="T")
    assert "Payez une facture d" in lire(admin, contrat)
    assert passer(admin, contrat, "production") == (200, "T")
    assert passer(admin, contrat, "activation") == (303, "X")
    for moyen, manquent in (("carte", "carte bancaire, prélèvement"), ("prelevement", "prélèvement")):
        assert f"paiement d&#x27;activation : {manquent}." in lire(admin, contrat)
        assert passer(admin, contrat, "production") == (200, "X")
        paiement = demarrer(Facture.objects.get(pk=facture.pk), ada)
        payfip.payer(str(paiement.idop), moyen=moyen)
        assert constater(paiement, paiement.envoye_le)
        assert (paiement.etat, bilan(facture)[0]) == ("essai-reussi", "243.11")
    assert "Passez en production" in lire(admin, contrat)
    assert passer(admin, contrat, "production") == (303, "W")
    assert "ce service encaisse" in lire(admin, contrat)
    assert passer(admin, contrat, "activation") == (200, "W")
    assert passer(admin, contrat, "test") == (303, "T")
    faits = Journal.objects.filter(action="contrat.mis_en_service").order_by("pk")
    assert [(f.avant["saisie"], f.apres["saisie"], f.apres["motif"]) for f in faits] == [
        ("T", "X", "Convention"), ("X", "W", "Convention"), ("W", "T", "Convention"),
    ]  # fmt: skip


@pytest.mark.sqlite
def test_une_derogation_motivee_et_notee_passe_en_production(admin, eau):
    contrat = eau.contrat_tipi
    ContratTipi.objects.update(transport="url-titre", saisie="X")
    assert passer(admin, contrat, "production", motif="") == (200, "X")
    assert passer(admin, contrat, "production", derogation="on") == (303, "A")
    assert Journal.objects.get(action="contrat.mis_en_service").apres["derogation"] is True


@pytest.mark.parametrize(
    ("numcli", "phrase"),
    [
        ("006382", "COLLECTIVITE DE DEMONSTRATION"),
        ("999999", "PayFiP ne connaît pas ce numéro de client."),
        ("222222", "il ne peut payer que par URL"),
    ],
)
def test_verifier_le_numero_montre_et_garde_ce_que_dit_payfip(admin, eau, payfip, numcli, phrase):
    contrat, connu = eau.contrat_tipi, numcli == "006382"
    ContratTipi.objects.update(numcli=numcli)
    page = admin.post(adresse(contrat, "verifier"), follow=True).content.decode()
    contrat.refresh_from_db()
    assert (phrase in page, contrat.verifie_le is not None) == (True, connu)
    assert contrat.libelles.splitlines()[1:2] == (["COLLECTIVITE DE DEMONSTRATION"] if connu else [])
    assert Journal.objects.filter(action="contrat.verifie").count() == connu
    payfip.regler(panne="502")
    panne = admin.post(adresse(contrat, "verifier")).content.decode()
    assert "PayFiP ne répond pas" in panne


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("contrat", "passe", "refuse"),
    [
        ({}, "99999.99", ("100000.00", "MONTANT_TROP_ELEVE")),
        ({"transport": "url-regie", "saisie": "A"}, "9999.99", ("10000.00", "MONTANT_TROP_ELEVE")),
        ({"montant_maximal": Decimal(300)}, "300.00", ("300.01", "MONTANT_TROP_ELEVE")),
        ({"montant_minimal": Decimal(5)}, "5.00", ("4.99", "MONTANT_TROP_FAIBLE")),
    ],
)
def test_chaque_contrat_a_ses_bornes(boe, ada, eau, contrat, passe, refuse):
    ContratTipi.objects.update(**contrat)
    redevable = factories.redevable(boe, ada)
    causes = [empechement(factories.facture(redevable, eau, montant=Decimal(m))) for m in (passe, refuse[0])]
    assert causes == ["", refuse[1]]


@pytest.mark.sqlite
def test_un_titre_regle_en_partie_ne_part_pas_par_url(boe, ada, eau):
    facture = factories.facture(factories.redevable(boe, ada), eau, reste_du=Decimal(100))
    causes = []
    for transport, saisie in (("url-titre", "A"), ("url-regie", "A"), ("service-web", "W")):
        ContratTipi.objects.update(transport=transport, saisie=saisie)
        causes.append(empechement(facture))
    assert causes == ["REGLEE_EN_PARTIE", "", ""]


@pytest.mark.sqlite
def test_un_agent_confirme_ou_infirme_un_paiement_declare_avec_un_motif(boe, eau, ada, facture, agente, connecter):
    ContratTipi.objects.update(transport="url-regie", saisie="A")
    client = connecter(agente, chez=boe)
    for acte, etat, reste in (("infirmer", "infirme", "243.11"), ("confirmer", "paye", "0.00")):
        paiement = demarrer(Facture.objects.get(pk=facture.pk), ada)
        assert client.post(adresse(paiement, "infirmer"), {"motif": "Trop tôt"}).status_code == 409
        assert "par URL" in client.get(adresse(paiement, "interroger")).content.decode()
        Paiement.objects.filter(pk=paiement.pk).update(etat="declare", resultat="P")
        paiement.parts.update(ouverte=False)
        a_confirmer = client.get("/gestion/").content.decode().split("À confirmer")[1][:400]
        assert (">1</" in a_confirmer, "depuis le" in a_confirmer) == (True, True)
        assert client.post(adresse(paiement, acte), {"motif": "Relevé du 3 mars"}).status_code == 303
        paiement.refresh_from_db()
        assert (paiement.etat, bilan(facture)[0]) == (etat, reste)
        fait = Journal.objects.get(action=f"paiement.{etat}")
        assert (fait.acteur, fait.apres["motif"]) == (agente.pk, "Relevé du 3 mars")


def test_un_contrat_que_payfip_ne_reconnait_plus_est_sur_l_accueil_avec_de_quoi_le_verifier(admin, payfip, eau):
    contrat = eau.contrat_tipi
    assert "ne le reconnaît plus" not in admin.get("/gestion/").content.decode()
    ContratTipi.objects.update(alerte="PayFiP refuse ce numéro de client (T1).")
    accueil = admin.get("/gestion/").content.decode().split("ne le reconnaît plus")[1][:900]
    assert [lien in accueil for lien in (f"{contrat.pk}/change/", adresse(contrat, "verifier"))] == [True, True]
    assert "refuse ce numéro" in admin.get(f"/gestion/paiement_tipi/contrattipi/{contrat.pk}/change/").content.decode()
    admin.post(adresse(contrat, "verifier"))
    assert "ne le reconnaît plus" not in admin.get("/gestion/").content.decode()
