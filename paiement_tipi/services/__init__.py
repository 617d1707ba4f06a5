"""Démarrer un paiement, constater ce que PayFiP en dit, rapprocher ce qui attend."""

from paiement_tipi.services.accuse import cle_de_l_accuse
from paiement_tipi.services.confirmation import (
    concorde,
    confirmer_declare,
    infirmer_declare,
    s_infirme,
    se_confirme,
    tranchable_le,
)
from paiement_tipi.services.constat import appliquer, constater
from paiement_tipi.services.contrats import (
    MiseEnServiceImpossible,
    Raccordement,
    activations,
    mettre_en_service,
    regler_contrat,
    revient,
    suites,
    verifier_contrat,
)
from paiement_tipi.services.demarrage import PaiementImpossible, demarrer_paiement
from paiement_tipi.services.file import File, file_de
from paiement_tipi.services.groupes import (
    Groupe,
    GroupeChange,
    a_composer,
    composer,
    demarrer_groupe,
    permettre_les_groupes,
)
from paiement_tipi.services.guichet import guichet
from paiement_tipi.services.justificatif import (
    Justificatif,
    adresse_du_justificatif,
    composer_justificatif,
    justificatif_de,
    nom_du_justificatif,
)
from paiement_tipi.services.liberation import Issue, interroger, rouvrir, tentative_ouverte
from paiement_tipi.services.papier import adresse_du_papier, facture_du_papier, revoquer_le_papier
from paiement_tipi.services.par_le_tresor import confirmer_par_le_tresor, declare_de
from paiement_tipi.services.par_url import recevoir_resultat
from paiement_tipi.services.parite import comparer
from paiement_tipi.services.rapprochement import rapprocher, recevoir_notification, relever, reste_a_relever
from paiement_tipi.services.retours import limite_de, retour_de

__all__ = [
    "File",
    "Groupe",
    "GroupeChange",
    "Issue",
    "Justificatif",
    "MiseEnServiceImpossible",
    "PaiementImpossible",
    "Raccordement",
    "a_composer",
    "activations",
    "adresse_du_justificatif",
    "adresse_du_papier",
    "appliquer",
    "cle_de_l_accuse",
    "comparer",
    "composer",
    "composer_justificatif",
    "concorde",
    "confirmer_declare",
    "confirmer_par_le_tresor",
    "constater",
    "declare_de",
    "demarrer_groupe",
    "demarrer_paiement",
    "facture_du_papier",
    "file_de",
    "guichet",
    "infirmer_declare",
    "interroger",
    "justificatif_de",
    "limite_de",
    "mettre_en_service",
    "nom_du_justificatif",
    "permettre_les_groupes",
    "rapprocher",
    "recevoir_notification",
    "recevoir_resultat",
    "regler_contrat",
    "relever",
    "reste_a_relever",
    "retour_de",
    "revient",
    "revoquer_le_papier",
    "rouvrir",
    "s_infirme",
    "se_confirme",
    "suites",
    "tentative_ouverte",
    "tranchable_le",
    "verifier_contrat",
]
