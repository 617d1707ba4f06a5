"""Tient des processus enfants : relancés quand ils tombent, tous finis quand on le demande ou qu'on meurt."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

SIGNAUX_DE_FIN = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
SIGNAUX_ATTENDUS = SIGNAUX_DE_FIN | {signal.SIGCHLD}
DELAI_AVANT_RELANCE = 1.0
CHUTES_TOLEREES, EN_SECONDES = 5, 60.0
PATIENCE = 5.0  # après SIGTERM, avant SIGKILL
PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


class Arret(Exception):
    """On nous demande de finir."""


class Echec(Exception):
    """On ne peut pas continuer ; le message est une phrase pour la personne devant le terminal."""


@dataclass(frozen=True)
class Enfant:
    """Un processus à tenir ; ``nom`` est le sujet des phrases (« Le serveur »)."""

    nom: str
    commande: tuple[str, ...]
    descripteurs: tuple[int, ...] = ()


@dataclass
class _Suivi:
    enfant: Enfant
    processus: subprocess.Popen[bytes]
    chutes: deque[float] = field(default_factory=lambda: deque(maxlen=CHUTES_TOLEREES))
    relance_a: float | None = None


class Superviseur:
    """Des étages d'enfants, démarrés l'un après l'autre et finis dans l'ordre inverse."""

    def __init__(self, *, dossier: Path, environnement: dict[str, str]) -> None:
        self._dossier = dossier
        self._environnement = environnement
        self._etages: list[list[_Suivi]] = []

    def demarrer(self, *enfants: Enfant) -> None:
        """Ajoute un étage."""
        etage: list[_Suivi] = []
        self._etages.append(etage)
        etage.extend(_Suivi(enfant, self._lancer(enfant)) for enfant in enfants)

    def executer(self, enfant: Enfant) -> str:
        """Ce qu'a écrit ``enfant``, qui doit finir bien ; les autres restent tenus pendant ce temps."""
        with tempfile.TemporaryFile() as sortie:
            processus = self._lancer(enfant, sortie=sortie)
            try:
                while processus.poll() is None:
                    self._attendre()
            finally:
                terminer([processus])
            sortie.seek(0)
            texte = sortie.read().decode("utf-8", "replace")
        if processus.returncode:
            raise Echec(f"{texte}{enfant.nom} a échoué (code {processus.returncode}).")
        return texte

    def attendre(self, condition: Callable[[], bool], *, secondes: float, sinon: str) -> None:
        """Rend la main dès que ``condition`` est vraie ; Echec(``sinon``) après ``secondes``."""
        limite = time.monotonic() + secondes
        while not condition():
            if time.monotonic() > limite:
                raise Echec(sinon)
            self._attendre(0.05)

    def veiller(self) -> None:
        """Ne revient jamais : lève Arret ou Echec."""
        while True:
            self._attendre()

    def terminer(self) -> None:
        """Finit tous les enfants, le dernier étage d'abord."""
        while self._etages:
            terminer([suivi.processus for suivi in self._etages.pop()])

    def _lancer(self, enfant: Enfant, sortie: IO[bytes] | None = None) -> subprocess.Popen[bytes]:
        pere = os.getpid()
        return subprocess.Popen(
            enfant.commande,
            cwd=self._dossier,
            env=self._environnement,
            stdin=subprocess.DEVNULL,
            stdout=sortie,
            pass_fds=enfant.descripteurs,
            # Sa propre session : le Ctrl-C du terminal n'atteint que nous, et son groupe a ses enfants.
            start_new_session=True,
            preexec_fn=lambda: _se_lier(pere),  # noqa: PLW1509 - nous n'avons qu'un fil
        )

    def _attendre(self, secondes: float = EN_SECONDES) -> None:
        """Dort, relève les enfants tombés, et lève Arret si on nous l'a demandé."""
        echeances = [s.relance_a - time.monotonic() for s in self._suivis() if s.relance_a is not None]
        recu = signal.sigtimedwait(SIGNAUX_ATTENDUS, max(0.0, min([secondes, *echeances])))
        if recu is not None and recu.si_signo in SIGNAUX_DE_FIN:
            raise Arret
        for suivi in self._suivis():
            self._relever(suivi)

    def _relever(self, suivi: _Suivi) -> None:
        if suivi.relance_a is None and suivi.processus.poll() is not None:
            _constater_la_chute(suivi)
        elif suivi.relance_a is not None and time.monotonic() >= suivi.relance_a:
            suivi.processus, suivi.relance_a = self._lancer(suivi.enfant), None

    def _suivis(self) -> list[_Suivi]:
        return [suivi for etage in self._etages for suivi in etage]


def gouverner(conduite: Callable[[Superviseur], None], superviseur: Superviseur) -> int:
    """Le code de sortie de ``conduite`` : 0 arrêtée, 1 échouée ; aucun enfant ne lui survit."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    # Bloqués puis attendus : aucun signal ne peut tomber au milieu du démarrage d'un enfant.
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNAUX_ATTENDUS)
    try:
        conduite(superviseur)
    except Arret:
        return 0
    except Echec as echec:
        sys.stderr.write(f"{echec}\n")
        return 1
    finally:
        superviseur.terminer()
    return 0


def terminer(processus: Iterable[subprocess.Popen[bytes]]) -> None:
    """SIGTERM à chacun, puis SIGKILL à ce qui reste de son groupe, ses propres enfants compris."""
    limite = time.monotonic() + PATIENCE
    processus = list(processus)
    for un in processus:
        un.terminate()
    for un in processus:
        with contextlib.suppress(subprocess.TimeoutExpired):
            un.wait(max(0.0, limite - time.monotonic()))
        _tuer_le_groupe(un)


def mourir_avec_son_pere(signe: signal.Signals = signal.SIGTERM) -> None:
    """Le noyau nous enverra ``signe`` à la mort de notre père, fût-elle par SIGKILL."""
    _LIBC.prctl(PR_SET_PDEATHSIG, int(signe))


def _se_lier(pere: int) -> None:
    mourir_avec_son_pere()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNAUX_ATTENDUS)
    if os.getppid() != pere:  # mort entre fork et prctl
        os._exit(1)


def _constater_la_chute(suivi: _Suivi) -> None:
    _tuer_le_groupe(suivi.processus)
    maintenant = time.monotonic()
    suivi.chutes.append(maintenant)
    phrase = f"{suivi.enfant.nom} s'est arrêté (code {suivi.processus.returncode})"
    if len(suivi.chutes) == CHUTES_TOLEREES and maintenant - suivi.chutes[0] < EN_SECONDES:
        raise Echec(f"{phrase} {CHUTES_TOLEREES} fois en moins d'une minute : tout s'arrête.")
    sys.stderr.write(f"{phrase} ; il est relancé.\n")
    suivi.relance_a = maintenant + DELAI_AVANT_RELANCE


def _tuer_le_groupe(processus: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(processus.pid, signal.SIGKILL)
    processus.wait()
