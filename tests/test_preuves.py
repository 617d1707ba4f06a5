"""Une preuve citée existe : la table des promesses du paiement ne vieillit pas."""

import re
from pathlib import Path

RACINE = Path(__file__).resolve().parent.parent


def test_chaque_preuve_du_paiement_est_un_test():
    table = (RACINE / "docs/epreuves/paiement-preuves.md").read_text("utf-8")
    lignes = re.findall(r"^\| (\d+) \|.*\| (.*) \|$", table, re.MULTILINE)
    assert [int(numero) for numero, _tests in lignes] == list(range(1, 31))
    ecrits = set()
    for fichier in (RACINE / "tests").rglob("test_*.py"):
        ecrits |= set(re.findall(r"^def test_(\w+)", fichier.read_text("utf-8"), re.MULTILINE))
    cites = {nom for _numero, tests in lignes for nom in re.findall(r"`(\w+)`", tests)}
    assert cites - ecrits == set()
