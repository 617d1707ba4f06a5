"""Ce que tout processus du bac fait d'abord : renoncer à ce dont il n'a pas besoin."""

import ctypes
import json
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from typing import IO, Any, BinaryIO

from factures.imports.bac.trames import dire
from factures.imports.rangees import FichierRefuse

PR_SET_PDEATHSIG = 1
SANS_MEMOIRE = 3
FICHIERS_OUVERTS = 32

Servir = Callable[[IO[bytes], IO[bytes], dict[str, Any]], None]


def rouvrir(descripteur: int) -> BinaryIO:
    """Le fichier tendu par le parent, avec une position à soi."""
    return open(f"/proc/self/fd/{descripteur}", "rb")  # noqa: PTH123  # à fermer par l'appelant


def se_borner(*, memoire: int, cpu: int) -> None:
    """Au-delà, le noyau nous arrête ; et nous ne survivons pas à qui nous a lancé."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    for quoi, combien, marge in (
        (resource.RLIMIT_AS, memoire, 0),
        (resource.RLIMIT_CPU, cpu, 1),  # sans marge, SIGKILL devancerait SIGXCPU, qui dit que c'est le temps
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_NOFILE, FICHIERS_OUVERTS, 0),
    ):
        _abaisser(quoi, combien, marge)


def _abaisser(quoi: int, combien: int, marge: int) -> None:
    """Jamais au-dessus de ce que la machine permet déjà ; ``marge`` : entre l'avertissement et la mort."""
    _, plafond = resource.getrlimit(quoi)
    borne = combien + marge if plafond == resource.RLIM_INFINITY else min(combien + marge, plafond)
    resource.setrlimit(quoi, (borne - marge, borne))


def mener(servir: Servir) -> int:
    """Renonce au superflu, puis sert ; le code de sortie dit comment cela a fini."""
    reglages = json.loads(sys.argv[1])
    se_borner(memoire=reglages["memoire"], cpu=reglages["cpu"])
    entree, sortie = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # une bibliothèque qui écrirait sur la sortie y brouillerait les trames
    return conduire(servir, entree, sortie, reglages)


def conduire(servir: Servir, entree: IO[bytes], sortie: IO[bytes], reglages: dict[str, Any]) -> int:
    """Sert jusqu'au bout. Aucune valeur lue ne va dans les traces."""
    try:
        servir(entree, sortie, reglages)
    except FichierRefuse as refus:
        dire(sortie, {"refus": str(refus)})
    except MemoryError:
        return SANS_MEMOIRE
    except BrokenPipeError:  # le parent n'écoute plus : il a renoncé
        return 0
    except Exception as erreur:  # noqa: BLE001  # son texte peut citer le fichier : seul l'endroit se note
        etapes = traceback.extract_tb(erreur.__traceback__)
        sys.stderr.write(f"{type(erreur).__name__} : {' < '.join(f'{e.name}:{e.lineno}' for e in reversed(etapes))}\n")
        return 1
    return 0
