"""Ce que toute page sait, pages d'erreur comprises."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def portail(request: HttpRequest) -> dict[str, Any]:
    """La commune de la requête (absente si l'hôte est inconnu), la visite d'un agent, et le mode démonstration."""
    connus = {nom: getattr(request, nom, None) for nom in ("collectivite", "visite")}
    return {**connus, "demo": settings.DEMO}
