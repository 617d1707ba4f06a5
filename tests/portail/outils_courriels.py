"""Un bureau de poste en mémoire, une sorte de courriel d'essai, et le temps qui passe."""

import os
import smtplib
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from types import SimpleNamespace
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils.translation import gettext_lazy as _

from portail import courriels
from portail.models import Collectivite, Courriel
from portail.registre import Contenu, SorteDeCourriel

ESSAI = "essai"
LUNDI = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


class Tue(BaseException):
    """Le processus meurt là."""


@dataclass
class Bureau:
    """``humeurs`` : ce qui arrive aux prochains messages, dans l'ordre ; ensuite tout est accepté."""

    ouvert: bool = True
    humeurs: list[str] = field(default_factory=list)
    recus: list[bytes] = field(default_factory=list)
    connexions: int = 0

    def par_message_id(self) -> dict[str, list[bytes]]:
        tries = defaultdict(list)
        for octets in self.recus:
            tries[en_tete(octets, "Message-ID")].append(octets)
        return dict(tries)


bureau = Bureau()
jetons = count(1)


def en_tete(octets: bytes, nom: str) -> str:
    debut = f"{nom}: "
    [ligne] = [ligne for ligne in octets.decode().split("\r\n\r\n")[0].split("\r\n") if ligne.startswith(debut)]
    return ligne.removeprefix(debut)


class Facteur(BaseEmailBackend):
    """Le moteur d'envoi de Django, relié au bureau."""

    def open(self) -> bool:
        bureau.connexions += 1
        if not bureau.ouvert:
            raise ConnectionRefusedError(111, "personne")
        return True

    def send_messages(self, messages: list[EmailMessage]) -> int:
        [message] = messages
        octets = message.message().as_bytes(linesep="\r\n")
        humeur = bureau.humeurs.pop(0) if bureau.humeurs else "accepte"
        HUMEURS[humeur](message.to[0], octets)
        return 1


def _accepte(_adresse: str, octets: bytes) -> None:
    bureau.recus.append(octets)


def _accepte_puis(exception: BaseException) -> Any:
    def agir(adresse: str, octets: bytes) -> None:
        _accepte(adresse, octets)
        raise exception

    return agir


def _leve(exception: BaseException) -> Any:
    def agir(adresse: str, octets: bytes) -> None:
        raise exception

    return agir


def _refuse(code: int) -> Any:
    def agir(adresse: str, octets: bytes) -> None:
        raise smtplib.SMTPRecipientsRefused({adresse: (code, f"<{adresse}> non".encode())})

    return agir


HUMEURS = {
    "accepte": _accepte,
    "plus tard": _refuse(451),
    "inconnu": _refuse(550),
    "indésirable": _leve(smtplib.SMTPDataError(554, b"non")),
    "trop": _leve(smtplib.SMTPDataError(452, b"plus tard")),
    "expéditeur refusé": _leve(smtplib.SMTPSenderRefused(550, b"non", "x")),
    "coupe": _leve(smtplib.SMTPServerDisconnected("coupé")),
    "accepte puis coupe": _accepte_puis(TimeoutError("pas de réponse")),
    "tué avant": _leve(Tue()),
    "tué après": _accepte_puis(Tue()),
}


def composer(collectivite: Collectivite, contexte: Any) -> Contenu | None:
    """Chaque composition tire un jeton neuf : recomposer ne donne jamais deux fois le même texte."""
    if contexte.get("sans_objet"):
        return None
    if contexte.get("faute"):
        raise ZeroDivisionError(contexte["faute"])
    factures = [SimpleNamespace(numero=f"jeton {os.getpid()}-{next(jetons)}", get_absolute_url="/x")]
    valeurs = {"preleve": False, "le": LUNDI, "service": contexte.get("service"), "factures": factures}
    valeurs |= {"papier": False, "justificatif": "/justificatif/"}
    return Contenu(_("Essai"), valeurs)


SORTE = SorteDeCourriel(ESSAI, "courriels/paiement.txt", "courriels/paiement.html", composer)


def deposer(chez: Collectivite, cle: str = "essai:1", a: str = "ada@exemple.fr", **contexte: Any) -> Courriel:
    courriels.deposer(sorte=ESSAI, cle=cle, collectivite=chez, destinataire=a, contexte=contexte)
    return Courriel.objects.get(collectivite=chez, cle=cle)


def sort(cle: str = "essai:1") -> tuple[str, int, str]:
    """État, essais, dernière erreur."""
    return Courriel.objects.values_list("etat", "essais", "erreur").get(cle=cle)
