"""Les jetons des liens envoyés par courriel : signés, datés, liés à une commune ; rien n'en est gardé.

Un jeton ne dit pas qu'il a servi : c'est l'état qu'il désigne qui a changé depuis (docs/adr/014).
"""

from datetime import timedelta
from typing import Any

from django.core.signing import BadSignature, TimestampSigner
from django.utils.crypto import constant_time_compare, salted_hmac

from comptes.models import Usager
from portail.models import Collectivite


def signer(usage: str, *contenu: Any, chez: Collectivite) -> str:
    """Un jeton qui ne vaut que pour cet usage, dans cette commune, et à partir de maintenant."""
    return _signataire(usage).sign_object([chez.pk, *contenu])


def lire(usage: str, jeton: str, *, chez: Collectivite, duree: timedelta) -> list[Any] | None:
    """Le contenu ; None pour un jeton faux, périmé, d'un autre usage ou d'une autre commune."""
    commune, *contenu = _ouvrir(usage, jeton, duree) or [None]
    return contenu if commune == chez.pk else None


def commune(usage: str, jeton: str) -> Collectivite | None:
    """Celle d'un vrai jeton, même périmé."""
    contenu = _ouvrir(usage, jeton, None)
    return Collectivite.objects.filter(pk=contenu[0]).first() if contenu else None


def etat_de_connexion(usager: Usager) -> str:
    """Change à chaque connexion, mot de passe ou adresse mail : les liens d'avant meurent avec."""
    etat = f"{usager.password} {usager.last_login and usager.last_login.timestamp()} {usager.email}"
    return salted_hmac("comptes.etat_de_connexion", etat, algorithm="sha256").hexdigest()[:32]


def est_a_jour(usager: Usager, etat: str) -> bool:
    """Vrai si rien n'a changé depuis."""
    return constant_time_compare(etat, etat_de_connexion(usager))


def _ouvrir(usage: str, jeton: str, duree: timedelta | None) -> list[Any] | None:
    try:
        contenu: list[Any] = _signataire(usage).unsign_object(jeton, max_age=duree)
    except BadSignature:
        return None
    return contenu


def _signataire(usage: str) -> TimestampSigner:
    # Un point, et non deux : des logiciels de courriel coupent un lien à « : ».
    return TimestampSigner(salt=f"comptes.{usage}", sep=".")
