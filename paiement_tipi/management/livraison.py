"""Le fichier qu'un logiciel de facturation vient de livrer à la démonstration : il attend qu'on le publie."""

import csv
import io
from datetime import timedelta

from factures.imports import COLONNES
from factures.models import LotImport
from factures.services import lots
from portail.models import Collectivite, Regie

LIBELLE = "cantine-novembre.csv"
# Code client, nom, prénom, adresse, nombre de repas : le premier est un habitant qui a un compte.
CONVIVES = (
    ("DEMO-2", "VOISIN", "Camille", "14 chemin des Canetons", 14),
    ("DEMO-101", "ARNAUD", "Inès", "3 rue du Lavoir", 16),
    ("DEMO-102", "BERTIN", "Paul", "8 rue du Lavoir", 12),
    ("DEMO-103", "CASTEX", "Lina", "21 avenue de la Gare", 16),
    ("DEMO-104", "DELMAS", "Noé", "2 impasse des Tilleuls", 9),
    ("DEMO-105", "ESTÈVE", "Jade", "17 route d'Agen", 15),
)


def livrer_un_lot(collectivite: Collectivite) -> None:
    """Déposé une fois ; l'ouvrier l'analyse dès qu'il démarre."""
    if LotImport.objects.filter(collectivite=collectivite, libelle=LIBELLE).exists():
        return
    regie = Regie.objects.get(collectivite=collectivite, code="CANTINE")
    fichier = io.BytesIO(_csv(collectivite).encode("utf-8-sig"))
    lots.deposer(regie=regie, fichier=fichier, libelle=LIBELLE, en_fond=True)


def _csv(collectivite: Collectivite) -> str:
    texte = io.StringIO(newline="")
    ecrivain = csv.DictWriter(texte, COLONNES, restval="", delimiter=";")
    ecrivain.writeheader()
    aujourd_hui = collectivite.aujourd_hui()
    for rang, (code, nom, prenom, adresse, repas) in enumerate(CONVIVES, start=1201):
        ecrivain.writerow(
            {
                "source": "DEMO",
                "code_redevable": code,
                "nom": nom,
                "prenom": prenom,
                "adresse": adresse,
                "code_postal": "47550",
                "ville": "Boé",
                "numero": f"2026-CAN-{rang}",
                "reference": f"X000030201000000{rang}",
                "exercice": aujourd_hui.year,
                "objet": "Restauration scolaire, novembre 2026",
                "montant": f"{repas * 360 // 100},{repas * 360 % 100:02d}",
                "date_emission": f"{aujourd_hui:%d/%m/%Y}",
                "date_echeance": f"{aujourd_hui + timedelta(days=30):%d/%m/%Y}",
                "date_limite_en_ligne": f"{aujourd_hui + timedelta(days=90):%d/%m/%Y}",
            }
        )
    return texte.getvalue()
