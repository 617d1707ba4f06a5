"""Emporter une liste : qui le peut, ce qu'il y a dedans, rien d'une autre commune, et ce que le journal en dit."""

import csv
import io
from decimal import Decimal
from types import SimpleNamespace

import factories
import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from openpyxl import load_workbook

from factures import registre
from factures.imports import formats
from factures.services import encaisser
from portail.gestion import exports
from portail.gestion.droits import ACTES
from portail.models import Journal, Role
from portail.tableur import FORMATS, restaurer
from tests.gestion.conftest import MARQUE, PERSONNES, rechercher
from tests.gestion.test_acces_gestion import COMMUNE, COMPTABLES, CONTENU, ENCADREMENT, INSTALLATION, MODELES, VISITES

FACTURES = "factures/facture"
# genre                ano  ada  sta  ail  lec  agt  adm  exp  exo
EXPORTS = {
    CONTENU:          (302, 403, 403, 200, 403, 200, 200, 403, 403),
    COMPTABLES:       (302, 403, 403, 200, 403, 200, 200, 403, 403),
    COMMUNE:          (302, 403, 403, 200, 403, 200, 200, 200, 200),
    ENCADREMENT:      (302, 403, 403, 403, 403, 403, 200, 200, 200),
    VISITES:          (302, 403, 403, 403, 403, 403, 200, 403, 403),
    INSTALLATION:     (302, 403, 403, 403, 403, 403, 403, 200, 200),
}  # fmt: skip


def exporter(client, liste: str, suite: str = "", genre: str = "csv"):
    return client.post(f"/gestion/{liste}/exporter/{suite}", {"format": genre})


def contenu(reponse) -> bytes:
    return b"".join(reponse.streaming_content)


def lignes(reponse) -> list[dict[str, str]]:
    texte = contenu(reponse).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(texte, newline=""), delimiter=";"))


def test_chaque_liste_s_exporte_pour_qui_en_a_le_droit_et_rien_d_une_autre_commune_n_en_sort(monde, settings):
    settings.LIMITES = {**settings.LIMITES, "exports": (1000, 3600)}
    partis, marques = 0, set()
    for modele, genre in MODELES.items():
        attendus = EXPORTS[genre]
        reponses = {nom: exporter(monde.chez[nom], modele.replace(".", "/")) for nom in PERSONNES}
        statuts = {nom: r.status_code for nom, r in reponses.items()}
        assert statuts == dict(zip(PERSONNES, attendus, strict=True)), modele
        fichiers = {nom: contenu(r).decode("utf-8-sig") for nom, r in reponses.items() if r.status_code == 200}
        assert all(len(fichier.splitlines()) > 1 for fichier in fichiers.values()), modele
        partis += len(fichiers)
        marques |= {(modele, nom) for nom, fichier in fichiers.items() if MARQUE in fichier}
    # L'exploitant voit toutes les communes et les tables de l'installation ; chez elle, l'agent d'ailleurs a sa marque.
    de_tous = {"portail.collectivite", *(m for m, genre in MODELES.items() if genre == INSTALLATION)}
    assert {(m, nom) for m, nom in marques if nom != "agent_d_ailleurs" and m not in de_tous} == set()
    assert len({m for m, nom in marques if nom == "agent_d_ailleurs"}) >= 12
    assert Journal.objects.filter(action="liste.exportee").count() == partis


def test_chaque_droit_d_exporter_est_celui_d_une_liste_et_chaque_liste_a_le_sien():
    assert ACTES[Role.LECTURE] == frozenset()
    droits = {
        acte.removesuffix(".exporter") for actes in ACTES.values() for acte in actes if acte.endswith(".exporter")
    }
    assert droits == set(MODELES)


@pytest.mark.parametrize("genre", FORMATS)
def test_l_export_a_ce_que_montre_la_liste_filtree_types_compris(monde, genre):
    redevable, regie = monde.ici["comptes.redevable"], monde.ici["portail.regie"]
    factories.facture(redevable, regie, numero="AVOIR-1", montant=Decimal("-12.50"), objet="=1+1")
    reponse = exporter(monde.chez["agente"], FACTURES, "?etat=avoir", genre)
    jour = monde.boe.aujourd_hui()
    assert reponse["Content-Disposition"] == f'attachment; filename="factures-{jour}.{genre}"'
    assert (reponse["Content-Type"], reponse["Cache-Control"]) == (FORMATS[genre].genre, "no-store")
    fichier = contenu(reponse)
    if genre == "csv":
        [ligne] = csv.DictReader(io.StringIO(fichier.decode("utf-8-sig")), delimiter=";")
        assert (ligne["Numéro"], ligne["Montant"], ligne["Objet"]) == ("AVOIR-1", "-12,50", "'=1+1")
        assert ligne["Date d'émission"] == f"{factories.facture(redevable, regie).date_emission:%d/%m/%Y}"
        assert (ligne["État"], ligne["Nature"]) == ("Avoir", "avoir")
    elif genre == "xlsx":
        titres, valeurs = load_workbook(io.BytesIO(fichier)).active.iter_rows(values_only=True)
        ligne = dict(zip(titres, valeurs, strict=True))
        assert (ligne["Montant"], ligne["Objet"]) == (-12.5, "'=1+1")
    else:
        assert fichier.startswith(b"PK")
    assert Journal.objects.get(action="liste.exportee").apres == {
        "liste": "factures.facture", "format": genre, "lignes": 1, "filtres": {"etat": "avoir"}, "recherche": False,
    }  # fmt: skip


def test_ce_qu_on_a_cherche_n_est_pas_au_journal(monde, agente):
    client = monde.chez["agente"]
    assert len(lignes(exporter(client, FACTURES, f"?{rechercher(client, 'dupont')}"))) == 1
    fait = Journal.objects.get(action="liste.exportee")
    assert (fait.acteur, fait.collectivite, fait.objet) == (agente.pk, monde.boe.pk, "portail.collectivite")
    assert (fait.apres["recherche"], fait.apres["filtres"]) == (True, {})
    assert "dupont" not in str(fait.apres)


def test_un_filtre_force_ne_fait_rien_sortir_de_plus(monde):
    client, ailleurs = monde.chez["agente"], monde.la_bas["portail.regie"]
    factories.regie(monde.boe)
    assert lignes(exporter(client, FACTURES, f"?regie__id__exact={ailleurs.pk}")) == []
    for sonde in (
        "collectivite=2",
        "collectivite__id__exact=2",
        "redevable__rattachements__usager__password__startswith=a",
    ):
        assert exporter(client, FACTURES, f"?{sonde}").status_code == 400
    for suite in ("?p=999", "?regie__id__exact=abc", "?o=-1.2.3", "?all=1", "?_to_field=uuid", "?e=1"):
        reponse = exporter(client, FACTURES, suite)
        assert reponse.status_code in {200, 303, 400}
        assert reponse.status_code != 200 or MARQUE not in contenu(reponse).decode()
    assert exporter(client, FACTURES, genre="exe").status_code == 400
    assert client.post(f"/gestion/{FACTURES}/exporter/").status_code == 400
    assert client.get(f"/gestion/{FACTURES}/exporter/").status_code == 405


def test_sans_jeton_csrf_rien_ne_sort(monde):
    client = monde.chez["agente"]
    client.handler.enforce_csrf_checks = True
    assert exporter(client, FACTURES).status_code == 403
    assert not Journal.objects.filter(action="liste.exportee").exists()


def test_au_dela_du_plafond_on_dit_de_filtrer_et_rien_n_est_note(monde, monkeypatch):
    monkeypatch.setattr(exports, "PLAFOND", 2)
    for _ in range(3):
        factories.facture(monde.ici["comptes.redevable"], monde.ici["portail.regie"], montant=Decimal(-1))
    client = monde.chez["agente"]
    reponse = exporter(client, FACTURES, "?etat=avoir")
    assert (reponse.status_code, reponse["Location"]) == (303, f"/gestion/{FACTURES}/?etat=avoir")
    assert "Cette liste a plus de 2 lignes" in client.get(reponse["Location"]).content.decode()
    assert len(lignes(exporter(client, FACTURES, "?etat=partiellement-payee"))) == 1
    assert Journal.objects.filter(action="liste.exportee").count() == 1


def test_on_n_exporte_pas_sans_fin(monde, settings):
    settings.LIMITES = {**settings.LIMITES, "exports": (2, 3600)}
    client = monde.chez["agente"]
    reponses = [exporter(client, FACTURES) for _ in range(4)]
    assert [(r.status_code, len(r.getvalue()) > 0) for r in reponses] == [(s, True) for s in (200, 200, 429, 429)]
    assert Journal.objects.filter(action="limite.depassee", apres={"limite": "exports"}).count() == 1


@pytest.mark.parametrize("nombre", [1, 30])
def test_un_export_coute_autant_de_requetes_pour_une_ligne_que_pour_trente(monde, monkeypatch, nombre):
    ici, client, couts = monde.ici, monde.chez["administratrice"], {}
    for n in range(nombre):
        redevable, regie = factories.redevable(monde.boe, factories.usager()), factories.regie(monde.boe)
        facture = factories.facture(redevable, regie, lignes=[("ligne", Decimal(1))])
        encaisser(facture=facture, montant=Decimal(1), moyen="carte", origine=f"x:{n}", recu_le=timezone.now())
        factories.contrat(regie)
        ici["paiement_tipi.paiement"].parts.create(
            facture=facture, collectivite=monde.boe, montant=Decimal(1), ouverte=False
        )
    for modele in [m for m, genre in MODELES.items() if genre != INSTALLATION]:
        with CaptureQueriesContext(connection) as requetes:
            assert lignes(exporter(client, modele.replace(".", "/")))
        couts[modele] = len(requetes)
    # Ce qu'en fait toute liste, le compte du plafond, les lignes, la limite, le journal et leur transaction.
    # Pour l'export du journal, aussi qui et quoi : une requête par genre d'objet.
    assert {modele: cout for modele, cout in couts.items() if cout > (24 if modele == "portail.journal" else 16)} == {}


def test_la_liste_propose_ses_exports_a_qui_peut_et_garde_le_filtre(monde):
    client = monde.chez["agente"]
    filtre = f"etat=partiellement-payee&{rechercher(client, 'dup')}"
    page = client.get(f"/gestion/{FACTURES}/?{filtre}").content.decode()
    assert f'action="/gestion/factures/facture/exporter/?{filtre.replace("&", "&amp;")}"' in page
    assert [f'value="{nom}"' in page for nom in FORMATS] == [True] * 3
    assert "exporter/" not in monde.chez["lectrice"].get(f"/gestion/{FACTURES}/").content.decode()


# Les titres de l'export des factures, sous les colonnes de l'import.
CORRESPONDANCE = {
    "Logiciel d'origine": "source", "Code client": "code_redevable", "Nom": "nom", "Prénom": "prenom",
    "Numéro": "numero", "Référence": "reference", "Objet": "objet", "Montant": "montant",
    "Date d'émission": "date_emission", "Date d'échéance": "date_echeance",
    "Payable en ligne jusqu'au": "date_limite_en_ligne", "Date de prélèvement": "date_prelevement",
}  # fmt: skip


@pytest.mark.parametrize("genre", FORMATS)
def test_l_export_des_factures_se_relit_par_l_import_sans_rien_perdre(monde, genre):
    redevable, regie = monde.ici["comptes.redevable"], monde.ici["portail.regie"]
    for montant in ("1234567.89", "0.01", "-5.00"):
        factories.facture(redevable, regie, montant=Decimal(montant), objet='Garde ; « été » "2026"')
    fichier = io.BytesIO(contenu(exporter(monde.chez["agente"], FACTURES, genre=genre)))
    lues = {r.cellules["numero"]: r.cellules for r in formats.LECTEURS[genre](fichier, correspondance=CORRESPONDANCE)}
    assert set(lues) == set(monde.boe.factures.values_list("numero", flat=True))
    for facture in monde.boe.factures.select_related("redevable"):
        cellules = lues[facture.numero]
        assert restaurer(cellules["objet"]) == facture.objet
        assert Decimal(cellules["montant"].replace(",", ".")) == facture.montant
        assert cellules["date_emission"] == f"{facture.date_emission:%d/%m/%Y}"
        assert (cellules["code_redevable"], cellules["nom"]) == (facture.redevable.code, facture.redevable.nom)


def test_qui_imprime_ses_factures_y_met_l_adresse_ou_les_payer(monde):
    redevable, regie = monde.ici["comptes.redevable"], monde.ici["portail.regie"]
    publiee = factories.facture(redevable, regie)
    brouillon = factories.facture(redevable, regie, statut="brouillon", publiee_le=None)
    exportees = lignes(exporter(monde.chez["agente"], FACTURES))
    adresses = {ligne["Numéro"]: ligne["Payer depuis le papier"] for ligne in exportees}
    attendue = registre.adresse_de_papier(publiee)
    assert (adresses[publiee.numero], adresses[brouillon.numero]) == (attendue, "")
    fiche = f"/gestion/factures/facture/{publiee.pk}/change/"
    lue = {qui: attendue in monde.chez[qui].get(fiche).content.decode() for qui in ("agente", "lectrice")}
    assert lue == {"agente": True, "lectrice": False}


def test_chaque_colonne_d_export_a_un_titre_et_aucun_ne_revient():
    for modele in admin.site._registry.values():
        titres = [
            str(c.titre)
            for c in exports._colonnes(modele, SimpleNamespace(acces_gestion=SimpleNamespace(lit=lambda _: True)))
        ]
        assert len(set(titres)) == len(titres), modele
