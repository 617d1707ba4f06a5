"""Ce qui fait vivre une demande ; chaque service qui écrit est une transaction."""

from contact.services.abandons import liberer_celles_de, liberer_les_abandonnees
from contact.services.avis import AVIS, prevenir_les_services
from contact.services.brouillons import FichiersPerdus, garder, reprendre
from contact.services.bureau import (
    REPONSE,
    AgentParti,
    FilChange,
    annoter,
    assigner,
    changer_de_service,
    clore,
    repondre,
    rouvrir,
)
from contact.services.demandes import ACCUSE, ecrire, ouvrir
from contact.services.durees import clore_sans_nouvelles, effacer_les_anciennes, effacer_les_fichiers_perdus
from contact.services.fil import dernier
from contact.services.reponses import TitrePris, ajouter_reponse, modifier_reponse, retirer_reponse

__all__ = [
    "ACCUSE",
    "AVIS",
    "REPONSE",
    "AgentParti",
    "FichiersPerdus",
    "FilChange",
    "TitrePris",
    "ajouter_reponse",
    "annoter",
    "assigner",
    "changer_de_service",
    "clore",
    "clore_sans_nouvelles",
    "dernier",
    "ecrire",
    "effacer_les_anciennes",
    "effacer_les_fichiers_perdus",
    "garder",
    "liberer_celles_de",
    "liberer_les_abandonnees",
    "modifier_reponse",
    "ouvrir",
    "prevenir_les_services",
    "repondre",
    "reprendre",
    "retirer_reponse",
    "rouvrir",
]
