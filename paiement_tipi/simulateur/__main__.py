"""`python -m paiement_tipi.simulateur --port 8001 [--hote 127.0.0.1] [--pilotable]`."""

import argparse
import signal
import sys
from types import FrameType

from paiement_tipi.simulateur.serveur import creer_serveur


def principal() -> None:
    """Sert jusqu'à SIGINT ou SIGTERM, puis finit aussitôt, sans erreur."""
    options = _options()
    for signal_de_fin in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_de_fin, _finir)
    try:
        serveur = creer_serveur(options.port, hote=options.hote, pilotable=options.pilotable)
    except (OSError, OverflowError) as erreur:
        sys.exit(f"Simulateur PayFiP : impossible d'écouter sur {options.hote}:{options.port} ({erreur}).")
    with serveur:
        sys.stdout.write(f"Simulateur PayFiP : http://{options.hote}:{serveur.server_port}/\n")
        sys.stdout.flush()
        serveur.serve_forever()


def _options() -> argparse.Namespace:
    lecteur = argparse.ArgumentParser(prog="python -m paiement_tipi.simulateur", description=__doc__)
    lecteur.add_argument("--port", type=int, default=8001, help="port d'écoute (0 : un port libre)")
    lecteur.add_argument("--hote", default="127.0.0.1", help="adresse d'écoute")
    lecteur.add_argument("--pilotable", action="store_true", help="ouvre /simulateur/etat et la météo de l'accueil")
    return lecteur.parse_args()


def _finir(_numero: int, _cadre: FrameType | None) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    principal()
