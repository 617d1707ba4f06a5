"""Ce que les paiements écrivent au journal, en français, et ce qu'ils ajoutent à la vie d'une facture."""

from collections.abc import Iterator

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from factures.models import Facture
from paiement_tipi.etats import SUCCES, EtatPaiement
from paiement_tipi.models import ContratTipi, NotificationTipi, Paiement, TransitionPaiement
from paiement_tipi.services import cle_de_l_accuse
from portail.gestion.champs import COMPTABLES
from portail.gestion.faits import Mot, declarer_actions, declarer_mots
from portail.gestion.frise import PAR_SOURCE, Evenement, courriels, declarer_frise
from portail.montants import en_euros

E = EtatPaiement

PHRASES: dict[EtatPaiement, Promise] = {
    E.DEMARRE: _("Paiement en ligne commencé"),
    E.ENVOYE: _("Personne envoyée chez PayFiP"),
    E.ABANDON_SIGNALE: _("PayFiP signale un abandon, à confirmer"),
    E.DECLARE: _("Payé selon PayFiP, à confirmer par le Trésor public"),
    E.PAYE: _("Payé par carte, PayFiP le confirme"),
    E.PRELEVE: _("Prélèvement enregistré, PayFiP le confirme"),
    E.ESSAI_REUSSI: _("Essai réussi : rien n'est encaissé"),
    E.REFUSE: _("Paiement refusé par la banque"),
    E.ABANDONNE: _("Paiement abandonné"),
    E.EXPIRE: _("Paiement expiré : la page de PayFiP s'est fermée"),
    E.INFIRME: _("Paiement que le Trésor public n'a pas reçu"),
    E.REJETE: _("Paiement rejeté après coup : la facture est de nouveau à payer"),
    E.ECHOUE: _("Paiement qui n'a pas pu commencer"),
}
# Comment nous l'avons su ; le reste ne dirait rien à personne.
CAUSES = {
    "notification": _("Appris par une notification de PayFiP."),
    "retour": _("Appris au retour de la personne."),
    "relevé": _("Appris en redemandant à PayFiP, comme à chaque relevé."),
    "parité": _("Appris en comparant nos tentatives à celles de PayFiP."),
    "rejet": _("La banque l'a refusé des jours plus tard, ou c'était une erreur : un agent l'a enregistré."),
    "rapprochement": _("Appris en redemandant à PayFiP."),
    "demandé par un agent": _("Appris en redemandant à PayFiP, à la demande d'un agent."),
    "résultat posté": _("Appris par ce que PayFiP a posté, sans signature."),
    "code inconnu posté": _("PayFiP a posté un code que nous ne connaissons pas : ce peut être un paiement."),
    "sans retour": _("PayFiP n'a rien posté dans le délai."),
    "confirmé par un agent": _("Confirmé par un agent."),
    "infirmé par un agent": _("Infirmé par un agent."),
    "demandé par la personne": _("Appris en redemandant à PayFiP, à la demande de la personne."),
    "refus à la création": _("PayFiP a refusé la demande."),
    "jamais demandé": _("Trop de demandes à la fois, ou PayFiP en panne : rien ne lui a été demandé."),
    "sans idop": _("PayFiP n'a jamais répondu : personne n'y a été envoyé."),
}
TONS = dict.fromkeys(SUCCES, "succes") | dict.fromkeys(
    (E.REFUSE, E.ABANDONNE, E.EXPIRE, E.INFIRME, E.REJETE, E.ECHOUE), "echec"
)

declarer_actions("paiements", _("Paiements en ligne"), {f"paiement.{etat}": PHRASES[etat] for etat in E})
declarer_actions(
    "contrats",
    _("Contrats PayFiP"),
    {
        "contrat.cree": _("Contrat PayFiP enregistré"),
        "contrat.modifie": _("Contrat PayFiP changé"),
        "contrat.mis_en_service": _("Contrat PayFiP passé à une autre étape"),
        "contrat.verifie": _("Numéro de client vérifié auprès de PayFiP"),
    },
)
_SAISIES = dict(ContratTipi._meta.get_field("saisie").flatchoices)
declarer_mots(
    {
        "derogation": Mot(_("sans paiement d'activation")),
        "cause": Mot(_("parce que")),
        "saisie": Mot(_("mise en service"), lambda saisie: _SAISIES.get(saisie, saisie)),
    }
)


def _d_une_facture(facture: Facture) -> Iterator[Evenement]:
    """Chaque tentative de la payer en ligne."""
    tentatives = Paiement.objects.filter(parts__facture=facture).order_by("-pk")
    yield from _des_tentatives(list(tentatives.select_related("usager", "collectivite")[:PAR_SOURCE]))


def _d_un_paiement(paiement: Paiement) -> Iterator[Evenement]:
    yield from _des_tentatives([paiement])


def _des_tentatives(paiements: list[Paiement]) -> Iterator[Evenement]:
    """Leur départ, leurs changements d'état, ce que PayFiP a notifié, l'accusé envoyé."""
    if not paiements:
        return
    for paiement in paiements:
        phrase = gettext("Paiement en ligne de %(montant)s commencé") % {"montant": en_euros(paiement.montant)}
        anomalie = (paiement.anomalie,) if paiement.anomalie else ()
        yield Evenement(paiement.cree_le, phrase, anomalie, paiement.payeur, paiement)
    for t in TransitionPaiement.objects.filter(paiement__in=paiements).select_related("paiement"):
        appris = (CAUSES[t.cause],) if t.cause in CAUSES else ()
        yield Evenement(t.le, PHRASES[E(t.vers)], appris, objet=t.paiement, ton=TONS.get(E(t.vers), "attente"))
    for recue in NotificationTipi.objects.filter(paiement__in=paiements):
        yield Evenement(
            recue.recue_le, gettext("PayFiP prévient qu'il y a du nouveau"), objet=recue, reserve=COMPTABLES
        )
    sujets = {cle_de_l_accuse(paiement): gettext("accusé de réception du paiement") for paiement in paiements}
    yield from courriels(paiements[0].collectivite, sujets)


declarer_frise("factures.facture", _d_une_facture)
declarer_frise("paiement_tipi.paiement", _d_un_paiement, tait=[f"paiement.{etat}" for etat in E])
