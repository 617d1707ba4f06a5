"""Ce que ``make run`` lit dans l'environnement, et le ``demo.env`` que lisent ensuite tous les processus."""

import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from portail import env

RACINE = Path(__file__).resolve().parent.parent.parent
PORT_MAXIMUM = 65535


@dataclass(frozen=True)
class Reglages:
    """Où et comment tourne une démonstration."""

    donnees: Path
    port: int
    port_simulateur: int
    pilotable: bool
    rapprochement_secondes: int
    base: str

    @property
    def adresse(self) -> str:
        """L'adresse du portail, telle qu'on la tape dans un navigateur."""
        return f"http://127.0.0.1:{self.port}/"

    @property
    def simulateur(self) -> str:
        """L'origine du faux PayFiP."""
        return f"http://127.0.0.1:{self.port_simulateur}"


def lire() -> Reglages:
    """Les réglages de l'environnement ; ImproperlyConfigured à la première valeur étrange."""
    reglages = Reglages(
        donnees=Path(env.env_texte("DONNEES", defaut=str(RACINE / "var"))).resolve(),
        port=_port("PORT", defaut=8000),
        port_simulateur=_port("PORT_SIMULATEUR", defaut=8001),
        pilotable=env.env_bool("SIMULATEUR_PILOTABLE", defaut=False),
        rapprochement_secondes=env.env_entier("RAPPROCHEMENT_SECONDES", defaut=300, minimum=1),
        base=env.env_texte("DATABASE_URL", defaut=""),
    )
    if reglages.port == reglages.port_simulateur:
        raise ImproperlyConfigured("PORT et PORT_SIMULATEUR doivent être différents.")
    return reglages


def variables(reglages: Reglages) -> dict[str, str]:
    """Le contenu de ``demo.env`` ; la clé, tirée une fois, est gardée pour ne déconnecter personne."""
    nommees = {
        "SECRET_KEY": _cle_gardee(reglages.donnees / "demo.env") or secrets.token_urlsafe(50),
        "DEMO": "1",
        "DEBUG": "0",
        "HOTES_PARTAGES": "127.0.0.1,localhost",
        "PORT": str(reglages.port),
        "PAYFIP_URL": f"{reglages.simulateur}/tpa/services/securite",
        "PAYFIP_PAGE_URL": f"{reglages.simulateur}/tpa/paiementws.web",
        "PAYFIP_PAIEMENT_URL": f"{reglages.simulateur}/tpa/paiement.web",
        "COURRIEL_URL": "fichiers:",
        "COURRIEL_EXPEDITEUR": "portail@demo.example",
        "RAPPROCHEMENT_SECONDES": str(reglages.rapprochement_secondes),
    }
    return nommees | ({"DATABASE_URL": reglages.base} if reglages.base else {})


def ecrire(reglages: Reglages, nommees: dict[str, str]) -> None:
    """Écrit ``demo.env`` d'un seul coup (un manage.py voisin le lit peut-être), en 0600."""
    lignes = "".join(f"{nom}={valeur}\n" for nom, valeur in nommees.items())
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=reglages.donnees, delete=False) as provisoire:
        provisoire.write("# Écrit par « make run » à chaque démarrage.\n" + lignes)
    Path(provisoire.name).replace(reglages.donnees / "demo.env")


def environnement(reglages: Reglages, nommees: dict[str, str]) -> dict[str, str]:
    """``demo.env`` l'emporte : un réglage resté dans le terminal viserait le vrai PayFiP ou de vrais courriels."""
    imposees = {
        "DONNEES": str(reglages.donnees),
        "DJANGO_SETTINGS_MODULE": "portail.settings",
        "PYTHONUNBUFFERED": "1",
    }
    return {**os.environ, **nommees, **imposees}


def _port(nom: str, *, defaut: int) -> int:
    port = env.env_entier(nom, defaut=defaut, minimum=1)
    if port > PORT_MAXIMUM:
        raise ImproperlyConfigured(f"La variable {nom} est un port, de 1 à {PORT_MAXIMUM}, et non « {port} ».")
    return port


def _cle_gardee(fichier: Path) -> str:
    lignes = fichier.read_text("utf-8").splitlines() if fichier.is_file() else []
    return next((ligne.removeprefix("SECRET_KEY=") for ligne in lignes if ligne.startswith("SECRET_KEY=")), "")
