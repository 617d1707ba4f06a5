"""La vie d'une tentative de paiement (payfip.md §3.7 et §3.8)."""

from dataclasses import dataclass
from datetime import timedelta

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from paiement_tipi.protocole import Resultat


class EtatPaiement(models.TextChoices):
    """Une tentative ; les trois premières et la déclarée retiennent la facture."""

    DEMARRE = "demarre", _("démarré")  # PayFiP n'a pas encore répondu : personne n'y a été envoyé
    ENVOYE = "envoye", _("en attente de PayFiP")
    ABANDON_SIGNALE = "abandon-signale", _("abandon à confirmer")  # un A peut encore devenir un P
    DECLARE = "declare", _("déclaré par PayFiP, à confirmer")  # par URL, rien n'est signé : le Trésor confirme
    PAYE = "paye", _("payé par carte")
    PRELEVE = "preleve", _("prélèvement enregistré")
    ESSAI_REUSSI = "essai-reussi", _("essai réussi")
    REFUSE = "refuse", _("refusé")
    ABANDONNE = "abandonne", _("abandonné")
    EXPIRE = "expire", _("expiré")
    INFIRME = "infirme", _("déclaré, mais non reçu par le Trésor")
    REJETE = "rejete", _("rejeté après coup")  # la banque, des jours plus tard : un agent l'a enregistré
    ECHOUE = "echoue", _("échoué")  # personne n'y a été envoyé


E = EtatPaiement
SUCCES = frozenset({E.PAYE, E.PRELEVE, E.ESSAI_REUSSI})
OUVERTS = frozenset({E.DEMARRE, E.ENVOYE, E.ABANDON_SIGNALE})
ECHECS = frozenset({E.REFUSE, E.ABANDONNE, E.EXPIRE})

ENCAISSES = frozenset({E.PAYE, E.PRELEVE})
# Ce qui a abouti a son justificatif, même si la banque est revenue dessus ; un essai n'en a pas.
JUSTIFIABLES = ENCAISSES | {E.REJETE}
# PayFiP n'en dira plus rien qui compte : il ne sait pas ce que fait la banque ensuite.
DEFINITIFS = SUCCES | {E.REJETE}
# Un succès vu chez PayFiP l'emporte toujours sur un abandon ou une expiration décidés ici.
TARDIFS = SUCCES | {E.DECLARE}
TRANSITIONS: dict[EtatPaiement, frozenset[EtatPaiement]] = {
    E.DEMARRE: frozenset({E.ENVOYE, E.ECHOUE}),
    E.ENVOYE: TARDIFS | ECHECS | {E.ABANDON_SIGNALE, E.INFIRME},
    E.ABANDON_SIGNALE: SUCCES | ECHECS | {E.INFIRME},
    E.DECLARE: ENCAISSES | {E.INFIRME},
    E.INFIRME: ENCAISSES | {E.DECLARE},
    E.REFUSE: TARDIFS | {E.INFIRME},
    E.ABANDONNE: TARDIFS | {E.REFUSE, E.INFIRME},
    E.EXPIRE: TARDIFS | {E.REFUSE, E.ABANDONNE, E.INFIRME},
    E.PAYE: frozenset({E.REJETE}),
    E.PRELEVE: frozenset({E.REJETE}),
    E.REJETE: frozenset(),
    E.ESSAI_REUSSI: frozenset(),
    E.ECHOUE: frozenset(),
}

DE_RESULTAT: dict[str, EtatPaiement] = {
    Resultat.PAYE: E.PAYE,
    Resultat.PRELEVE: E.PRELEVE,
    Resultat.CARTE_REFUSEE: E.REFUSE,
    Resultat.PRELEVEMENT_REFUSE: E.REFUSE,
    Resultat.ABANDONNE: E.ABANDONNE,
}

# Les délais de payfip.md §3.7, comptés depuis l'envoi (l'abandon : depuis l'heure que donne PayFiP).
SANS_IDOP = timedelta(minutes=5)
PAGE_OUVERTE = timedelta(minutes=15)
SANS_RESULTAT = timedelta(minutes=120)
ABANDON_CONFIRME = timedelta(minutes=2)
# PayFiP donne l'heure sans les secondes : un abandon peut être plus récent d'une minute qu'il ne le dit.
MINUTE_TRONQUEE = timedelta(minutes=1)
LISIBLE = timedelta(days=365)
# La page ne se finit plus (15 + 120 minutes), la nuit a purgé ce que nul n'a payé : PayFiP ne changera plus d'avis.
AVIS_DEFINITIF = timedelta(days=1)
# Par URL, il n'y a rien à redemander : sans résultat posté d'ici là, la facture est rendue.
SANS_RETOUR = PAGE_OUVERTE + SANS_RESULTAT


class MiseEnService(models.TextChoices):
    """Où en est un contrat avec PayFiP (payfip.md §4)."""

    TEST = "test", _("test")
    ACTIVATION = "activation", _("activation")
    PRODUCTION = "production", _("production")


# Revenir en test est toujours possible ; on n'encaisse qu'après l'activation.
VIE_DU_CONTRAT: dict[MiseEnService, frozenset[MiseEnService]] = {
    MiseEnService.TEST: frozenset({MiseEnService.ACTIVATION}),
    MiseEnService.ACTIVATION: frozenset({MiseEnService.PRODUCTION, MiseEnService.TEST}),
    MiseEnService.PRODUCTION: frozenset({MiseEnService.TEST}),
}


def sources(vers: EtatPaiement) -> list[EtatPaiement]:
    """Les états d'où l'on peut passer à ``vers``."""
    return [etat for etat, suivants in TRANSITIONS.items() if vers in suivants]


@dataclass(frozen=True)
class TexteRetour:
    """Ce que lit la personne au retour de PayFiP : l'issue, ce qu'elle veut dire, quoi faire."""

    ton: str  # succes, attente ou echec
    titre: Promise
    texte: Promise


_ATTENTE = TexteRetour(
    "attente",
    _("Vérification en cours"),
    _(
        "PayFiP ne nous a pas encore donné le résultat. Si vous avez payé, ne payez pas une seconde fois : "
        "votre facture se mettra à jour toute seule, en général en moins de dix minutes."
    ),
)

EN_VERIFICATION = TexteRetour(
    "attente",
    _("Le service vérifie ce paiement"),
    _(
        "PayFiP a donné une réponse que le service doit vérifier. Ne payez pas une seconde fois, votre facture sera "
        "mise à jour quand il l'aura fait. Si PayFiP vous a envoyé un ticket par courriel, gardez-le."
    ),
)

RETOURS: dict[EtatPaiement, TexteRetour] = {
    E.DEMARRE: _ATTENTE,
    E.ENVOYE: _ATTENTE,
    E.ABANDON_SIGNALE: TexteRetour(
        "echec",
        _("Paiement abandonné, vous pourrez réessayer dans 2 minutes."),
        _("Un abandon peut encore être suivi d'un paiement : attendre évite de payer deux fois."),
    ),
    E.PAYE: TexteRetour(
        "succes",
        _("Votre paiement est enregistré"),
        _("Vous n'avez plus rien à faire. PayFiP vous envoie un ticket par courriel : gardez-le."),
    ),
    E.PRELEVE: TexteRetour(
        "succes",
        _("Prélèvement enregistré"),
        _("La somme sera prélevée sur votre compte bancaire dans les prochains jours. Vous n'avez plus rien à faire."),
    ),
    E.ESSAI_REUSSI: TexteRetour(
        "attente",
        _("Essai réussi"),
        _("C'était un essai du service : rien n'a été débité et votre facture reste à payer."),
    ),
    E.REFUSE: TexteRetour(
        "echec",
        _("Le paiement a été refusé"),
        _("Rien n'a été débité. Vérifiez les informations de votre carte ou demandez à votre banque, puis réessayez."),
    ),
    E.ABANDONNE: TexteRetour(
        "echec",
        _("Le paiement a été abandonné"),
        _("Rien n'a été débité. Vous pouvez réessayer quand vous voulez."),
    ),
    E.EXPIRE: TexteRetour(
        "echec",
        _("Le paiement n'a pas été fait à temps"),
        _("La page de paiement ne reste ouverte que quinze minutes. Vous pouvez recommencer."),
    ),
    E.DECLARE: TexteRetour(
        "attente",
        _("Paiement déclaré par PayFiP, en cours de confirmation par le Trésor public"),
        _(
            "Ne payez pas une seconde fois : votre facture sera payée ici dès que le Trésor public aura confirmé. "
            "Gardez le ticket que PayFiP vous envoie par courriel."
        ),
    ),
    E.INFIRME: TexteRetour(
        "echec",
        _("Le paiement n'a pas été confirmé"),
        _(
            "Le Trésor public n'a pas reçu ce paiement. Si votre compte a été débité, contactez le service avec votre "
            "ticket ; sinon, vous pouvez payer de nouveau."
        ),
    ),
    E.REJETE: TexteRetour(
        "echec",
        _("Le paiement a été rejeté"),
        _(
            "Votre banque l'a refusé après coup : la facture reste à payer. Si votre compte a été débité, contactez le "
            "service."
        ),
    ),
    E.ECHOUE: TexteRetour(
        "echec",
        _("Le paiement n'a pas pu commencer"),
        _("Rien n'a été débité. Vous pouvez réessayer."),
    ),
}
# Là où l'état ne dit pas tout : les deux minutes sont passées sans réponse ; le refus d'un prélèvement ; une
# activation, dont rien d'écrit ne dit si elle débite (payfip.md §4).
ABANDON_TARDIF = TexteRetour("echec", _("Paiement abandonné, à confirmer par PayFiP"), RETOURS[E.ABANDON_SIGNALE].texte)
PRELEVEMENT_REFUSE = TexteRetour(
    "echec",
    _("Le prélèvement a été refusé"),
    _("Rien n'a été débité. Demandez à votre banque pourquoi, puis réessayez, ou payez par carte."),
)
ACTIVATION_REUSSIE = TexteRetour(
    "attente",
    RETOURS[E.ESSAI_REUSSI].titre,
    _(
        "C'était un essai du service : il ne règle rien, et votre facture reste à payer. Si votre compte a été débité, "
        "contactez le service."
    ),
)
