"""Ce qui ouvre un compte, le change et dit qui lit quoi ; chaque service qui écrit est une transaction."""

from comptes.services.activation import activer, demander, oublier, ouvrir, retrouver
from comptes.services.adresses import (
    AdressePrise,
    annuler_le_changement,
    confirmer_l_adresse,
    demande_a_annuler,
    demande_a_valider,
    demander_une_adresse,
    oublier_les_demandes,
    valider_l_adresse,
)
from comptes.services.codes import PAR_LOT, CodeEmis, LotTropGrand, emettre, reconnaitre
from comptes.services.courriels import ACTIVATION
from comptes.services.envoi import (
    AdresseNonConfirmee,
    enregistrer_un_formulaire,
    recevoir_par_mail,
    revenir_au_papier,
)
from comptes.services.impression import exporter_codes, imprimer_codes
from comptes.services.mots_de_passe import (
    MotDePasseRefuse,
    TropDEssais,
    changer_le_mot_de_passe,
    demander_un_lien,
    reinitialiser,
    usager_du_lien,
    verifier,
)
from comptes.services.rattachements import (
    detacher,
    nommer,
    rattacher,
    rattacher_par_code,
    retablir_rattachement,
    suspendre_rattachement,
)
from comptes.services.sessions import (
    SessionOuverte,
    effacer_les_sessions_mortes,
    fermer_les_sessions,
    sessions_ouvertes,
)

__all__ = [
    "ACTIVATION",
    "PAR_LOT",
    "AdresseNonConfirmee",
    "AdressePrise",
    "CodeEmis",
    "LotTropGrand",
    "MotDePasseRefuse",
    "SessionOuverte",
    "TropDEssais",
    "activer",
    "annuler_le_changement",
    "changer_le_mot_de_passe",
    "confirmer_l_adresse",
    "demande_a_annuler",
    "demande_a_valider",
    "demander",
    "demander_un_lien",
    "demander_une_adresse",
    "detacher",
    "effacer_les_sessions_mortes",
    "emettre",
    "enregistrer_un_formulaire",
    "exporter_codes",
    "fermer_les_sessions",
    "imprimer_codes",
    "nommer",
    "oublier",
    "oublier_les_demandes",
    "ouvrir",
    "rattacher",
    "rattacher_par_code",
    "recevoir_par_mail",
    "reconnaitre",
    "reinitialiser",
    "retablir_rattachement",
    "retrouver",
    "revenir_au_papier",
    "sessions_ouvertes",
    "suspendre_rattachement",
    "usager_du_lien",
    "valider_l_adresse",
    "verifier",
]
