"""Les annonces, telles que les lisent les habitants."""

from collections.abc import Iterable
from functools import lru_cache

from django import template
from django.template.defaultfilters import linebreaks_filter, urlize
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from portail.models import Annonce, Collectivite, annonces_en_ligne

register = template.Library()


@register.filter
@lru_cache(maxsize=256)
def en_paragraphes(texte: str) -> SafeString:
    """Du texte brut : échappé, ses adresses faites liens, ses lignes faites paragraphes, et rien d'autre."""
    return SafeString(linebreaks_filter(urlize(texte)))


@register.simple_tag
def bandeau(annonces: Iterable[Annonce], *, ouvert: bool = False) -> SafeString:
    """Ces annonces, qui se replient ; ``ouvert``, sauf les importantes, que chacun a lues. Le même pour tous, il est
    composé une fois.
    """
    lues = tuple((annonce.titre, annonce.texte, annonce.importante) for annonce in annonces)
    return _bandeau(lues, ouvert, get_language()) if lues else SafeString()


@register.simple_tag
def bandeau_de_la_commune(collectivite: Collectivite) -> SafeString:
    """Avant la connexion : ce qui s'adresse à tous, pour qu'une panne se lise d'abord."""
    en_ligne = annonces_en_ligne(collectivite, timezone.now())
    return bandeau((a for a in en_ligne if not a.importante and a.regie_id is None), ouvert=True)


@lru_cache(maxsize=256)
def _bandeau(annonces: tuple[tuple[str, str, bool], ...], ouvert: bool, _langue: str | None) -> SafeString:
    noms = ("titre", "texte", "importante")
    contexte = {"annonces": [dict(zip(noms, annonce, strict=True)) for annonce in annonces], "ouvert": ouvert}
    return render_to_string("portail/_annonces.html", contexte)
