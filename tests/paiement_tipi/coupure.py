# ruff: noqa: E402  # Django se prépare avant que ses modèles ne s'importent
"""``python -m tests.paiement_tipi.coupure FENETRE CLE`` : part payer une facture, ou constate, et se tue (kill -9)."""

import os
import signal
import sys
from uuid import UUID

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portail.settings_test")
django.setup()

from factures.models import Facture
from paiement_tipi import services
from paiement_tipi.models import Paiement
from paiement_tipi.services import constat, demarrage

FORMULAIRE = UUID(int=1317)
DEPARTS = ("après PayFiP", "après l'enregistrement")
CONSTATS = ("avant l'enregistrement du règlement", "avant l'accusé")


def mourir(*_arguments, **_nommes):
    os.kill(os.getpid(), signal.SIGKILL)


def puis_mourir(fonction):
    return lambda *arguments, **nommes: (fonction(*arguments, **nommes), mourir())


def partir(fenetre: str, cle: int) -> None:
    demarrage._envoyer = mourir if fenetre == DEPARTS[0] else puis_mourir(demarrage._envoyer)
    facture = Facture.objects.get(pk=cle)
    usager = facture.redevable.rattachements.get().usager
    guichet = services.guichet(personne=True)
    services.demarrer_paiement(facture=facture, usager=usager, formulaire=FORMULAIRE, guichet=guichet)


def constater(fenetre: str, cle: int) -> None:
    if fenetre == CONSTATS[0]:
        constat.accuser = puis_mourir(constat.accuser)  # tout est écrit, rien n'est enregistré
    guichet = services.guichet(personne=False)
    services.constater(paiement=Paiement.objects.get(pk=cle), guichet=guichet, cause="notification")
    mourir()  # l'accusé attend dans la file : l'ouvrier ne l'a pas encore envoyé


if __name__ == "__main__":
    (partir if sys.argv[1] in DEPARTS else constater)(sys.argv[1], int(sys.argv[2]))
