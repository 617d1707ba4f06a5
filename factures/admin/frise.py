"""Ce que les factures écrivent au journal, en français, et la vie d'une facture."""

from collections.abc import Iterator
from datetime import datetime
from typing import cast

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from comptes.models import MoyenDuChoix, Redevable
from factures.argent import depuis_centimes
from factures.etats import EtatLot, Moyen, Sens, Statut
from factures.etats.depots import EtatDepot
from factures.etats.rapprochement import EtatDeclaration, EtatEcart
from factures.models import Facture, Reglement
from portail.gestion.faits import Mot, declarer_actions, declarer_mots, declarer_precision
from portail.gestion.frise import PAR_SOURCE, Evenement, declarer_frise
from portail.montants import en_euros

E = EtatLot
MOYENS = dict([*Moyen.choices, *MoyenDuChoix.choices])

declarer_actions(
    "factures",
    _("Factures"),
    {
        f"facture.{Statut.PUBLIEE}": _("Facture publiée"),
        f"facture.{Statut.ANNULEE}": _("Facture annulée"),
        "facture.marquee": _("Dite réglée par la personne"),
        "facture.demarquee": _("La personne ne la dit plus réglée"),
        f"declaration.{EtatDeclaration.CONFIRMEE}": _("Dite réglée, et confirmée : la personne est prévenue"),
        f"declaration.{EtatDeclaration.NON_CONFIRMEE}": _("Dite réglée, sans règlement : la personne est prévenue"),
        "facture.creee": _("Facture écrite à la main"),
        "facture.brouillon_corrige": _("Brouillon corrigé"),
        "facture.avis_envoyes": _("Lecteurs prévenus par courriel"),
        "facture.documentee": _("Document joint"),
        "facture.mise_en_attente": _("Facture mise en attente"),
        "facture.reprise": _("Facture rendue au paiement en ligne"),
        "facture.prolongee": _("Délai prolongé"),
        "facture.corrigee": _("Facture corrigée par un lot"),
        "facture.montant": _("Montant remplacé par un lot, ou rendu"),
        "facture.retablie": _("Correction défaite avec son lot"),
        "redevable.corrige": _("Redevable corrigé par un lot"),
        "redevable.retabli": _("Correction défaite avec son lot"),
        "collectivite.peuplee": _("Factures d'essai ajoutées"),
        "regie.papier_exporte": _("Fichier des lettres à envoyer téléchargé"),
    },
)
declarer_actions(
    "reglements",
    _("Règlements"),
    {
        "reglement.encaisse": _("Règlement enregistré"),
        "reglement.rejete": _("Règlement repris"),
        "reglement.deja_rendu": _("Paiement rejeté, mais déjà rendu : rien n'est repris sur cette facture"),
        "reglement.rembourse": _("Remboursement noté"),
        "depot.depose": _("Fichier de règlements déposé"),
        f"depot.{EtatDepot.ENREGISTRE}": _("Fichier de règlements enregistré"),
        f"depot.{EtatDepot.ANNULE}": _("Enregistrement du fichier annulé"),
        f"depot.{EtatDepot.ABANDONNE}": _("Fichier de règlements abandonné"),
    },
)
declarer_actions(
    "rapprochement",
    _("Rapprochement"),
    {
        "retour.compare": _("Retour du Trésor comparé"),
        "ecart.ouvert": _("Écart à trancher"),
        f"ecart.{EtatEcart.REGLE}": _("Écart réglé"),
        f"ecart.{EtatEcart.CLASSE}": _("Écart classé"),
    },
)
declarer_precision(f"ecart.{EtatEcart.REGLE}", "motif")
declarer_precision(f"ecart.{EtatEcart.CLASSE}", "motif")
declarer_actions(
    "lots",
    _("Lots d'import"),
    {
        "lot.depose": _("Lot déposé"),
        f"lot.{E.A_RELIER}": _("Colonnes du lot à relier"),
        "lot.colonnes_reliees": _("Colonnes du lot reliées"),
        "lot.colonnes_a_revoir": _("Colonnes du lot à revoir"),
        "lot.relance": _("Travail sur le lot relancé"),
        f"lot.{E.EN_ANALYSE}": _("Analyse du lot commencée"),
        f"lot.{E.A_VERIFIER}": _("Lot analysé, à vérifier"),
        "lot.lignes_exportees": _("Lignes à corriger du lot téléchargées"),
        "lot.lignes_corrigees": _("Lignes corrigées du lot redéposées"),
        "lot.conflits_tranches": _("Conflits du lot tranchés"),
        "lot.publication_demandee": _("Publication du lot demandée"),
        f"lot.{E.PROGRAMME}": _("Publication du lot prévue"),
        "lot.avis_envoyes": _("Habitants prévenus des factures du lot"),
        "lot.efface": _("Fichier et lignes du lot effacés"),
        f"lot.{E.EN_PUBLICATION}": _("Publication du lot commencée"),
        f"lot.{E.PUBLIE}": _("Lot publié"),
        f"lot.{E.ANNULE}": _("Publication du lot annulée"),
        f"lot.{E.REFUSE}": _("Lot refusé"),
        f"lot.{E.ABANDONNE}": _("Lot abandonné"),
    },
)
declarer_precision(f"facture.{Statut.ANNULEE}", "motif_annulation")
declarer_mots(
    {
        "bilan": Mot(_("bilan")),
        "concordants": Mot(_("concordants")),
        "ecarts": Mot(_("écarts")),
        "centimes": Mot(_("total"), lambda centimes: en_euros(depuis_centimes(centimes))),
        "depot": Mot(_("fichier de règlements n°")),
        "depuis": Mot(_("depuis le")),
        "empreinte": Mot(_("empreinte")),
        "factures": Mot(_("factures")),
        "lignes": Mot(_("lignes")),
        "moyen": Mot(_("moyen"), lambda moyen: MOYENS.get(moyen, moyen)),
        "origine": Mot(_("origine")),
        "reglements": Mot(_("règlements")),
    }
)


def _recu(reglement: Reglement) -> Evenement:
    """« 243,11 € reçus par carte bancaire »."""
    phrases = {
        Sens.ENCAISSEMENT: gettext("%(montant)s reçus par %(moyen)s"),
        Sens.REJET: gettext("%(montant)s rejetés : le paiement par %(moyen)s n'a pas abouti"),
        Sens.REMBOURSEMENT: gettext("%(montant)s remboursés par %(moyen)s"),
    }
    if reglement.moyen == Moyen.REPORT:
        phrases[Sens.ENCAISSEMENT] = gettext("%(montant)s repris de la facture remplacée")
        phrases[Sens.REMBOURSEMENT] = gettext("%(montant)s reportés sur la nouvelle facture")
    if reglement.reprend_id:
        phrases[Sens.REJET] = gettext("%(montant)s repris, qui avaient été reçus par %(moyen)s")
    mots = {"montant": en_euros(reglement.montant), "moyen": Moyen(reglement.moyen).label}
    ton = "succes" if reglement.sens == Sens.ENCAISSEMENT else "echec"
    # PayFiP donne son heure sans les secondes : le même jour, la nôtre met les événements dans l'ordre.
    le_meme_jour = reglement.recu_le.date() == reglement.cree_le.date()
    quand = reglement.cree_le if le_meme_jour else reglement.recu_le
    return Evenement(quand, phrases[Sens(reglement.sens)] % mots, objet=reglement, ton=ton)


def _d_une_facture(facture: Facture) -> Iterator[Evenement]:
    """D'où elle vient, depuis quand on la voit, qui l'a lue, ce qui en a été réglé."""
    if facture.lot:
        phrase = gettext("Reçue du logiciel de facturation : lot « %(lot)s »") % {"lot": facture.lot}
        yield Evenement(facture.lot.cree_le, phrase, objet=facture.lot)
    if facture.publiee_le:
        yield Evenement(facture.publiee_le, gettext("Publiée : ses lecteurs la voient sur le portail"))
    for lecture in facture.consultations.select_related("usager").order_by("pk")[:PAR_SOURCE]:
        yield Evenement(lecture.lue_le, gettext("Lue pour la première fois"), qui=str(lecture.usager))
    yield from map(_recu, facture.reglements.all()[:PAR_SOURCE])


def _publiees(redevable: Redevable) -> Iterator[Evenement]:
    """Les dernières factures d'un redevable."""
    for facture in redevable.factures.filter(publiee_le__isnull=False).order_by("-date_emission")[:PAR_SOURCE]:
        mots = {"numero": facture.numero, "montant": en_euros(facture.montant)}
        phrase = gettext("Facture %(numero)s publiée, %(montant)s") % mots
        yield Evenement(cast("datetime", facture.publiee_le), phrase, objet=facture)


TUS = (f"facture.{Statut.PUBLIEE}", "reglement.encaisse", "reglement.rejete", "reglement.rembourse")
declarer_frise("factures.facture", _d_une_facture, tait=TUS)
declarer_frise("comptes.redevable", _publiees)
