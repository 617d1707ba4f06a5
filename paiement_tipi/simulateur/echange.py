"""Ce qui entre et ce qui sort du simulateur, sans rien savoir des sockets."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qsl

CHAMPS_MAXIMUM = 20


@dataclass(frozen=True, kw_only=True)
class Requete:
    """Une requête HTTP déjà lue en entier ; `chemin` est sans sa partie « ? »."""

    methode: str
    chemin: str
    parametres: str
    entetes: Mapping[str, str]
    type_contenu: str
    corps: bytes
    hote: str

    @property
    def chemin_complet(self) -> str:
        """Le chemin tel que le client l'a demandé."""
        return f"{self.chemin}?{self.parametres}" if self.parametres else self.chemin

    def entete(self, nom: str) -> str:
        """Un en-tête quelle que soit sa casse, vide s'il manque."""
        return next((valeur for cle, valeur in self.entetes.items() if cle.lower() == nom.lower()), "")

    @property
    def idop(self) -> str:
        """Le numéro d'opération de la chaîne de requête, vide s'il manque."""
        return champs(self.parametres).get("idop", "")

    @property
    def formulaire(self) -> dict[str, str]:
        """Les champs du formulaire envoyé."""
        return champs(self.corps.decode("utf-8", "replace"))


@dataclass(frozen=True, kw_only=True)
class Reponse:
    """Une réponse HTTP complète ; `coupee` demande de couper la connexion au lieu de l'envoyer."""

    statut: HTTPStatus = HTTPStatus.OK
    corps: bytes = b""
    type_contenu: str = "text/html; charset=utf-8"
    entetes: tuple[tuple[str, str], ...] = ()
    coupee: bool = False


COUPURE = Reponse(coupee=True)


def redirection(adresse: str, statut: HTTPStatus = HTTPStatus.SEE_OTHER) -> Reponse:
    """Envoie le navigateur ailleurs."""
    entetes = (("Location", adresse), ("Cache-Control", "no-store"), ("Referrer-Policy", "no-referrer"))
    return Reponse(statut=statut, entetes=entetes)


def champs(texte: str) -> dict[str, str]:
    """Décode `a=1&b=2` ; un texte qui n'a pas cette forme ne donne aucun champ."""
    try:
        return dict(parse_qsl(texte, keep_blank_values=True, max_num_fields=CHAMPS_MAXIMUM))
    except ValueError:
        return {}
