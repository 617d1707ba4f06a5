"""Les réglages du portail, plus ce qu'il faut pour le mesurer ; ni intergiciel, ni hachage n'y changent."""

from ipaddress import ip_network

from portail.settings import *  # noqa: F403  # l'environnement est posé par bancs.__main__

INSTALLED_APPS += ["bancs"]  # noqa: F405
ROOT_URLCONF = "bancs.urls"
# Les limites d'essais comptent par adresse IP, et tout vient ici de la même : le banc, en mandataire de confiance,
# donne une adresse par personne. Les limites restent celles du portail, sauf celle d'une seule personne qui lit tout.
PROXYS_DE_CONFIANCE = [ip_network("127.0.0.1")]
LIMITES |= {"documents": (10**6, 60)}  # noqa: F405
