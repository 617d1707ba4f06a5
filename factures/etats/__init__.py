"""Les états d'une facture : trois en base, et celui que voit la personne, déduit à chaque lecture."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Nature(models.TextChoices):
    """Une facture est due ; un avoir est rendu."""

    FACTURE = "facture", _("facture")
    AVOIR = "avoir", _("avoir")


class Statut(models.TextChoices):
    """Ce que la base retient du cycle de vie."""

    BROUILLON = "brouillon", _("brouillon")
    PUBLIEE = "publiee", _("publiée")
    ANNULEE = "annulee", _("annulée")


TRANSITIONS: dict[Statut, frozenset[Statut]] = {
    Statut.BROUILLON: frozenset({Statut.PUBLIEE, Statut.ANNULEE}),
    Statut.PUBLIEE: frozenset({Statut.ANNULEE}),
    Statut.ANNULEE: frozenset(),
}


class EtatFacture(models.TextChoices):
    """L'état affiché (``data-etat``), dans l'ordre où le premier vrai l'emporte (``avec_etat``)."""

    AVOIR = "avoir", _("Avoir")
    ANNULEE = "annulee", _("Annulée")
    PAYEE = "payee", _("Payée")
    EN_COURS = "en-cours", _("Paiement en cours")
    PRELEVEMENT = "prelevement", _("Prélèvement automatique")
    TRESOR = "tresor", _("À régler au Trésor public")
    SUSPENDUE = "suspendue", _("Paiement suspendu")
    DECLAREE = "declaree", _("Réglée (déclarée par vous)")
    ECHUE = "echue", _("Échéance dépassée")
    PARTIELLEMENT_PAYEE = "partiellement-payee", _("Partiellement payée")
    A_PAYER = "a-payer", _("À payer")


class Sens(models.TextChoices):
    """Sens d'un règlement vu de la commune."""

    ENCAISSEMENT = "encaissement", _("encaissement")
    REJET = "rejet", _("rejet")
    REMBOURSEMENT = "remboursement", _("remboursement")


class Moyen(models.TextChoices):
    """Comment l'argent est venu ; une liste qui s'allongera (virement simplifié, Wero…)."""

    CARTE = "carte", _("carte bancaire")
    PRELEVEMENT = "prelevement", _("prélèvement")
    VIREMENT = "virement", _("virement")
    CHEQUE = "cheque", _("chèque")
    ESPECES = "especes", _("espèces")
    TRESOR = "tresor", _("Trésor public")
    REPORT = "report", _("report d'une facture sur une autre")


class Empechement(models.TextChoices):
    """Pourquoi une facture ne peut pas être payée en ligne, en mots neutres ; le premier vrai l'emporte."""

    AVOIR = "AVOIR"
    ANNULEE = "ANNULEE"
    DEJA_PAYEE = "DEJA_PAYEE"
    PAIEMENT_DECLARE = "PAIEMENT_DECLARE"
    PAIEMENT_ABANDONNE = "PAIEMENT_ABANDONNE"
    PAIEMENT_EN_COURS = "PAIEMENT_EN_COURS"
    PRELEVEMENT_AUTOMATIQUE = "PRELEVEMENT_AUTOMATIQUE"
    DELAI_DEPASSE = "DELAI_DEPASSE"
    MISE_EN_ATTENTE = "MISE_EN_ATTENTE"
    PAIEMENT_SUSPENDU = "PAIEMENT_SUSPENDU"
    SERVICE_INDISPONIBLE = "SERVICE_INDISPONIBLE"
    REFERENCE_NON_PAYABLE = "REFERENCE_NON_PAYABLE"
    MONTANT_TROP_FAIBLE = "MONTANT_TROP_FAIBLE"
    MONTANT_TROP_ELEVE = "MONTANT_TROP_ELEVE"
    REGLEE_EN_PARTIE = "REGLEE_EN_PARTIE"
    GUICHET_EN_PANNE = "GUICHET_EN_PANNE"


# Les empêchements qui donnent leur état à la facture ; les autres laissent voir « à payer », « échue »…
ETAT_DE: dict[Empechement, EtatFacture] = {
    Empechement.AVOIR: EtatFacture.AVOIR,
    Empechement.ANNULEE: EtatFacture.ANNULEE,
    Empechement.DEJA_PAYEE: EtatFacture.PAYEE,
    Empechement.PAIEMENT_DECLARE: EtatFacture.EN_COURS,
    Empechement.PAIEMENT_ABANDONNE: EtatFacture.EN_COURS,
    Empechement.PAIEMENT_EN_COURS: EtatFacture.EN_COURS,
    Empechement.PRELEVEMENT_AUTOMATIQUE: EtatFacture.PRELEVEMENT,
    Empechement.DELAI_DEPASSE: EtatFacture.TRESOR,
    Empechement.MISE_EN_ATTENTE: EtatFacture.SUSPENDUE,
    Empechement.PAIEMENT_SUSPENDU: EtatFacture.SUSPENDUE,
}


class EtatLot(models.TextChoices):
    """La vie d'une livraison de factures ; rien n'en est visible des personnes avant « publié »."""

    DEPOSE = "depose", _("déposé")
    A_RELIER = "a-relier", _("colonnes à relier")
    EN_ANALYSE = "en-analyse", _("en cours d'analyse")
    A_VERIFIER = "a-verifier", _("à vérifier")
    PROGRAMME = "programme", _("publication prévue")
    EN_PUBLICATION = "en-publication", _("en cours de publication")
    PUBLIE = "publie", _("publié")
    ANNULE = "annule", _("publication annulée")
    REFUSE = "refuse", _("refusé")
    ABANDONNE = "abandonne", _("abandonné")


TRANSITIONS_LOT: dict[EtatLot, frozenset[EtatLot]] = {
    EtatLot.DEPOSE: frozenset({EtatLot.A_RELIER, EtatLot.EN_ANALYSE, EtatLot.REFUSE, EtatLot.ABANDONNE}),
    EtatLot.A_RELIER: frozenset({EtatLot.DEPOSE, EtatLot.ABANDONNE}),
    EtatLot.EN_ANALYSE: frozenset({EtatLot.A_VERIFIER, EtatLot.REFUSE, EtatLot.ABANDONNE}),
    EtatLot.A_VERIFIER: frozenset({EtatLot.DEPOSE, EtatLot.PROGRAMME, EtatLot.EN_PUBLICATION, EtatLot.ABANDONNE}),
    EtatLot.PROGRAMME: frozenset({EtatLot.A_VERIFIER, EtatLot.EN_PUBLICATION, EtatLot.ABANDONNE}),
    EtatLot.EN_PUBLICATION: frozenset({EtatLot.PUBLIE, EtatLot.A_VERIFIER, EtatLot.ABANDONNE}),
    EtatLot.PUBLIE: frozenset({EtatLot.ANNULE}),
    EtatLot.ANNULE: frozenset(),
    EtatLot.REFUSE: frozenset(),
    EtatLot.ABANDONNE: frozenset(),
}
# Le même fichier ne se dépose pas deux fois tant qu'un lot qui l'a porté n'est pas fini sans rien laisser.
# Un ouvrier s'en occupe : la page de ces lots change toute seule.
LOTS_AU_TRAVAIL = frozenset({EtatLot.DEPOSE, EtatLot.EN_ANALYSE, EtatLot.EN_PUBLICATION})
LOTS_VIVANTS = tuple(etat for etat in EtatLot if etat not in {EtatLot.ANNULE, EtatLot.REFUSE, EtatLot.ABANDONNE})


class SortLigne(models.TextChoices):
    """Ce que la publication ferait d'une ligne ; un conflit n'est jamais publié, ni ce qu'un agent a écarté."""

    NOUVELLE = "nouvelle", _("nouvelle")
    MODIFIEE = "modifiee", _("modifiée")
    INCHANGEE = "inchangee", _("inchangée")
    CONFLIT = "conflit", _("en conflit")
    ECARTEE = "ecartee", _("écartée")


class Avis(models.TextChoices):
    """Prévenir, ou non, les personnes à la publication."""

    RETENUS = "retenus", _("retenus")
    ENVOYES = "envoyes", _("envoyés")


class Decision(models.TextChoices):
    """Ce qu'un agent décide d'une ligne en conflit avec une facture publiée."""

    GARDER = "garder", _("Garder la facture publiée")
    REMPLACER = "remplacer", _("Remplacer par le montant du fichier")
