"""Un PayFiP en mémoire, docile : de quoi essayer des milliers de suites d'événements sans réseau."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from paiement_tipi.client import GuichetIndisponible, GuichetRefuse
from paiement_tipi.protocole import Demande, Faute, Lecture

INCONNU = "K"


class Tue(BaseException):
    """Le processus meurt là."""


@dataclass
class Operation:
    demande: Demande
    resultat: str = ""
    date: datetime | None = None
    purgee: bool = False


@dataclass
class GuichetDocile:
    """``temps`` : « beau », « panne », « réponse perdue », « processus tué » ou « menteur » (un centime de trop)."""

    temps: str = "beau"
    operations: dict[UUID, Operation] = field(default_factory=dict)

    def creer(self, demande: Demande) -> UUID:
        if self.temps == "panne":
            raise GuichetIndisponible("panne")
        idop = UUID(int=len(self.operations) + 1)
        self.operations[idop] = Operation(demande)
        if self.temps == "réponse perdue":
            raise GuichetIndisponible("réponse perdue")
        if self.temps == "processus tué":
            raise Tue
        return idop

    def lire(self, idop: UUID) -> tuple[Lecture, bytes]:
        if self.temps == "panne":
            raise GuichetIndisponible("panne")
        operation = self.operations.get(idop)
        if operation is None or not operation.resultat:
            code = "P1" if operation is None or operation.purgee else "P5"
            raise GuichetRefuse(Faute(code=code, libelle="", technique=False))
        return self._lecture(idop, operation), b"<reponse/>"

    def _lecture(self, idop: UUID, operation: Operation) -> Lecture:
        demande = operation.demande
        return Lecture(
            idop=str(idop),
            resultat=operation.resultat,
            numcli=demande.numcli,
            refdet=demande.refdet,
            saisie=demande.saisie,
            montant=demande.montant + (self.temps == "menteur"),
            numauto="A55A",
            date=operation.date,
        )

    def conclure(self, idop: UUID, resultat: str) -> None:
        """La personne finit sa page ; seuls un abandon et un code inconnu peuvent devenir autre chose."""
        operation = self.operations[idop]
        if operation.resultat in {"", "A", INCONNU} and not operation.purgee:
            operation.resultat = resultat
            operation.date = timezone.now().replace(second=0, microsecond=0)

    def preciser(self) -> None:
        """Les codes inconnus se révèlent des paiements."""
        for idop, operation in self.operations.items():
            if operation.resultat == INCONNU:
                self.conclure(idop, "P")

    def purger(self) -> None:
        for operation in self.operations.values():
            operation.purgee = operation.purgee or not operation.resultat
