"""Qui est au bout d'une connexion, quand des mandataires (« proxys ») la relaient."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Reseaux = Sequence[IPv4Network | IPv6Network]


def est_de_confiance(adresse: str, reseaux: Reseaux) -> bool:
    """Vrai pour un mandataire déclaré, et pour une prise Unix (sans adresse), que seul un mandataire peut ouvrir."""
    lue = _lire(adresse)
    return not adresse or (lue is not None and any(lue in reseau for reseau in reseaux))


def visiteur(pair: str, relayees: str, reseaux: Reseaux) -> str:
    """L'adresse que le dernier mandataire de confiance a vue.

    ``relayees`` (X-Forwarded-For) se lit de droite à gauche : chaque mandataire y ajoute à droite l'adresse de qui lui
    parle. Ce qui est à gauche du premier inconnu, c'est lui qui l'a écrit : rien n'en est cru.
    """
    dernier = pair
    for ecrite in reversed(relayees.split(",")):
        adresse = _lire(ecrite.strip())
        if not est_de_confiance(dernier, reseaux) or adresse is None:
            break
        dernier = str(adresse)
    return dernier


def _lire(texte: str) -> IPv4Address | IPv6Address | None:
    """L'adresse ; une IPv4 écrite en IPv6 (« ::ffff:192.0.2.1 ») est une IPv4."""
    try:
        adresse = ip_address(texte)
    except ValueError:
        return None
    return getattr(adresse, "ipv4_mapped", None) or adresse
