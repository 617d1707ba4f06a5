"""Sous quels titres les logiciels de facturation rangent nos colonnes : de quoi proposer, jamais de quoi décider."""

import hashlib
from collections.abc import Mapping, Sequence
from itertools import chain

from factures.imports.rangees import CONNUES, OBLIGATOIRES

_TITRES: dict[str, str] = {
    "source": "logiciel, origine, application",
    "code_redevable": (
        "code_client, no_client, num_client, numero_client, n_client, client, id_client, code_tiers, tiers, "
        "numero_tiers, code_abonne, abonne, numero_abonne, no_abonne, redevable, code_famille, famille, matricule"
    ),
    "nom": "nom_client, nom_redevable, nom_du_redevable, nom_famille, nom_abonne, titulaire, raison_sociale",
    "prenom": "prenom_client, prenom_redevable, prenoms",
    "adresse": "adresse_1, adresse1, rue, voie, adresse_postale, adresse_client",
    "code_postal": "cp, codepostal, code_post",
    "ville": "commune, localite, nom_commune, bureau_distributeur",
    "courriel": "email, e_mail, mail, adresse_mail, adresse_email, adresse_electronique",
    "numero": "numero_facture, no_facture, num_facture, n_facture, facture, numero_de_facture, numfacture, id_facture",
    "reference": "reference_paiement, reference_de_paiement, ref, ref_paiement, reference_tipi, refdet",
    "exercice": "annee, annee_exercice",
    "objet": "libelle, designation, libelle_facture, objet_facture, description, prestation",
    "montant": "montant_ttc, ttc, total_ttc, total, montant_facture, net_a_payer, montant_du, solde, montant_a_payer",
    "date_emission": "date_facture, date_de_facture, date_d_emission, date, emise_le, date_edition",
    "date_echeance": "echeance, date_d_echeance, date_limite, date_limite_paiement, date_limite_de_paiement",
    "date_limite_en_ligne": "date_limite_internet, payable_en_ligne_jusqu_au",
    "date_prelevement": "prelevement, date_de_prelevement, preleve_le",
    "fichier_pdf": "pdf, fichier, nom_fichier, document, nom_pdf, nom_du_fichier",
    "code_recette": "code_produit, produit_local",
    "piece": "numero_piece, no_piece, titre, numero_titre, no_titre",
    "ligne": "numero_ligne, no_ligne",
    "dette": "numero_dette, no_dette",
}
SYNONYMES: Mapping[str, str] = {titre: colonne for colonne, titres in _TITRES.items() for titre in titres.split(", ")}
# Ce qui peut être le même à chaque ligne quand le fichier ne le dit pas.
CONSTANTES = ("source", "objet", "date_emission", "exercice")


def empreinte(titres: Sequence[str]) -> str:
    """La même pour deux en-têtes que rien ne distingue, sinon la casse et les accents."""
    return hashlib.sha256("\x1f".join(titres).encode()).hexdigest()


def proposer(titres: Sequence[str]) -> list[str]:
    """Notre colonne probable sous chaque titre normalisé ; vide si aucune, ou si elle est déjà prise."""
    # Un titre qui est exactement le nôtre l'emporte sur un synonyme placé avant lui.
    prises = set(titres) & CONNUES
    proposees = []
    for titre in titres:
        colonne = titre if titre in CONNUES else SYNONYMES.get(titre, "")
        libre = titre in CONNUES or colonne not in prises
        proposees.append(colonne if libre else "")
        prises |= {colonne} - {""}
    return proposees


def manquantes(correspondance: Mapping[str, str], constantes: Mapping[str, str]) -> list[str]:
    """Les colonnes obligatoires que rien ne remplit."""
    donnees = set(chain(correspondance.values(), constantes))
    return [colonne for colonne in OBLIGATOIRES if colonne not in donnees]
