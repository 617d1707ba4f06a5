"""Tant de demandes par durée, pas une de plus, quel que soit le nombre de processus.

Chaque limite de ``settings.LIMITES`` compte par sujet : un compte, une adresse IP, une adresse mail. La durée commence
à la première demande, et une demande refusée ne la prolonge pas.
"""

import logging
import time
from ipaddress import ip_address, ip_network

from django.conf import settings
from django.db import connection
from django.db.models import F
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from portail.models import Compteur

journal = logging.getLogger(__name__)

# Une seule instruction : deux demandes au même instant comptent pour deux, sans verrou ni relecture.
COMPTER = """\
INSERT INTO "portail_compteur" (cle, nombre, fin) VALUES (%s, 1, %s)
ON CONFLICT (cle) DO UPDATE SET
    nombre = CASE WHEN portail_compteur.fin <= %s THEN 1 ELSE portail_compteur.nombre + 1 END,
    fin = CASE WHEN portail_compteur.fin <= %s THEN excluded.fin ELSE portail_compteur.fin END
RETURNING nombre, fin
"""


class TropDeDemandes(Exception):
    """La limite ``nom`` est passée ; ``attente`` en secondes, ``premiere`` pour le refus qui ouvre la série."""

    def __init__(self, nom: str, *, attente: int, premiere: bool) -> None:
        super().__init__(nom)
        self.nom, self.attente, self.premiere = nom, attente, premiere


def compter(nom: str, sujet: object) -> None:
    """Compte une demande de ``sujet`` ; TropDeDemandes si la limite était déjà atteinte."""
    permises, secondes = settings.LIMITES[nom]
    maintenant = int(time.time())
    with connection.cursor() as curseur:
        curseur.execute(COMPTER, [_cle(nom, sujet), maintenant + secondes, maintenant, maintenant])
        nombre, fin = curseur.fetchone()
    if nombre > permises:
        raise TropDeDemandes(nom, attente=fin - maintenant, premiere=nombre == permises + 1)


def rendre(nom: str, sujet: object) -> None:
    """Décompte une demande qui, à la réflexion, n'en était pas une."""
    Compteur.objects.filter(cle=_cle(nom, sujet), nombre__gt=0).update(nombre=F("nombre") - 1)


def oublier(nom: str, sujet: object) -> None:
    """Ce sujet repart de zéro."""
    Compteur.objects.filter(cle=_cle(nom, sujet)).delete()


def purger() -> None:
    """Retire les compteurs dont la durée est passée."""
    Compteur.objects.filter(fin__lte=int(time.time())).delete()


def demandeur(request: HttpRequest) -> str:
    """Le compte connecté, sinon l'adresse IP : deux cents personnes derrière une école ne se gênent pas.

    L'agent qui voit comme un habitant ne prend pas sur ce que celui-ci peut demander.
    """
    qui = getattr(request, "agent", request.user)
    return f"compte:{qui.pk}" if qui.is_authenticated else adresse_ip(request)


def adresse_ip(request: HttpRequest) -> str:
    """L'adresse du visiteur (portail.proxys) ; en IPv6 son réseau /64, que tout abonné a pour lui seul."""
    ecrite = request.META["REMOTE_ADDR"]
    try:
        adresse = ip_address(ecrite)
    except ValueError:  # une prise Unix n'en a pas
        return "ip:"
    return f"ip:{ip_network((adresse, 64), strict=False) if adresse.version == 6 else adresse}"  # noqa: PLR2004


def reseau(request: HttpRequest) -> str:
    """Le réseau d'où vient le visiteur : en IPv4 ses 256 voisins (/24), qu'un attaquant loue souvent d'un bloc."""
    adresse = adresse_ip(request).removeprefix("ip:")
    return f"ip:{ip_network((adresse, 24), strict=False)}" if "." in adresse else f"ip:{adresse}"


def _cle(nom: str, sujet: object) -> str:
    """Illisible en base : le sujet est parfois une adresse mail, et pas forcément de quelqu'un d'ici."""
    return salted_hmac("portail.limites", f"{nom} {sujet}", algorithm="sha256").hexdigest()
