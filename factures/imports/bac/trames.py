"""Ce que se disent les deux processus : des trames, leur longueur devant ; jamais un objet qu'il faudrait croire."""

import json
import struct
from typing import IO, Any

OCTETS_MAXIMUM = 32 << 20  # un document de vingt Mio, ou deux cents rangées, y tiennent
TETE = struct.Struct(">I")


def ecrire(vers: IO[bytes], contenu: bytes) -> None:
    """Une trame."""
    vers.write(TETE.pack(len(contenu)))
    vers.write(contenu)
    vers.flush()


def dire(vers: IO[bytes], message: dict[str, Any]) -> None:
    """Un message, en JSON."""
    ecrire(vers, json.dumps(message).encode())


def lire(depuis: IO[bytes]) -> bytes | None:
    """La trame suivante ; None quand l'autre a fini."""
    tete = depuis.read(TETE.size)
    return depuis.read(TETE.unpack(tete)[0]) if len(tete) == TETE.size else None


def entendre(depuis: IO[bytes]) -> dict[str, Any] | None:
    """Le message suivant."""
    contenu = lire(depuis)
    message: dict[str, Any] | None = json.loads(contenu) if contenu is not None else None
    return message
