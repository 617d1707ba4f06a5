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
from comptes.services.agents import (
    AgentRefuse,
    DejaAgent,
    DernierAdministrateur,
    PlusLa,
    SoiMeme,
    changer_le_role,
    est_le_dernier_administrateur,
    retablir_un_agent,
    retirer_un_agent,
    suspendre_un_agent,
)
from comptes.services.codes import PAR_LOT, CodeEmis, LotTropGrand, emettre, reconnaitre
from comptes.services.courriels import ACTIVATION
from comptes.services.effacement import (
    FermetureRefusee,
    effacer,
    preparer_le_depart,
    quitter,
)
from comptes.services.envoi import (
    AdresseNonConfirmee,
    enregistrer_un_formulaire,
    recevoir_par_mail,
    revenir_au_papier,
)
from comptes.services.fermeture import fermer_un_compte, rouvrir_un_compte
from comptes.services.impression import exporter_codes, imprimer_codes
from comptes.services.inactivite import fermer_les_inactifs, prevenir_les_inactifs
from comptes.services.invitations import (
    accepter_l_invitation,
    compte_invite,
    invitation_du_lien,
    inviter_un_agent,
    renvoyer_l_invitation,
)
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
from comptes.services.rejeu import RETENUS, rejouer
from comptes.services.sessions import (
    SessionOuverte,
    effacer_les_sessions_mortes,
    fermer_les_sessions,
    sessions_ouvertes,
)

__all__ = [
    "ACTIVATION",
    "PAR_LOT",
    "RETENUS",
    "AdresseNonConfirmee",
    "AdressePrise",
    "AgentRefuse",
    "CodeEmis",
    "DejaAgent",
    "DernierAdministrateur",
    "FermetureRefusee",
    "LotTropGrand",
    "MotDePasseRefuse",
    "PlusLa",
    "SessionOuverte",
    "SoiMeme",
    "TropDEssais",
    "accepter_l_invitation",
    "activer",
    "annuler_le_changement",
    "changer_le_mot_de_passe",
    "changer_le_role",
    "compte_invite",
    "confirmer_l_adresse",
    "demande_a_annuler",
    "demande_a_valider",
    "demander",
    "demander_un_lien",
    "demander_une_adresse",
    "detacher",
    "effacer",
    "effacer_les_sessions_mortes",
    "emettre",
    "enregistrer_un_formulaire",
    "est_le_dernier_administrateur",
    "exporter_codes",
    "fermer_les_inactifs",
    "fermer_les_sessions",
    "fermer_un_compte",
    "imprimer_codes",
    "invitation_du_lien",
    "inviter_un_agent",
    "nommer",
    "oublier",
    "oublier_les_demandes",
    "ouvrir",
    "preparer_le_depart",
    "prevenir_les_inactifs",
    "quitter",
    "rattacher",
    "rattacher_par_code",
    "recevoir_par_mail",
    "reconnaitre",
    "reinitialiser",
    "rejouer",
    "renvoyer_l_invitation",
    "retablir_rattachement",
    "retablir_un_agent",
    "retirer_un_agent",
    "retrouver",
    "revenir_au_papier",
    "rouvrir_un_compte",
    "sessions_ouvertes",
    "suspendre_rattachement",
    "suspendre_un_agent",
    "usager_du_lien",
    "valider_l_adresse",
    "verifier",
]
