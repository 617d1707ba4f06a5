"""Ce qu'un agent fait d'une tentative : une question à PayFiP, ou ce qu'en sait le Trésor."""

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from paiement_tipi import services
from paiement_tipi.etats import DEFINITIFS
from paiement_tipi.fautes import sens
from paiement_tipi.models import Paiement
from portail.gestion.registre import Acte, ActeImpossible, Texte, declarer_acte
from portail.templatetags.ui import moment

PAS_A_CONFIRMER = _("Ce paiement n'est pas, ou plus, à confirmer.")


class MotifForm(forms.Form):
    """Pourquoi, et d'après quoi."""

    motif = forms.CharField(
        label=_("Motif"), max_length=200, help_text=_("Par exemple, la date et le numéro de l'encaissement.")
    )


def que_faire(paiement: Paiement) -> Texte:
    """Ce que l'agent a à faire d'une anomalie ; rien si elle n'attend pas de lui une décision."""
    decide = services.se_confirme(paiement) or services.s_infirme(paiement)
    a_partir_de = services.tranchable_le(paiement)
    if a_partir_de and not decide:
        phrase = _("PayFiP peut encore changer d'avis et reste interrogé. Vous pourrez en décider %(moment)s.")
        return phrase % {"moment": moment(a_partir_de)}
    if not paiement.anomalie or not decide:
        return ""
    if not paiement.encaisse:
        return _("C'est un essai : il n'y a pas d'argent à chercher. Infirmez-le.")
    if paiement.par_url or services.concorde(paiement):
        return _("Cherchez ce paiement dans les encaissements : s'il y est, confirmez-le ; sinon, infirmez-le.")
    return _(
        "PayFiP annonce autre chose que ce que nous avions demandé : ce paiement ne se confirme pas. Cherchez-le dans "
        "les encaissements : s'il y est, enregistrez d'abord sur la facture la somme reçue. Puis infirmez-le."
    )


def _interroger(paiement: Paiement) -> Texte:
    guichet, maintenant = services.guichet(personne=True), timezone.now()
    issue = services.interroger(paiement=paiement, guichet=guichet, cause="demandé par un agent", maintenant=maintenant)
    if not issue.code and paiement.etat not in DEFINITIFS:
        raise ActeImpossible(_("PayFiP ne répond pas en ce moment : nous ne savons rien de plus. Réessayez plus tard."))
    dit = {"sens": sens(issue.code), "etat": paiement.get_etat_display()}
    return _("PayFiP a répondu : %(sens)s Cette tentative est « %(etat)s ».") % dit


def _confirmer(paiement: Paiement, motif: str) -> Texte:
    if not services.confirmer_declare(paiement=paiement, source="confirmé par un agent", motif=motif):
        raise ActeImpossible(_refus_de_confirmer(paiement))
    return _("Le paiement est confirmé : la facture est payée.")


def _refus_de_confirmer(paiement: Paiement) -> Texte:
    return "" if services.se_confirme(paiement) else que_faire(paiement) or PAS_A_CONFIRMER


def _infirmer(paiement: Paiement, motif: str) -> Texte:
    if not services.infirmer_declare(paiement=paiement, source="infirmé par un agent", motif=motif):
        raise ActeImpossible(_refus_d_infirmer(paiement))
    return _("Le paiement est infirmé : la facture se paie de nouveau.")


def _refus_d_infirmer(paiement: Paiement) -> Texte:
    return "" if services.s_infirme(paiement) else que_faire(paiement) or PAS_A_CONFIRMER


def _refus_d_interroger(paiement: Paiement) -> Texte:
    if paiement.par_url:
        return _("PayFiP ne se laisse pas interroger sur un paiement par URL : seul le Trésor public le confirme.")
    if paiement.idop is None:
        return _("PayFiP ne connaît pas cette tentative : elle ne lui est jamais parvenue.")
    return _("Cette tentative a abouti : son résultat est définitif.") if paiement.etat in DEFINITIFS else ""


declarer_acte(
    "paiement_tipi.paiement",
    Acte(
        "interroger",
        _("Interroger PayFiP maintenant"),
        _("Le résultat est appliqué comme au relevé automatique : une facture payée chez PayFiP sera payée ici."),
        _interroger,
        refus=_refus_d_interroger,
    ),
)
declarer_acte(
    "paiement_tipi.paiement",
    Acte(
        "confirmer",
        _("Confirmer le paiement"),
        _("Le Trésor public a reçu cet argent : la facture sera payée ici, et la personne en recevra l'accusé."),
        _confirmer,
        formulaire=MotifForm,
        refus=_refus_de_confirmer,
    ),
)
declarer_acte(
    "paiement_tipi.paiement",
    Acte(
        "infirmer",
        _("Infirmer le paiement"),
        _(
            "Le Trésor public n'a pas reçu cet argent : la facture se paiera de nouveau en ligne. Si PayFiP dit un "
            "jour que ce paiement avait abouti, il sera encaissé."
        ),
        _infirmer,
        formulaire=MotifForm,
        refus=_refus_d_infirmer,
        danger=True,
    ),
)
