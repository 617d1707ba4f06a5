"""Écrire des fichiers d'import pour les essais ; n'emploie rien des lecteurs."""

import csv
import io

ENTETE = [
    *("source", "code_redevable", "nom", "prenom", "adresse", "code_postal", "ville", "courriel"),
    *("numero", "reference", "exercice", "objet", "montant"),
    *("date_emission", "date_echeance", "date_limite_en_ligne", "date_prelevement", "fichier_pdf"),
]


def rangee(numero="2026-1", **champs):
    """Une facture de 243,11 € pour Élodie, sous nos colonnes."""
    valeurs = {
        "source": "EAU-SOFT",
        "code_redevable": "C1",
        "nom": "LŒUVRE",
        "prenom": "Élodie",
        "adresse": "1 rue de l'Été",
        "code_postal": "47550",
        "ville": "Boé",
        "courriel": "elodie@exemple.fr",
        "numero": numero,
        "reference": f"X{numero}",
        "exercice": "2026",
        "objet": "Eau, 1er semestre",
        "montant": "243,11",
        "date_emission": "02/11/2026",
        "date_echeance": "15/12/2026",
        "date_limite_en_ligne": "15/02/2027",
        "date_prelevement": "",
        "fichier_pdf": "",
    }
    assert set(champs) <= set(valeurs)
    return valeurs | champs


def ecrire_csv(*rangees, encodage="utf-8", separateur=";", fin="\r\n", entete=ENTETE):
    texte = io.StringIO(newline="")
    ecrivain = csv.writer(texte, delimiter=separateur, lineterminator=fin)
    ecrivain.writerow(entete)
    ecrivain.writerows([r[nom] for nom in entete] for r in rangees)
    return texte.getvalue().encode(encodage)
