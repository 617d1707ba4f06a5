"""Un agent dépose, relie, corrige, tranche, publie, prévient et revient en arrière, de page en page."""

import csv
import html
import io
import re
import zipfile
from datetime import timedelta

import factories
import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from factures.models import CorrespondanceColonnes, Facture, LotImport
from factures.services import consulter
from portail.models import Affectation, Courriel, Journal
from tests.factures.outils_imports import ecrire_csv, rangee
from tests.factures.outils_lots import analyser, par_date, publier, relu, visibles
from tests.factures.outils_pdf import pdf_qui_dit
from tests.portail.outils_taches import vider

pytestmark = pytest.mark.django_db
LISTE = "/gestion/factures/lotimport/"


@pytest.fixture
def client(connecter, agente, boe):
    return connecter(agente, chez=boe)


def fiche(lot):
    return f"{LISTE}{lot.pk}/change/"


def acte(lot, nom):
    return f"{LISTE}{lot.pk}/{nom}/"


def texte(reponse):
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", reponse.content.decode())).split())


def envoyer(contenu, nom="eau.csv"):
    return ContentFile(contenu, name=nom)


def deposer(client, service, contenu, **champs):
    envoi = {"regie": service.pk, "fichier": envoyer(contenu), "motif_documents": "{numero}.pdf", **champs}
    return client.post(f"{LISTE}deposer/", envoi, follow=True)


def dernier():
    return LotImport.objects.latest("pk")


# Déposer.


@pytest.mark.sqlite
def test_deposer_mene_a_la_fiche_qui_se_remplace_puis_dit_ce_qui_serait_fait(client, eau, agente):
    page = deposer(client, eau, ecrire_csv(rangee("A"), rangee("B", montant="-12,50", objet="Repas sans porc")))
    lot = dernier()
    assert page.redirect_chain == [(fiche(lot), 303)]
    assert "Le fichier attend d'être lu" in texte(page)
    assert "data-vivante" in page.content.decode()
    assert '<meta http-equiv="refresh" content="5">' in page.content.decode()
    vider()
    page = client.get(fiche(lot))
    assert "data-vivante" not in page.content.decode()
    lu = texte(page)
    assert "Prêt à publier 2 factures nouvelles (230,61 €), 0 modifiées." in lu
    assert "en tout dans le fichier 2 230,61 €" in lu
    assert "Repas sans porc une religion 1" in lu
    assert Journal.objects.get(action="lot.depose").acteur == agente.pk
    assert visibles() == []


def test_les_refus_parlent_et_ne_deposent_rien(client, eau, ailleurs):
    etranger = factories.regie(ailleurs)
    refus = {
        "Ce champ est obligatoire": {"fichier": ""},
        "Le fichier soumis est vide": {"fichier": envoyer(b"")},
        "Sélectionnez un choix valide": {"regie": etranger.pk},
        "Les documents se déposent dans une archive ZIP": {"archive": envoyer(b"%PDF-1.7", "a.pdf")},
        "Écrivez entre accolades": {"motif_documents": "{nom}.pdf"},
        "Le motif doit contenir": {"motif_documents": "facture.pdf"},
    }
    for phrase, champs in refus.items():
        assert phrase in texte(deposer(client, eau, ecrire_csv(rangee("A")), **champs)), phrase
    assert LotImport.objects.count() == 0


def test_un_fichier_trop_gros_se_dit_dans_le_formulaire(client, eau, monkeypatch):
    trop = ContentFile(b"x", name="eau.csv")
    page = client.get(f"{LISTE}deposer/")
    borne = page.context["form"].fields["fichier"].validators[-1]
    monkeypatch.setattr(borne, "octets", 0)
    reponse = client.post(f"{LISTE}deposer/", {"regie": eau.pk, "fichier": trop})
    assert "dépasse 0 Mio" in texte(reponse)
    assert LotImport.objects.count() == 0


@pytest.mark.sqlite
def test_le_meme_fichier_dit_dans_quel_lot_il_est_deja(client, eau):
    deposer(client, eau, ecrire_csv(rangee("A")))
    page = deposer(client, eau, ecrire_csv(rangee("A")))
    assert f"Ce fichier est déjà celui du lot {dernier().pk} (déposé)." in texte(page)
    assert LotImport.objects.count() == 1


def test_les_documents_d_un_zip_suivent_le_modele_de_nom(client, eau):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as copie:
        copie.writestr("f_A.pdf", pdf_qui_dit("Facture A"))
        copie.writestr("f_B.pdf", pdf_qui_dit("Facture Z"))
        copie.writestr("seul.pdf", b"x")
    zippe = envoyer(archive.getvalue(), "d.zip")
    deposer(client, eau, ecrire_csv(rangee("A"), rangee("B")), archive=zippe, motif_documents="f_{numero}.pdf")
    vider()
    lu = texte(client.get(fiche(dernier())))
    assert "Documents joints 2" in lu
    assert "qui ne sont à aucune ligne 1 seul.pdf" in lu
    assert "ils ne portent pas le numéro de leur facture Ligne Facture Document 3 B f_B.pdf" in lu


def test_un_fichier_illisible_ou_une_archive_seule_se_disent_sur_la_fiche(client, eau):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as copie:
        copie.writestr("a.pdf", b"x")
    for contenu, phrase in (
        (b"\x81\x00\x00", "n'est pas du texte lisible"),
        (archive.getvalue(), "est une archive de documents"),
    ):
        deposer(client, eau, contenu)
        vider()
        lu = texte(client.get(fiche(dernier())))
        assert "Ce fichier ne peut pas être lu" in lu
        assert phrase in lu


# Relier les colonnes.

ENTETE = ["N° client", "Titulaire", "Facture", "Réf. paiement", "TTC", "Date", "Libellé"]


def fichier_d_ailleurs(*numeros):
    sortie = io.StringIO(newline="")
    ecrivain = csv.writer(sortie, delimiter=";")
    ecrivain.writerow(ENTETE)
    ecrivain.writerows([["A1", "LŒUVRE", n, f"X{n}", "12,50", "02/11/2026", "Garderie"] for n in numeros])
    return sortie.getvalue().encode("cp1252")


@pytest.mark.sqlite
def test_relier_les_colonnes_une_fois_suffit(client, eau):
    deposer(client, eau, fichier_d_ailleurs("A"))
    vider()
    lot = dernier()
    assert "Les colonnes sont à relier" in texte(client.get(fiche(lot)))
    page = client.get(acte(lot, "relier"))
    proposees = {c.label: c.initial for c in page.context["form"].fields.values() if c.initial}
    assert proposees == dict(
        zip(ENTETE, ("code_redevable", "nom", "numero", "reference", "montant", "date_emission", "objet"), strict=True)
    )
    assert "Par exemple : LŒUVRE" in texte(page)
    source = page.content.decode()
    assert source.index("telles que dans le fichier") < source.index('name="colonne_0"')  # le tableau d'abord
    choix = {f"colonne_{rang}": colonne for rang, colonne in enumerate(proposees.values())}
    manque = client.post(acte(lot, "relier"), choix)
    assert "Il manque encore : Logiciel d'origine." in texte(manque)
    double = client.post(acte(lot, "relier"), {**choix, "colonne_1": "numero", "constante_source": "G"})
    assert "Deux colonnes du fichier ne peuvent pas être : Numéro de facture." in texte(double)
    client.post(acte(lot, "relier"), {**choix, "constante_source": "GARD"})
    vider()
    assert "Prêt à publier" in texte(client.get(fiche(lot)))
    deposer(client, eau, fichier_d_ailleurs("B"))
    vider()
    assert (dernier().etat, CorrespondanceColonnes.objects.count()) == ("a-verifier", 1)
    assert client.post(acte(lot, "relier"), choix).status_code == 409


# Corriger et trancher.


@pytest.mark.sqlite
def test_telecharger_corriger_redeposer_publier_annuler(client, eau, ada, agente):
    deposer(client, eau, ecrire_csv(rangee("A"), rangee("B", montant="?"), rangee("C", date_emission="31/02/2026")))
    vider()
    lot = dernier()
    assert "2 lignes à corriger" in texte(client.get(fiche(lot)))
    rendu = client.post(acte(lot, "corriger"))
    assert rendu["Content-Disposition"] == f'attachment; filename="lot-{lot.pk}-a-corriger.csv"'
    contenu = b"".join(rendu.streaming_content).decode("utf-8-sig")
    corrige = contenu.replace(";?;", ";10,00;").replace("31/02/2026", "02/11/2026").encode()
    page = client.post(acte(lot, "redeposer"), {"corrections": envoyer(corrige)}, follow=True)
    assert "2 lignes corrigées sont relues." in texte(page)
    vider()
    assert "Prêt à publier 3 factures nouvelles (496,22 €)" in texte(client.get(fiche(lot)))
    assert client.get(acte(lot, "corriger")).status_code == 409
    envoi = {"quand": "maintenant", "avis": "retenus"}
    apercu = client.post(acte(lot, "publier"), envoi)
    assert "3 factures nouvelles deviennent visibles (496,22 €)." in texte(apercu)
    assert "Personne n'est prévenu par courriel." in texte(apercu)
    assert visibles() == []
    client.post(acte(lot, "publier"), {**envoi, "confirmer": ""})
    vider()
    assert (visibles(), relu(lot).etat) == (["A", "B", "C"], "publie")
    assert "Publié le" in texte(client.get(fiche(lot)))
    page = client.post(acte(lot, "annuler"), follow=True)
    assert "La publication est annulée : il n'en reste rien." in texte(page)
    assert (visibles(), relu(lot).etat) == ([], "annule")
    assert {f.acteur for f in Journal.objects.filter(action__in=("lot.publication_demandee", "lot.annule"))} == {
        agente.pk
    }


def test_un_mauvais_fichier_corrige_se_dit_sans_rien_perdre(client, eau):
    lot = analyser(eau, rangee("A", montant="?"))
    page = client.post(acte(lot, "redeposer"), {"corrections": envoyer(ecrire_csv(rangee("A")))})
    assert "la colonne « ligne_du_lot » est vide ou changée" in texte(page)
    assert (relu(lot).etat, relu(lot).a_corriger) == ("a-verifier", 1)


@pytest.mark.sqlite
def test_l_ecran_des_conflits_ne_propose_de_remplacer_que_ce_que_personne_n_a_vu(client, boe, eau, facture, ada):
    autre = factories.facture(factories.redevable(boe, ada), eau, numero="LUE")
    consulter(facture=autre, usager=ada)
    lot = analyser(eau, par_date(facture) | {"montant": "250"}, par_date(autre) | {"montant": "1"})
    page = client.get(acte(lot, "conflits"))
    choix = {nom: [c for c, _ in champ.choices] for nom, champ in page.context["form"].fields.items()}
    assert choix == {"ligne_2": ["", "garder", "remplacer"], "ligne_3": ["", "garder"]}
    assert "est publiée pour 243,11 €, le fichier dit 250,00 €." in texte(page)
    assert "Décidez d'au moins une ligne." in texte(client.post(acte(lot, "conflits"), {}))
    falsifiee = client.post(acte(lot, "conflits"), {"ligne_2": "remplacer", "ligne_3": "remplacer"})
    assert "Sélectionnez un choix valide" in texte(falsifiee)
    client.post(acte(lot, "conflits"), {"ligne_2": "remplacer", "ligne_3": "garder"})
    vider()
    assert (relu(lot).bilan["modifiee"]["nombre"], relu(lot).bilan["ecartee"]["nombre"]) == (1, 1)
    assert client.get(acte(lot, "conflits")).status_code == 409


# Publier, prévenir, revenir.


@pytest.mark.sqlite
def test_prevoir_une_date_puis_y_renoncer(client, eau):
    lot = analyser(eau, rangee("A"))
    demain = timezone.localdate() + timedelta(days=1)
    envoi = {"quand": "plus_tard", "avis": "envoyes", "heure": "08:30", "confirmer": ""}
    refus = {
        "Choisissez une date.": {},
        "Cette date est passée.": {"jour": demain - timedelta(days=3)},
        "Choisissez une date dans les deux mois.": {"jour": demain + timedelta(days=90)},
    }
    for phrase, champs in refus.items():
        assert phrase in texte(client.post(acte(lot, "publier"), envoi | champs))
    page = client.post(acte(lot, "publier"), envoi | {"jour": demain}, follow=True)
    assert "Publication prévue le" in texte(page)
    assert "à 08:30" in texte(page)
    assert (relu(lot).etat, timezone.localtime(relu(lot).publier_le).strftime("%H:%M"), visibles()) == (
        *("programme", "08:30"),
        [],
    )
    client.post(acte(lot, "deprogrammer"))
    assert relu(lot).etat == "a-verifier"


def test_laisser_des_lignes_de_cote_demande_de_le_cocher(client, eau):
    lot = analyser(eau, rangee("A"), rangee("B", montant="?"))
    envoi = {"quand": "maintenant", "avis": "retenus", "confirmer": ""}
    assert "Corrigez d'abord ces lignes, ou cochez" in texte(client.post(acte(lot, "publier"), envoi))
    client.post(acte(lot, "publier"), envoi | {"malgre_les_rejets": "on"})
    vider()
    assert visibles() == ["A"]


def test_prevenir_les_habitants_plus_tard(client, boe, eau, ada):
    type(ada).objects.filter(pk=ada.pk).update(courriel_confirme_le=timezone.now())
    factories.redevable(boe, ada, source="EAU-SOFT", code="C1", nom="LŒUVRE")
    lot = publier(eau, rangee("A"))
    assert "Les habitants ne sont pas prévenus." in texte(client.get(fiche(lot)))
    assert "Personnes à prévenir : 1." in texte(client.get(acte(lot, "avertir")))
    client.post(acte(lot, "avertir"))
    vider()
    assert "1 personne prévenue par courriel." in texte(client.get(fiche(lot)))
    assert Courriel.objects.filter(sorte="factures.disponible").count() == 1


def test_on_n_annule_pas_ce_qu_un_habitant_a_lu(client, eau, ada):
    lot = publier(eau, rangee("A"))
    consulter(facture=Facture.objects.get(), usager=ada)
    assert "1 facture(s) de ce lot ont déjà été lues ou payées." in texte(client.post(acte(lot, "annuler")))
    assert visibles() == ["A"]


def test_deux_agents_sur_le_meme_lot_le_second_est_prevenu(client, connecter, boe, eau, agente):
    lot, autre = analyser(eau, rangee("A")), connecter(agente, chez=boe)
    assert client.post(acte(lot, "renoncer")).status_code == 303
    reponse = autre.post(acte(lot, "publier"), {"quand": "maintenant", "avis": "retenus", "confirmer": ""})
    assert (reponse.status_code, "Ce lot est « abandonné »." in texte(reponse)) == (409, True)


def test_la_lectrice_ne_lit_ni_motif_ni_adresse(connecter, boe, eau):
    factories.redevable(boe, source="EAU-SOFT", code="C1", nom="LŒUVRE", adresse="ancienne adresse", courriel="")
    lot = analyser(eau, rangee("A"), rangee("B", courriel="pas une adresse"))
    lectrice = factories.usager(is_staff=True)
    Affectation.objects.create(usager=lectrice, collectivite=boe, role="lecture")
    lu = texte(connecter(lectrice, chez=boe).get(fiche(lot)))
    assert "Prêt à publier" not in lu
    assert "1 ligne à corriger" in lu
    for prive in ("pas une adresse", "ancienne adresse", "1 rue de l"):
        assert prive not in lu


@pytest.mark.parametrize("nombre", [1, 30])
def test_la_fiche_coute_autant_pour_un_petit_lot_que_pour_un_grand(client, eau, nombre, django_assert_max_num_queries):
    lot = analyser(eau, *(rangee(f"N{n}", objet="PAI") for n in range(nombre)), rangee("Z", montant="?"))
    client.get(fiche(lot))
    with django_assert_max_num_queries(12):
        client.get(fiche(lot))
