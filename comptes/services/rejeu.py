"""Après une restauration : refermer ce qui s'était fermé depuis la sauvegarde, que la base restaurée ignore."""

import re
from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from comptes.etats import Cause
from comptes.models import Rattachement, Usager
from comptes.services.effacement import FermetureRefusee, effacer, quitter
from portail.models import Collectivite

REFERMES, RETENUS, DEJA = "refermés", "retenus", "déjà fermés ou inconnus"

# Ce qu'écrit ``effacement._tracer``, où que ce soit dans une ligne de traces.
_TRACE = re.compile(r"compte (effacé|quitté) (\d+) (\S+) (\S+)")


def rejouer(lignes: Iterable[str]) -> Counter[str]:
    """Refait chaque fermeture que disent ces lignes ; rend combien de fois chaque sort. La refaire ne change rien."""
    return Counter(_refaire(*trouvee.groups()) for ligne in lignes if (trouvee := _TRACE.search(ligne)))


def _refaire(quoi: str, cle: str, cree_le: str, lien: str) -> str:
    comptes = Usager.objects.filter(pk=cle, cree_le=datetime.fromisoformat(cree_le))
    compte, chez = comptes.first(), Collectivite.objects.filter(lien=lien).first()
    try:
        if quoi == "effacé" and effacer(parmi=comptes, cause=Cause.REJEU):
            return REFERMES
        if chez is not None and compte is not None and Rattachement.objects.de(compte, chez=chez).exists():
            quitter(usager=compte, chez=chez, cause=Cause.REJEU)
            return REFERMES
    except FermetureRefusee:
        return RETENUS
    return DEJA
