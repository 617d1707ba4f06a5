"""Le courriel qui dit qu'une copie est prête, et rien d'autre : ni ce qu'elle contient, ni de quoi l'ouvrir."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from comptes.models import Copie
from portail.models import Collectivite
from portail.registre import Contenu, SorteDeCourriel

COURRIEL = "comptes.copie_prete"


def composer(collectivite: Collectivite, contexte: Mapping[str, Any]) -> Contenu | None:
    """Rien, si elle s'est déjà effacée."""
    copie = Copie.objects.filter(pk=contexte["copie"], collectivite=collectivite).first()
    return _exemple(collectivite) if copie is not None and copie.vaut(timezone.now()) else None


def _exemple(collectivite: Collectivite) -> Contenu:
    """Le même pour tous : la page demande de se connecter."""
    return Contenu(_("La copie de vos données est prête"), {"page": f"{collectivite.adresse}{reverse('copie')}"})


COPIE_PRETE = SorteDeCourriel(
    COURRIEL,
    "courriels/copie_prete.txt",
    "courriels/copie_prete.html",
    composer,
    libelle=_("À qui a demandé une copie de ses données, quand elle est prête"),
    exemple=_exemple,
)
