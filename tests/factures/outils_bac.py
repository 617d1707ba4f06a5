"""Le bac à sable dans un fil du processus des tests : les mêmes trames, sans les trois dixièmes d'un démarrage."""

import contextlib
import importlib
import os
import threading

import pytest

from factures.imports.bac import enfant, parent


class EnUnFil:
    """Ce qu'un ``Popen`` a d'utile au bac."""

    def __init__(self, module, reglages, _descripteurs):
        vers_lui, self.stdin = tuyau()
        self.stdout, de_lui = tuyau()
        self.returncode = None
        servir = importlib.import_module(f"factures.imports.bac.{module}").servir
        self.fil = threading.Thread(target=self._servir, args=(servir, vers_lui, de_lui, reglages), daemon=True)
        self.fil.start()

    def _servir(self, servir, entree, sortie, reglages):
        try:
            code = enfant.conduire(servir, entree, sortie, reglages)
        except ValueError:  # le parent a fermé pendant qu'il lisait
            code = 0
        self.returncode = code
        for bout in (entree, sortie):
            with contextlib.suppress(BrokenPipeError):
                bout.close()

    def wait(self, _secondes=None):
        self.fil.join()
        return self.returncode

    def kill(self):
        pass

    def communicate(self):
        for bout in (self.stdin, self.stdout):
            with contextlib.suppress(BrokenPipeError):
                bout.close()
        self.fil.join()


def tuyau():
    lire, ecrire = os.pipe()
    return os.fdopen(lire, "rb"), os.fdopen(ecrire, "wb")


@pytest.fixture(autouse=True)
def bac_en_un_fil(request, monkeypatch):
    if "vrai_bac" not in request.fixturenames:
        monkeypatch.setattr(parent, "demarrer", EnUnFil)


@pytest.fixture
def vrai_bac():
    """Le vrai processus, et ses bornes."""
