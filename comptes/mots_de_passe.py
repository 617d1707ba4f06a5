"""Comment un mot de passe est haché, et ce qu'il ne peut pas être : court, courant, ou su de tous.

Aucune règle de composition : seule la longueur fait la solidité (docs/adr/014).
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import Any, Final

from django.contrib.auth.hashers import Argon2PasswordHasher
from django.contrib.auth.password_validation import CommonPasswordValidator, validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

LONGUEUR: Final = 12
LONGUEUR_MAXIMALE: Final = 1000  # pour qui envoie un roman ; rien n'est jamais coupé
SOLIDE, TRES_SOLIDE = 16, 20
# Un ou deux mots courants, et trois lettres avec, se devinent en quelques secondes.
MOTS, LETTRES, SIGNES_DIFFERENTS = 2, 3, 5
PLUS_COURT, PLUS_LONG = 4, 24
DE_LA_MAISON: Final = frozenset({"mairie", "facture", "payfip"})
SANS_INTERET: Final = frozenset({"ville", "commune", "communaute", "syndicat", "saint", "sainte", "les", "sur", "des"})
ECRIT_AUTREMENT: Final = str.maketrans("0134578@$!€", "oieastbasie")


class Argon2id(Argon2PasswordHasher):
    """Argon2id au minimum de l'OWASP (19 Mio, deux passes, une voie) : cinq fois plus de connexions qu'au défaut.

    Une rafale de connexions un jour de facturation ne doit prendre ni la mémoire ni le processeur du serveur.
    """

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1


class Longueur:
    """Douze signes au moins ; au-delà, autant qu'on veut."""

    def validate(self, password: str, user: Any = None) -> None:  # noqa: ARG002  # signature de Django
        manque = LONGUEUR - len(password)
        if manque > 0:
            message = _("Trop court : il a %(nombre)s signes, il en faut au moins %(minimum)s.")
            raise ValidationError(message % {"nombre": len(password), "minimum": LONGUEUR}, code="trop-court")

    def get_help_text(self) -> str:
        return _("Au moins %(minimum)s signes.") % {"minimum": LONGUEUR}


class PasTropCourant:
    """Ni un des mots de passe les plus employés (la liste de Django), ni un ou deux d'entre eux bout à bout."""

    def validate(self, password: str, user: Any = None) -> None:  # noqa: ARG002  # signature de Django
        nu = simplifier(password)
        if len(set(password)) < SIGNES_DIFFERENTS or _est_courant(nu) or _est_courant(nu.translate(ECRIT_AUTREMENT)):
            raise ValidationError(
                _("Trop facile à deviner : il est fait de mots ou de suites que tout le monde essaie."), code="courant"
            )

    def get_help_text(self) -> str:
        return _("Pas un mot de passe très courant, même suivi de chiffres.")


class SansContexte:
    """Ni un mot de ce site, ni le nom ou l'adresse mail de la personne."""

    def validate(self, password: str, user: Any = None) -> None:
        textes = [str(getattr(user, champ, "")) for champ in ("nom", "prenom")]
        nom_de_la_boite = str(getattr(user, "email", "")).partition("@")[0]
        siens = {mot for mot in mots(*textes, re.sub(r"\d", " ", nom_de_la_boite)) if len(mot) >= PLUS_COURT}
        refuser(password, DE_LA_MAISON | siens)

    def get_help_text(self) -> str:
        return _("Ni votre nom, ni votre adresse mail, ni un mot de ce site.")


def juger(mot_de_passe: str, usager: Any, commune: str) -> None:
    """ValidationError si cette personne, dans cette commune, ne peut pas choisir ce mot de passe."""
    validate_password(mot_de_passe, usager)
    refuser(mot_de_passe, mots(commune))


def refuser(mot_de_passe: str, interdits: Iterable[str]) -> None:
    """ValidationError si le mot de passe contient un de ces mots, même avec des accents ou des 0 pour des o."""
    nu = re.sub(r"[^a-z0-9@$!€]", "", simplifier(mot_de_passe))
    trouve = next((mot for mot in interdits if mot in nu or mot in nu.translate(ECRIT_AUTREMENT)), None)
    if trouve is not None:
        message = _("Trop facile à deviner : il contient « %(mot)s ». Choisissez d'autres mots.")
        raise ValidationError(message % {"mot": trouve}, code="contexte")


def mots(*textes: str) -> frozenset[str]:
    """Les mots de trois lettres au moins, simplifiés : « Ville de Boé » → « boe »."""
    trouves = re.findall(r"[a-z]{3,}", " ".join(map(simplifier, textes)))
    return frozenset(trouves) - SANS_INTERET


def simplifier(texte: str) -> str:
    """Sans accents ni majuscules."""
    decompose = unicodedata.normalize("NFKD", texte.casefold())
    return "".join(signe for signe in decompose if not unicodedata.combining(signe))


def solidite(mot_de_passe: str) -> str:
    """La solidité d'un mot de passe accepté, en un mot : elle ne tient qu'à sa longueur."""
    if len(mot_de_passe) < SOLIDE:
        return _("correct")
    return _("solide") if len(mot_de_passe) < TRES_SOLIDE else _("très solide")


@cache
def courants() -> frozenset[str]:
    """Les 20 000 mots de passe de Django, tenus à jour avec lui."""
    return frozenset(mot for mot in CommonPasswordValidator().passwords if len(mot) >= PLUS_COURT)


def _est_courant(nu: str) -> bool:
    """Découpe en mots courants, toujours le plus long d'abord, et compte ce qui n'en est pas."""
    connus = lettres = debut = 0
    while debut < len(nu):
        tailles = range(min(PLUS_LONG, len(nu) - debut), PLUS_COURT - 1, -1)
        taille = next((t for t in tailles if nu[debut : debut + t] in courants()), 0)
        connus += bool(taille)
        lettres += not taille and nu[debut].isalpha()
        debut += taille or 1
    return connus <= MOTS and lettres <= LETTRES
