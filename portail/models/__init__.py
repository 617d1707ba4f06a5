"""Les modèles du rez-de-chaussée."""

from portail.models.agents import Affectation, Role
from portail.models.annonces import Annonce, LectureDAnnonce, annonces_en_ligne, dans_l_etat
from portail.models.communes import (
    LIEN,
    Collectivite,
    Hote,
    ModeRegie,
    Regie,
    valider_adresse,
    valider_couleur,
)
from portail.models.courriels import Courriel
from portail.models.journal import Journal, Sceau
from portail.models.limites import Compteur
from portail.models.mentions import Conformite
from portail.models.moyens import valider_iban
from portail.models.suspension import en_suspension
from portail.models.textes import TexteDeCourriel
from portail.models.travail import Tic

__all__ = [
    "LIEN",
    "Affectation",
    "Annonce",
    "Collectivite",
    "Compteur",
    "Conformite",
    "Courriel",
    "Hote",
    "Journal",
    "LectureDAnnonce",
    "ModeRegie",
    "Regie",
    "Role",
    "Sceau",
    "TexteDeCourriel",
    "Tic",
    "annonces_en_ligne",
    "dans_l_etat",
    "en_suspension",
    "valider_adresse",
    "valider_couleur",
    "valider_iban",
]
