"""Les tentatives de paiement dans la file des écarts."""

from django.utils.translation import gettext_lazy as _

from factures.admin.ecarts import MODELE, mener, si
from factures.etats.rapprochement import GenreEcart
from factures.models import Ecart
from paiement_tipi.models import Paiement
from paiement_tipi.services import confirmer_par_le_tresor, declare_de
from portail.gestion.registre import Acte, Tableau, Texte, declarer_acte, declarer_tableau


def _refus(ecart: Ecart) -> Texte:
    sans = "" if declare_de(ecart) else _("Aucun paiement déclaré n'attend cette somme.")
    return si(GenreEcart.MANQUE_ICI)(ecart) or sans


declarer_acte(
    MODELE,
    Acte(
        "confirmer_declare",
        _("Confirmer le paiement déclaré"),
        _("PayFiP l'avait annoncé sans preuve, le Trésor l'a reçu : il est encaissé et la personne reçoit son accusé."),
        mener(confirmer_par_le_tresor, _("Le paiement est confirmé et encaissé.")),
        refus=_refus,
    ),
)


def _tentatives(ecart: Ecart) -> Tableau:
    """Celle qu'il vise, sinon celles de sa facture."""
    visees = {"uuid": ecart.tentative} if ecart.tentative else {"parts__facture": ecart.facture_id}
    lues = Paiement.objects.filter(**visees).order_by("-pk")
    lignes = [(p, p.cree_le, p.get_etat_display(), p.montant) for p in lues]
    return Tableau(_("Paiements en ligne"), (_("Tentative"), _("Le"), _("État"), _("Montant")), lignes)


declarer_tableau(MODELE, _tentatives)
