"""Cent mille factures d'un CSV, analysées et publiées par la vraie commande, et à côté leur seule insertion."""

import contextlib
import csv
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from comptes.models import Redevable
from factures.etats import Statut
from factures.models import Facture, LotImport
from portail.models import Collectivite, Regie

LIGNES = 100_000
PAR_LOT = 1000
EMISE = date(2026, 11, 2)


def mesurer_l_import() -> dict[str, float]:
    """Secondes et mémoire de la commande, et combien de fois l'insertion brute des mêmes factures."""
    regie = Collectivite.objects.get(par_defaut=True).regies.get(code="EAU")
    brute = _inserer(regie)
    with tempfile.NamedTemporaryFile("w", suffix=".csv", encoding="utf-8", newline="") as fichier:
        _ecrire(fichier)
        secondes, rss_mo = _importer(Path(fichier.name), regie)
    assert Facture.objects.filter(lot=LotImport.objects.latest("pk"), statut=Statut.PUBLIEE).count() == LIGNES
    return {
        "secondes": secondes,
        "factures_s": LIGNES / secondes,
        "rapport_insertion": secondes / brute,
        "secondes_insertion": brute,
        "rss_mo": rss_mo,
    }


def _inserer(regie: Regie) -> float:
    """Les mêmes redevables et les mêmes factures, tout prêts, par ``bulk_create`` ; puis tout est défait."""
    commun = {"collectivite_id": regie.collectivite_id}
    debut = time.perf_counter()
    with transaction.atomic():
        for tranche in range(0, LIGNES, PAR_LOT):
            lignes = list(_lignes(tranche, tranche + PAR_LOT))
            redevables = Redevable.objects.bulk_create(
                Redevable(
                    source=ligne["source"],
                    code=ligne["code_redevable"],
                    **{nom: ligne[nom] for nom in ("nom", "prenom", "adresse", "code_postal", "ville")},
                    **commun,
                )
                for ligne in lignes
            )
            Facture.objects.bulk_create(
                _facture(regie, redevable, ligne) for redevable, ligne in zip(redevables, lignes, strict=True)
            )
        secondes = time.perf_counter() - debut
        transaction.set_rollback(True)
    return secondes


def _facture(regie: Regie, redevable: Redevable, ligne: dict[str, str]) -> Facture:
    montant = Decimal(ligne["montant"].replace(",", "."))
    return Facture(
        collectivite_id=regie.collectivite_id,
        regie=regie,
        redevable=redevable,
        montant=montant,
        reste_du=montant,
        date_emission=EMISE,
        date_echeance=EMISE + timedelta(days=45),
        statut=Statut.PUBLIEE,
        publiee_le=timezone.now(),
        **{nom: ligne[nom] for nom in ("numero", "reference", "exercice", "objet")},
    )


def _lignes(debut: int, fin: int) -> Iterator[dict[str, str]]:
    for rang in range(debut, fin):
        yield {
            "source": "BANC-IMPORT",
            "code_redevable": f"C{rang:07d}",
            "nom": "HABITANTE",
            "prenom": "Élodie",
            "adresse": f"{rang} rue de la Fontaine",
            "code_postal": "47550",
            "ville": "Boé",
            "numero": f"2026-EAU-{rang:07d}",
            "reference": f"X{rang:019d}",
            "exercice": "2026",
            "objet": "Consommation d'eau, second semestre",
            "montant": f"{rang % 900 + 1},{rang % 100:02d}",
            "date_emission": f"{EMISE:%d/%m/%Y}",
            "date_echeance": f"{EMISE + timedelta(days=45):%d/%m/%Y}",
        }


def _ecrire(fichier: "tempfile._TemporaryFileWrapper[str]") -> None:
    ecrivain = csv.DictWriter(fichier, list(next(_lignes(0, 1))), delimiter=";")
    ecrivain.writeheader()
    ecrivain.writerows(_lignes(0, LIGNES))
    fichier.flush()


def _importer(fichier: Path, regie: Regie) -> tuple[float, float]:
    """Le temps de toute la commande, son démarrage compris, et la mémoire à son plus haut, bac à sable compris."""
    commande = [sys.executable, "manage.py", "importer_factures", fichier, "--regie", regie.code, "--publier"]
    debut = time.perf_counter()
    processus = subprocess.Popen(
        [*commande, "--collectivite", regie.collectivite.lien], stdout=subprocess.DEVNULL, env=os.environ
    )
    hauts: dict[int, float] = {}
    while processus.poll() is None:
        hauts |= {pid: haut for pid in (processus.pid, *_enfants(processus.pid)) if (haut := _plus_haut_mo(pid))}
        time.sleep(0.1)
    assert processus.returncode == 0
    sien = hauts.pop(processus.pid)
    return time.perf_counter() - debut, sien + max(hauts.values(), default=0.0)


def _enfants(pid: int) -> list[int]:
    """Le bac à sable, quand il y en a un ; il n'y en a jamais deux à la fois."""
    with contextlib.suppress(OSError):
        return [int(enfant) for enfant in Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8").split()]
    return []


def _plus_haut_mo(pid: int) -> float:
    """Ce processus à son plus haut ; celui de wait4 compterait aussi le nôtre, dont il est né. Zéro s'il a fini."""
    with contextlib.suppress(OSError):
        lignes = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
        return next((int(ligne.split()[1]) / 1024 for ligne in lignes if ligne.startswith("VmHWM:")), 0.0)
    return 0.0
