"""Un paiement commencé : le reprendre, le vérifier, le libérer."""

from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from comptes.requete import RequeteUsager
from factures.etats import EtatFacture
from factures.models import Facture
from factures.services import expliquer
from paiement_tipi import services
from paiement_tipi.etats import ENCAISSES, SUCCES, EtatPaiement
from paiement_tipi.forms import ActeForm
from paiement_tipi.models import Paiement
from portail import limites
from portail.reponses import VoirAilleurs
from portail.templatetags.ui import moment

CAUSE = "demandé par la personne"
# PayFiP le dit, ou personne n'y est allé ; d'une tentative expirée, il n'a rien dit.
SANS_DEBIT = (EtatPaiement.REFUSE, EtatPaiement.ABANDONNE, EtatPaiement.ECHOUE)


@require_POST
def en_cours(request: RequeteUsager, uuid: UUID) -> HttpResponse:
    """« Reprendre », « Vérifier maintenant », « J'ai abandonné » : PayFiP d'abord, puis ce qu'il permet."""
    facture = get_object_or_404(Facture.objects.de(request.user, chez=request.collectivite), uuid=uuid)
    paiement = services.tentative_ouverte(facture)
    if paiement is None:
        messages.info(request, _("Il n'y a plus de paiement en cours pour cette facture."))
        return VoirAilleurs(facture.get_absolute_url())
    limites.compter("retours", paiement.pk)  # chacun peut attendre PayFiP quelques secondes
    acte, maintenant = ActeForm(request.POST).choisi(), timezone.now()
    guichet = services.guichet(personne=True)
    issue = services.interroger(paiement=paiement, guichet=guichet, cause=CAUSE, maintenant=maintenant)
    page = services.rouvrir(paiement=paiement, usager=request.user, issue=issue, maintenant=maintenant)
    if acte == "reprendre" and page:
        return VoirAilleurs(page)
    return _dire(request, facture, paiement, issue, acte)


def _dire(
    request: RequeteUsager, facture: Facture, paiement: Paiement, issue: services.Issue, acte: str
) -> HttpResponse:
    """Où mène l'acte : le paiement abouti, la facture qu'on peut de nouveau payer, ou l'heure jusqu'où attendre."""
    if issue.ouverte:
        messages.warning(request, attente(issue, timezone.now()))
        return VoirAilleurs(facture.get_absolute_url())
    if paiement.etat in SUCCES and paiement.usager == request.user:
        return VoirAilleurs(reverse("paiement_tipi:retour", args=[paiement.jeton]))
    du_jour = Facture.objects.avec_etat(request.collectivite.aujourd_hui()).select_related("regie")
    relue = du_jour.get(pk=facture.pk)
    bonne = paiement.etat in ENCAISSES or not relue.empechement
    messages.add_message(request, messages.SUCCESS if bonne else messages.WARNING, dire_l_issue(paiement, relue))
    if relue.empechement or acte == "verifier" or paiement.etat in SUCCES:
        return VoirAilleurs(facture.get_absolute_url())
    return VoirAilleurs(reverse("paiement_tipi:payer", args=[facture.uuid]))


def dire_l_issue(paiement: Paiement, facture: Facture) -> str:
    """Ce qu'est devenu le paiement, puis ce que la facture, relue après lui, en fait : payable, ou pourquoi non."""
    if paiement.etat in ENCAISSES:
        return _("PayFiP confirme le paiement : vous n'avez plus rien à faire.")
    retour, explication = services.retour_de(paiement, None), expliquer(facture)
    if paiement.etat == EtatPaiement.ESSAI_REUSSI:
        return str(retour.texte)
    if explication and facture.etat == EtatFacture.EN_COURS:  # déclaré, ou déjà un autre paiement
        return str(explication.phrase)
    fait = _("Rien n'a été débité") if paiement.etat in SANS_DEBIT else retour.titre
    suite = explication.phrase if explication else _("Cette facture est libre, vous pouvez la payer.")
    return f"{fait}. {suite}"


def attente(issue: services.Issue, maintenant: datetime) -> str:
    """Pourquoi la facture reste retenue, et jusqu'à quand au plus tard."""
    if issue.a_verifier:
        return _("Le service vérifie ce paiement : ne payez pas une seconde fois.")
    raisons = {
        "": _("PayFiP ne répond pas en ce moment."),
        "DEMARRE": _("PayFiP n'a pas encore ouvert ce paiement."),
        "P1": _("PayFiP ne connaît pas ce paiement."),
        "P5": _("PayFiP attend encore : le paiement a pu être ouvert ailleurs, ne payez pas deux fois."),
        "URL": _("Nous ne pouvons pas interroger PayFiP pour ce service : c'est lui qui nous préviendra."),
        "A": _("PayFiP confirme l'abandon."),
    }
    raison = raisons.get(issue.code, _("PayFiP a donné une réponse que le service doit vérifier."))
    if issue.jusqu_a is None or issue.jusqu_a <= maintenant:
        suite = _("Vous pourrez réessayer dès qu'il aura répondu ; nous le redemandons sans cesse.")
    else:
        suite = _("Vous pourrez réessayer au plus tard %(moment)s.") % {"moment": moment(issue.jusqu_a)}
    return f"{raison} {suite}"
