"""``make test`` : toutes les étapes, même après un échec, puis un bilan et le code de sortie qui le dit."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

RACINE = Path(__file__).resolve().parent.parent
PYTEST = (sys.executable, "-m", "pytest", "-n", "2", "-rs")
# La démonstration de var/, la base et les réglages restés dans le terminal ne regardent pas les essais.
OUBLIEES = (
    "AMPLEUR",
    "COURRIEL_EXPEDITEUR",
    "COURRIEL_URL",
    "DATABASE_URL",
    "PORT",
    "PORT_SIMULATEUR",
    "RAPPROCHEMENT_SECONDES",
    "SIMULATEUR_PILOTABLE",
)


@dataclass(frozen=True)
class Etape:
    """Une vérification ; ``variables`` complète son environnement."""

    nom: str
    commande: tuple[str, ...]
    variables: dict[str, str] = field(default_factory=dict)


def etapes(donnees: Path) -> tuple[Etape, ...]:
    """Les plus rapides d'abord."""
    sqlite = {"DATABASE_URL": f"sqlite:///{donnees / 'essais.sqlite3'}"}
    return (
        Etape("mise en forme (ruff format)", ("ruff", "format", "--check", ".")),
        Etape("style (ruff)", ("ruff", "check", ".")),
        Etape("gabarits (djlint)", ("djlint", "templates", "--check", "--lint", "--quiet")),
        Etape("types (mypy)", ("mypy", ".")),
        Etape("couches (import-linter)", ("lint-imports",)),
        Etape("migrations à jour", (sys.executable, "manage.py", "makemigrations", "--check", "--dry-run")),
        Etape("PostgreSQL, navigateur compris", (sys.executable, "tests/grappe.py", *PYTEST)),
        Etape("SQLite", (*PYTEST, "-m", "sqlite and not postgresql"), sqlite),
    )


def main() -> int:
    """0 si tout a réussi."""
    # Un SIGTERM devient une exception : l'étape en cours est finie, la grappe et le dossier sont enlevés.
    signal.signal(signal.SIGTERM, lambda signe, _: sys.exit(128 + signe))
    bilan: list[tuple[bool, str]] = []
    with tempfile.TemporaryDirectory(prefix="essais-") as donnees:
        for etape in etapes(Path(donnees)):
            print(f"\n── {etape.nom}", flush=True)
            debut = time.monotonic()
            reussie = _executer(etape, _environnement(donnees)) == 0
            mention = "réussi" if reussie else "ÉCHEC"
            bilan.append((reussie, f"{mention:8}{time.monotonic() - debut:5.0f} s  {etape.nom}"))
    print("", "Bilan", *(ligne for _, ligne in bilan), sep="\n", flush=True)
    return 0 if all(reussie for reussie, _ in bilan) else 1


def _environnement(donnees: str) -> dict[str, str]:
    garde = {nom: valeur for nom, valeur in os.environ.items() if nom not in OUBLIEES}
    binaires = Path(sys.executable).parent
    return garde | {
        "DONNEES": donnees,
        "DJANGO_SETTINGS_MODULE": "portail.settings_test",
        "PATH": f"{binaires}{os.pathsep}{os.environ['PATH']}",
    }


def _executer(etape: Etape, environnement: dict[str, str]) -> int:
    with subprocess.Popen(etape.commande, cwd=RACINE, env=environnement | etape.variables) as processus:
        try:
            return processus.wait()
        finally:
            if processus.poll() is None:
                processus.terminate()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
