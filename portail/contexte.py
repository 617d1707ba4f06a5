"""Ce que toute page sait, pages d'erreur comprises."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def portail(request: HttpRequest) -> dict[str, Any]:
    """La commune de la requête (absente si l'hôte est inconnu) et le mode démonstration."""
    return {"collectivite": getattr(request, "collectivite", None), "demo": settings.DEMO}
