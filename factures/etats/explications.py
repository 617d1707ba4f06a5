"""Pourquoi une facture ne se paie pas en ligne, et quoi faire à la place : une phrase et un pas par raison."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from factures.etats import Empechement
from portail.moyens import Autrement


@dataclass(frozen=True)
class Explication:
    """Ce qu'on dit à la personne : pourquoi elle ne peut pas payer ici, et quoi faire à la place.

    ``avant_les_moyens`` remplace ``suite`` là où payer sans internet est le pas suivant et que le service a dit
    comment (``moyens``). ``message`` : les mots du service, s'il en a dit ; ``reprise`` : quand elle pourra de nouveau,
    si on le sait.
    """

    phrase: Promise
    suite: Promise
    avant_les_moyens: Promise | None = None
    moyens: tuple[Autrement, ...] = ()
    message: str = ""
    reprise: datetime | None = None


EXPLICATIONS: dict[Empechement, Explication] = {
    Empechement.AVOIR: Explication(
        _("Ceci est un avoir : cette somme vous est due, vous n'avez rien à payer."),
        _("Le service vous dira comment elle vous sera rendue."),
    ),
    Empechement.ANNULEE: Explication(
        _("Cette facture a été annulée : vous n'avez rien à payer."),
        _("Si vous l'aviez déjà réglée, contactez le service."),
    ),
    Empechement.DEJA_PAYEE: Explication(
        _("Cette facture est payée."),
        _("Vous n'avez plus rien à faire. Gardez le document si vous en avez besoin."),
    ),
    Empechement.PAIEMENT_DECLARE: Explication(
        _("Paiement déclaré par PayFiP, en cours de confirmation par le Trésor public."),
        _("Ne payez pas une seconde fois : cette facture sera payée ici dès que le Trésor public aura confirmé."),
    ),
    Empechement.PAIEMENT_ABANDONNE: Explication(
        _("Paiement abandonné : attendez avant de réessayer."),
        _("Un abandon peut encore être suivi d'un paiement : attendre évite de payer deux fois."),
    ),
    Empechement.PAIEMENT_EN_COURS: Explication(
        _("Un paiement est en cours pour cette facture."),
        _(
            "Nous attendons la réponse de PayFiP : ne payez pas une seconde fois. Si vous n'avez pas pu payer, vous "
            "pourrez réessayer dès qu'il nous le dira."
        ),
    ),
    Empechement.PRELEVEMENT_AUTOMATIQUE: Explication(
        _("Ma facture est en prélèvement automatique."),
        _("La somme sera prélevée sur votre compte bancaire à la date indiquée : ne la payez pas ici."),
    ),
    Empechement.DELAI_DEPASSE: Explication(
        _("Cette facture n'est plus payable en ligne : son délai est dépassé."),
        _("Adressez votre règlement au Trésor public, comme indiqué sur la facture ou la lettre de relance."),
    ),
    Empechement.MISE_EN_ATTENTE: Explication(
        _("Le service vérifie cette facture : ne la payez pas pour le moment."),
        _("Vous pourrez la payer ici dès que le service aura fini. Contactez-le si vous avez une question."),
    ),
    Empechement.PAIEMENT_SUSPENDU: Explication(
        _("Le paiement a été temporairement suspendu."),
        _("Vous pouvez régler au guichet du service, l'appeler, ou revenir plus tard."),
        _("Vous pouvez revenir plus tard, ou régler dès maintenant\N{NO-BREAK SPACE}:"),
    ),
    Empechement.SERVICE_INDISPONIBLE: Explication(
        _("Ce service n'accepte pas encore le paiement en ligne."),
        _("Réglez comme indiqué sur votre facture papier, ou contactez le service."),
        _("Réglez autrement\N{NO-BREAK SPACE}:"),
    ),
    Empechement.REFERENCE_NON_PAYABLE: Explication(
        _("La référence de cette facture ne permet pas de la payer en ligne."),
        _("Réglez comme indiqué sur votre facture papier, ou contactez le service."),
        _("Réglez autrement\N{NO-BREAK SPACE}:"),
    ),
    Empechement.MONTANT_TROP_FAIBLE: Explication(
        _("Le paiement en ligne commence à 1 €."),
        _("Réglez cette somme au guichet du service, ou attendez votre prochaine facture."),
        _("Attendez votre prochaine facture, ou réglez autrement\N{NO-BREAK SPACE}:"),
    ),
    Empechement.MONTANT_TROP_ELEVE: Explication(
        _("Cette somme est trop élevée pour être payée en ligne."),
        _("Réglez par virement ou par chèque, comme indiqué sur votre facture."),
        _("Réglez autrement\N{NO-BREAK SPACE}:"),
    ),
    Empechement.REGLEE_EN_PARTIE: Explication(
        _("Cette facture est déjà réglée en partie : PayFiP n'en accepterait que la somme entière."),
        _("Réglez le reste comme indiqué sur votre facture papier, ou contactez le service."),
        _("Réglez le reste autrement\N{NO-BREAK SPACE}:"),
    ),
    Empechement.GUICHET_EN_PANNE: Explication(
        _("Le site de paiement des Finances publiques (PayFiP) ne répond pas en ce moment."),
        _(
            "Vos factures restent consultables ici. Réessayez dans quelques minutes : le paiement reviendra de "
            "lui-même. Vous pouvez aussi régler au guichet du service."
        ),
        _(
            "Réessayez dans quelques minutes : le paiement reviendra de lui-même. Vous pouvez aussi régler "
            "autrement\N{NO-BREAK SPACE}:"
        ),
    ),
}

# Au lieu de « paiement en cours », quand PayFiP a répondu et que c'est le service qu'on attend.
EN_VERIFICATION = Explication(
    _("Le service vérifie ce paiement."),
    _(
        "PayFiP a donné une réponse que le service doit vérifier. Ne payez pas une seconde fois, cette facture sera "
        "mise à jour quand il l'aura fait."
    ),
)
