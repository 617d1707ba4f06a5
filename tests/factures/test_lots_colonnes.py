"""Un en-tête quelconque : relié une fois par un agent, retenu pour ce service, jamais deviné."""

import io

import factories
import pytest

from factures.models import CorrespondanceColonnes, Facture, LotImport
from factures.services import lots
from portail.models import Journal, ModeRegie
from tests.factures.outils_imports import ecrire_csv, rangee
from tests.factures.outils_lots import deposer, relu, sorts

pytestmark = pytest.mark.django_db

ENTETE = "N° client;Titulaire;Facture;Réf. paiement;TTC;Date;Libellé;Échéance"
CHOIX = {
    "n_client": "code_redevable", "titulaire": "nom", "facture": "numero", "ref_paiement": "reference",
    "ttc": "montant", "date": "date_emission", "libelle": "objet", "echeance": "",
}  # fmt: skip


def fichier(*numeros, entete=ENTETE):
    lignes = [f"A1;LŒUVRE;{n};X{n};12,50;02/11/2026;Garderie;15/12/2026" for n in numeros]
    return io.BytesIO("\r\n".join([entete, *lignes, ""]).encode("cp1252"))


def lire(regie, depose, **options):
    lot = lots.deposer(regie=regie, fichier=depose, libelle="garderie.csv", **options)
    lots.analyser(lot=lot, relier=True)
    return relu(lot)


def relier(lot, **constantes):
    lots.relier(lot=lot, colonnes=CHOIX, constantes={"source": "GARD", **constantes})
    lots.analyser(lot=relu(lot), relier=True)
    return relu(lot)


@pytest.mark.sqlite
def test_un_en_tete_inconnu_attend_l_agent_puis_se_lit_seul_le_mois_suivant(eau):
    lot = lire(eau, fichier("A", "B"))
    assert (lot.etat, lot.format, lot.apercu["titres"]) == ("a-relier", "csv", ENTETE.split(";"))
    assert lot.apercu["lignes"][0][1] == "LŒUVRE"
    lot = relier(lot)
    assert (lot.etat, sorts(lot)) == ("a-verifier", {"A": ("nouvelle", ""), "B": ("nouvelle", "")})
    suivant = lire(eau, fichier("C"))
    assert (suivant.etat, sorts(suivant)) == ("a-verifier", {"C": ("nouvelle", "")})
    assert lots.publier(lot=suivant)
    facture = Facture.objects.get()
    assert (facture.redevable.source, facture.redevable.code, facture.date_echeance) == ("GARD", "A1", None)
    assert CorrespondanceColonnes.objects.count() == 1
    assert Journal.objects.filter(action="lot.colonnes_reliees").count() == 1


def test_l_autre_service_et_l_autre_en_tete_ne_sont_pas_concernes(boe, eau):
    relier(lire(eau, fichier("A")))
    assert lire(factories.regie(boe), fichier("A")).etat == "a-relier"
    assert lire(eau, fichier("B", entete=ENTETE.replace("TTC", "Montant TTC"))).etat == "a-relier"


@pytest.mark.sqlite
def test_notre_en_tete_se_lit_sans_rien_demander_sauf_si_on_veut_voir(eau):
    lot = deposer(eau, rangee("A"))
    lots.analyser(lot=lot, relier=True)
    assert relu(lot).etat == "a-verifier"
    lu = lire(eau, io.BytesIO(ecrire_csv(rangee("B"))), a_relire=True)
    assert (lu.etat, len(lu.apercu["lignes"])) == ("a-relier", 1)


def test_sans_agent_l_en_tete_inconnu_refuse_le_lot(eau):
    lot = lots.deposer(regie=eau, fichier=fichier("A"), libelle="garderie.csv")
    lots.analyser(lot=lot)
    assert relu(lot).etat == "refuse"
    assert relu(lot).motif.startswith("Il manque des colonnes : source, code_redevable, nom, numero,")


def test_ce_qui_n_est_pas_un_tableau_de_factures_est_refuse_et_non_a_relier(eau):
    for contenu in (b"Bonjour,\r\nvoici les factures.\r\n", b"a;b\r\n1;2\r\n"):
        assert lire(eau, io.BytesIO(contenu)).etat == "refuse"


def test_une_colonne_que_l_agent_ecarte_n_est_pas_lue_meme_si_elle_porte_notre_nom(eau):
    lot = lire(eau, fichier("A", entete=ENTETE.replace("Échéance", "date_echeance")))
    lots.relier(lot=lot, colonnes={**CHOIX, "date_echeance": ""}, constantes={"source": "GARD"})
    lots.analyser(lot=relu(lot), relier=True)
    assert relu(lot).lignes.get().date_echeance is None


def test_les_titres_d_un_titre_de_recettes_se_passent_de_reference(boe):
    regie = factories.regie(boe, mode=ModeRegie.TITRE)
    entete = "source;code_redevable;nom;numero;exercice;piece;ligne;objet;montant;date_emission"
    contenu = f"{entete}\r\nS;C1;LŒUVRE;A;2026;17;1;Loyer;12,50;02/11/2026\r\n"
    lot = lire(regie, io.BytesIO(contenu.encode()))
    assert (lot.etat, lot.lignes.get().reference) == ("a-verifier", "202600000017000001")


def test_revoir_les_colonnes_oublie_l_analyse_et_redemande(eau):
    lot = relier(lire(eau, fichier("A")))
    lots.revoir_les_colonnes(lot=lot)
    lots.analyser(lot=relu(lot), relier=True)
    assert (relu(lot).etat, relu(lot).lignes.count()) == ("a-relier", 0)
    with pytest.raises(lots.LotIndisponible):
        lots.publier(lot=relu(lot))
    assert LotImport.objects.count() == 1
