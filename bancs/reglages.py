"""Les réglages du portail, plus ce qu'il faut pour le mesurer ; ni intergiciel, ni limite, ni hachage n'y changent."""

from portail.settings import *  # noqa: F403  # l'environnement est posé par bancs.__main__

INSTALLED_APPS += ["bancs"]  # noqa: F405
ROOT_URLCONF = "bancs.urls"
# Les limites d'essais comptent par adresse IP, et tout vient ici de la même : le banc, comme un mandataire de
# confiance, donne dans cet en-tête une adresse par personne. Les limites elles-mêmes restent celles du portail.
ALLAUTH_TRUSTED_CLIENT_IP_HEADER = "X-Banc-Adresse"
