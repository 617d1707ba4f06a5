"""L'heure du simulateur : la vraie, ou une heure choisie qui avance ensuite."""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")
ANNEES_ACCEPTEES = range(2000, 2101)


class Horloge:
    """Donne l'heure UTC ; `metronome` compte les secondes écoulées depuis un réglage."""

    def __init__(self, metronome: Callable[[], float] = time.monotonic) -> None:
        self._metronome = metronome
        self._depart: tuple[datetime, float] | None = None

    def regler(self, instant: datetime | None) -> None:
        """Repart de `instant`, ou revient à l'heure réelle."""
        self._depart = None if instant is None else (instant, self._metronome())

    def maintenant(self) -> datetime:
        """L'heure du simulateur, en UTC."""
        if self._depart is None:
            return datetime.now(UTC)
        instant, repere = self._depart
        return instant + timedelta(seconds=self._metronome() - repere)


def lire_instant(texte: str) -> datetime:
    """Lit une heure ISO 8601 ; sans fuseau, c'est l'heure de Paris. ValueError si elle est illisible."""
    instant = datetime.fromisoformat(texte)
    if instant.year not in ANNEES_ACCEPTEES:
        raise ValueError(texte)
    return (instant if instant.tzinfo else instant.replace(tzinfo=PARIS)).astimezone(UTC)


def date_paris(instant: datetime) -> str:
    """`dattrans` : JJMMAAAA à Paris (payfip.md §3.3)."""
    return instant.astimezone(PARIS).strftime("%d%m%Y")


def heure_paris(instant: datetime) -> str:
    """`heurtrans` : HHMM à Paris (payfip.md §3.3)."""
    return instant.astimezone(PARIS).strftime("%H%M")


def jour_paris(instant: datetime) -> date:
    """Le jour qu'il est à Paris."""
    return instant.astimezone(PARIS).date()
