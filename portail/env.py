"""Le seul endroit qui lit l'environnement ; une valeur absente ou étrange arrête le démarrage par une phrase."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

_LIGNE = re.compile(r"^([A-Z][A-Z0-9_]*)=(.*)$")
_BOOLEENS = {"1": True, "0": False}
_ENTIER = re.compile(r"[0-9]{1,9}")
_COURRIEL = re.compile(r"[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_CONTACT = re.compile(r"(mailto:[^\s@]+@[^\s@]+|https://\S+|tel:\+?[0-9-]+)")
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
    if _ENTIER.fullmatch(valeur) is None or int(valeur) < minimum:
        raise ImproperlyConfigured(f"La variable {nom} est un entier d'au moins {minimum}, et non « {valeur} ».")
    return int(valeur)


def env_liste(nom: str, *, defaut: str = "") -> list[str]:
    """Des mots séparés par des virgules, sans vides."""
    return [mot.strip() for mot in env_texte(nom, defaut=defaut).split(",") if mot.strip()]


def env_reseaux(nom: str) -> list[IPv4Network | IPv6Network]:
    """Des adresses IP ou des réseaux (« 10.0.0.0/8 »), séparés par des virgules ; aucun par défaut."""
    try:
        return [ip_network(mot) for mot in env_liste(nom)]
    except ValueError as erreur:
        valeur = env_texte(nom, defaut="")
        raise ImproperlyConfigured(
            f"La variable {nom} nomme des adresses IP ou des réseaux, et non « {valeur} »."
        ) from erreur


def env_contact(nom: str) -> str:
    """Une adresse que la RFC 9116 accepte (mailto:, https: ou tel:), ou rien."""
    valeur = env_texte(nom, defaut="")
    if valeur and _CONTACT.fullmatch(valeur) is None:
        raise ImproperlyConfigured(f"La variable {nom} commence par mailto:, https:// ou tel:, et non « {valeur} ».")
    return valeur


def env_url(nom: str, *, defaut: str, https: bool = False) -> str:
    """Une adresse http(s) complète ; ``https`` refuse http, sauf vers la machine elle-même."""
    valeur = env_texte(nom, defaut=defaut)
    if not est_adresse(valeur):
        raise ImproperlyConfigured(f"La variable {nom} est une adresse http ou https, et non « {valeur} ».")
    adresse = urlsplit(valeur)
    if https and adresse.scheme == "http" and not est_boucle_locale(adresse.hostname or ""):
        raise ImproperlyConfigured(f"La variable {nom} doit commencer par https://.")
    return valeur


def env_prise(nom: str) -> tuple[str, int] | str | None:
    """``tcp://hote:port`` ou ``unix:/chemin`` : de quoi ouvrir une prise ; None si rien n'est réglé."""
    valeur = env_texte(nom, defaut="")
    adresse = urlsplit(valeur)
    if adresse.scheme == "unix" and adresse.path.startswith("/") and not adresse.netloc:
        return adresse.path
    try:
        if adresse.scheme == "tcp" and adresse.hostname and adresse.port and not adresse.path:
            return adresse.hostname, adresse.port
    except ValueError:  # un port qui n'est pas un nombre
        pass
    if valeur:
        raise ImproperlyConfigured(f"La variable {nom} est tcp://hote:port ou unix:/chemin, et non « {valeur} ».")
    return None


def env_base(nom: str, *, defaut: str, moteurs: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """La base à cette adresse, avec les options de son moteur ; un refus tait le mot de passe qu'elle porte."""
    try:
        lue = dj_database_url.parse(env_texte(nom, defaut=defaut), conn_max_age=None, conn_health_checks=True)
    except ValueError as erreur:
        raise ImproperlyConfigured(f"La variable {nom} ne se lit pas : voir .env.exemple.") from erreur
    if lue["ENGINE"] not in moteurs:
        raise ImproperlyConfigured(f"La variable {nom} commence par sqlite:// ou postgresql://.")
    return {**lue, "OPTIONS": {**moteurs[lue["ENGINE"]], **lue.get("OPTIONS", {})}}


@dataclass(frozen=True)
class Courriel:
    """Par où partent les courriels."""

    moteur: str
    hote: str = ""
    port: int = 0
    utilisateur: str = ""
    mot_de_passe: str = ""
    starttls: bool = False
    tls: bool = False
    dossier: str = ""


def env_courriel(nom: str, *, defaut: str) -> Courriel:
    """``smtp://``, ``smtps://``, ``fichiers:`` ou ``anymail+prestataire:`` ; un refus tait le mot de passe."""
    valeur = env_texte(nom, defaut=defaut) or env_requis(nom)
    try:
        adresse = urlsplit(valeur)
        return _LECTEURS_DE_COURRIEL[adresse.scheme.partition("+")[0]](adresse)
    except (KeyError, ValueError, ImportError) as erreur:
        raise ImproperlyConfigured(f"La variable {nom} ne se lit pas : voir .env.exemple.") from erreur


def _fichiers(adresse: SplitResult) -> Courriel:
    return Courriel("portail.courriels.fichiers.EnvoiEnFichiers", dossier=adresse.path)


def _smtp(adresse: SplitResult) -> Courriel:
    """Chiffré sauf si l'adresse demande le contraire : ``?tls=0``, pour un relais sur la même machine."""
    implicite = adresse.scheme == "smtps"
    options = parse_qs(adresse.query, strict_parsing=True) if adresse.query else {}
    starttls = {"1": True, "0": False}[options.pop("tls", ["1"])[0]] and not implicite
    if options or not adresse.hostname:
        raise ValueError(adresse.scheme)
    return Courriel(
        "django.core.mail.backends.smtp.EmailBackend",
        hote=adresse.hostname,
        port=adresse.port or (465 if implicite else 587),
        utilisateur=unquote(adresse.username or ""),
        mot_de_passe=unquote(adresse.password or ""),
        starttls=starttls,
        tls=implicite,
    )


def _anymail(adresse: SplitResult) -> Courriel:
    """Un prestataire de django-anymail ; sa clé est dans les variables ``ANYMAIL_…``."""
    module = f"anymail.backends.{adresse.scheme.partition('+')[2]}"
    if find_spec(module) is None:
        raise ValueError(module)
    return Courriel(f"{module}.EmailBackend")


_LECTEURS_DE_COURRIEL = {"fichiers": _fichiers, "smtp": _smtp, "smtps": _smtp, "anymail": _anymail}


def env_prefixe(prefixe: str) -> dict[str, str]:
    """Les variables dont le nom commence ainsi, sans ce début."""
    return {nom.removeprefix(prefixe): valeur for nom, valeur in os.environ.items() if nom.startswith(prefixe)}


def env_expediteur(nom: str, *, defaut: str) -> str:
    """Une adresse de courriel nue : le nom affiché est celui de la commune."""
    valeur = env_texte(nom, defaut=defaut) or env_requis(nom)
    if _COURRIEL.fullmatch(valeur) is None:
        raise ImproperlyConfigured(f"La variable {nom} est une adresse comme factures@exemple.fr, et non « {valeur} ».")
    return valeur


def est_adresse(valeur: str) -> bool:
    """Vrai pour une adresse http(s) dont l'hôte et le port se lisent."""
    try:
        adresse = urlsplit(valeur)
        return adresse.scheme in {"http", "https"} and bool(adresse.hostname) and adresse.port != 0
    except ValueError:  # crochets dépareillés, port qui n'est pas un nombre
        return False


def origine(url: str) -> str:
    """``https://hote:port`` d'une adresse complète."""
    adresse = urlsplit(url)
    return f"{adresse.scheme}://{adresse.netloc}"


def est_boucle_locale(hote: str) -> bool:
    """Vrai si ce nom d'hôte (sans port) ne désigne que la machine elle-même."""
    return _BOUCLE_LOCALE.fullmatch(hote) is not None
