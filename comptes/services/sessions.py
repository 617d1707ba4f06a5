"""Les sessions d'une personne : les lui montrer, les fermer."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils import timezone

from comptes.models import Session, Usager
from portail.journal import noter
from portail.models import Collectivite
from portail.requete import perimee


@dataclass(frozen=True)
class SessionOuverte:
    """Ce qu'une personne reconnaît de ses sessions."""

    appareil: str
    ouverte_le: datetime
    vue_le: datetime
    retenue: bool
    est_celle_ci: bool


def sessions_ouvertes(*, usager: Usager, chez: Collectivite, courante: str | None) -> list[SessionOuverte]:
    """Celles de cette commune, la plus récente d'abord ; une session trop longtemps inactive n'en est plus une."""
    return sorted(_lire(usager, chez, courante), key=lambda s: (s.est_celle_ci, s.vue_le), reverse=True)


def _lire(usager: Usager, chez: Collectivite, courante: str | None) -> Iterator[SessionOuverte]:
    maintenant = timezone.now()
    for session in Session.objects.de(usager, chez=chez, maintenant=maintenant):
        donnees = session.get_decoded()
        if not perimee(donnees, instant=int(maintenant.timestamp())):
            yield SessionOuverte(
                appareil=donnees.get("appareil", ""),
                ouverte_le=datetime.fromtimestamp(donnees["debut"], UTC),
                vue_le=datetime.fromtimestamp(donnees["vu"], UTC),
                retenue=bool(donnees.get("souvenir")),
                est_celle_ci=session.session_key == courante,
            )


def fermer_les_sessions(*, usager: Usager, sauf: str | None, collectivite: Collectivite) -> int:
    """Ferme, dans toutes les communes, les sessions de cette personne autres que ``sauf`` ; rend leur nombre."""
    fermees, _ = Session.objects.filter(usager=usager).exclude(session_key=sauf).delete()
    if fermees:
        noter("connexion.fermees", sur=usager, collectivite=collectivite.pk, apres={"nombre": fermees})
    return fermees


def fermer_les_sessions_d_ici(*, usager: Usager, collectivite: Collectivite) -> int:
    """Celles de cette commune seulement : le service n'a rien à fermer chez une autre."""
    fermees, _ = Session.objects.filter(usager=usager, collectivite=collectivite).delete()
    if fermees:
        noter("connexion.fermees", sur=usager, collectivite=collectivite.pk, apres={"nombre": fermees})
    return fermees


def effacer_les_sessions_mortes() -> int:
    """Retire celles que leur cookie a oubliées."""
    return Session.objects.filter(expire_date__lt=timezone.now()).delete()[0]
