"""Le seul endroit qui lit l'environnement ; une valeur absente ou étrange arrête le démarrage par une phrase."""

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

_LIGNE = re.compile(r"^([A-Z][A-Z0-9_]*)=(.*)$")
_BOOLEENS = {"1": True, "0": False}
_BOUCLE_LOCALE = re.compile(r"(127(\.\d{1,3}){3}|localhost|\[?::1\]?|([a-z0-9-]+\.)+localhost)")


def charger(fichier: Path) -> None:
    """Ajoute à l'environnement les lignes ``NOM=valeur`` de ``fichier``, sans rien remplacer."""
    if not fichier.is_file():
        return
    for numero, ligne in enumerate(fichier.read_text("utf-8").splitlines(), start=1):
        if not ligne.strip() or ligne.startswith("#"):
            continue
        correspondance = _LIGNE.match(ligne)
        if correspondance is None:
            raise ImproperlyConfigured(f"{fichier.name}, ligne {numero} : on attend NOM=valeur.")
        os.environ.setdefault(correspondance[1], correspondance[2])


def env_requis(nom: str) -> str:
    """La valeur de ``nom`` ; ImproperlyConfigured si elle manque ou si elle est vide."""
    valeur = os.environ.get(nom, "").strip()
    if not valeur:
        raise ImproperlyConfigured(f"La variable {nom} est obligatoire : voir .env.exemple.")
    return valeur


def env_texte(nom: str, *, defaut: str) -> str:
    """La valeur de ``nom``, ou ``defaut`` si elle manque ou si elle est vide."""
    return os.environ.get(nom, "").strip() or defaut


def env_bool(nom: str, *, defaut: bool) -> bool:
    """Vrai pour « 1 », faux pour « 0 », ``defaut`` pour une variable absente ; toute autre valeur est refusée."""
    valeur = env_texte(nom, defaut="1" if defaut else "0")
    if valeur not in _BOOLEENS:
        raise ImproperlyConfigured(f"La variable {nom} vaut 0 ou 1, et non « {valeur} ».")
    return _BOOLEENS[valeur]


def env_entier(nom: str, *, defaut: int, minimum: int) -> int:
    """Un entier d'au moins ``minimum``."""
    valeur = env_texte(nom, defaut=str(defaut))
    if not (valeur.isascii() and valeur.isdigit()) or int(valeur) < minimum:
        raise ImproperlyConfigured(f"La variable {nom} est un entier d'au moins {minimum}, et non « {valeur} ».")
    return int(valeur)


def env_liste(nom: str, *, defaut: str = "") -> list[str]:
    """Des mots séparés par des virgules, sans vides."""
    return [mot.strip() for mot in env_texte(nom, defaut=defaut).split(",") if mot.strip()]


def env_url(nom: str, *, defaut: str, https: bool = False) -> str:
    """Une adresse http(s) complète ; ``https`` refuse http, sauf vers la machine elle-même."""
    valeur = env_texte(nom, defaut=defaut)
    adresse = urlsplit(valeur)
    if adresse.scheme not in {"http", "https"} or not adresse.hostname:
        raise ImproperlyConfigured(f"La variable {nom} est une adresse http ou https, et non « {valeur} ».")
    if https and adresse.scheme == "http" and not est_boucle_locale(adresse.hostname):
        raise ImproperlyConfigured(f"La variable {nom} doit commencer par https://.")
    return valeur


def origine(url: str) -> str:
    """``https://hote:port`` d'une adresse complète."""
    adresse = urlsplit(url)
    return f"{adresse.scheme}://{adresse.netloc}"


def est_boucle_locale(hote: str) -> bool:
    """Vrai si ce nom d'hôte (sans port) ne désigne que la machine elle-même."""
    return _BOUCLE_LOCALE.fullmatch(hote) is not None
