"""Ce qu'un agent change de sa commune et de ses services ; chaque acte est noté au journal."""

from portail.services.agents import noter_l_export, retenir_l_activite
from portail.services.annonces import (
    annoncer,
    lire_les_annonces,
    modifier_annonce,
    oublier_les_lectures,
    retirer_annonce,
)
from portail.services.communes import (
    changer_de_couleur,
    changer_de_logo,
    declarer_l_accessibilite,
    modifier_l_identite,
    retirer_le_logo,
)
from portail.services.installation import Adresse, changer_d_adresse, creer_une_commune
from portail.services.ouverture import manquantes, ouvrir_le_portail
from portail.services.regies import (
    ajouter_un_service,
    changer_de_mode,
    fermer_un_service,
    regler_les_moyens,
    renommer_un_service,
    rouvrir_un_service,
    supprimer_un_service,
)
from portail.services.suspension import changer_la_suspension, reprendre_le_paiement, suspendre_le_paiement

__all__ = [
    "Adresse",
    "ajouter_un_service",
    "annoncer",
    "changer_d_adresse",
    "changer_de_couleur",
    "changer_de_logo",
    "changer_de_mode",
    "changer_la_suspension",
    "creer_une_commune",
    "declarer_l_accessibilite",
    "fermer_un_service",
    "lire_les_annonces",
    "manquantes",
    "modifier_annonce",
    "modifier_l_identite",
    "noter_l_export",
    "oublier_les_lectures",
    "ouvrir_le_portail",
    "regler_les_moyens",
    "renommer_un_service",
    "reprendre_le_paiement",
    "retenir_l_activite",
    "retirer_annonce",
    "retirer_le_logo",
    "rouvrir_un_service",
    "supprimer_un_service",
    "suspendre_le_paiement",
]
