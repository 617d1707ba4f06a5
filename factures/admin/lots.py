"""Les lots d'import : leur fiche dit où ils en sont, ce que leur publication ferait, et quoi faire."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Count
from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import date_format, number_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from factures.argent import depuis_centimes
from factures.etats import LOTS_AU_TRAVAIL, Avis, EtatLot, SortLigne
from factures.models import LotImport
from portail.gestion.listes import FiltreLie
from portail.gestion.modele import AdminParCommune, Rubrique
from portail.gestion.registre import Carte, Chiffre, declarer_carte
from portail.models import Collectivite
from portail.templatetags import ui


@admin.register(LotImport)
class LotImportAdmin(AdminParCommune):
    """Les livraisons des logiciels de facturation."""

    rubrique = Rubrique.FACTURES
    confidentiel = True
    list_display = ("libelle", "regie", "etat", "lignes_du_fichier", "cree_le", "publie_le")
    list_filter = (("regie", FiltreLie), "etat")
    list_select_related = ("regie",)
    gabarit_de_fiche = "gestion/lot.html"
    fiche = ("libelle", "regie", "etat", "format", "cree_le", "publier_le", "publie_le", "avis", "efface_le")

    @admin.display(description=gettext_lazy("lignes"))
    def lignes_du_fichier(self, lot: LotImport) -> Any:
        """Une fois qu'elles sont comptées."""
        return nombre(lot.bilan["lignes"]) if lot.bilan else ""

    def en_plus(self, request: HttpRequest, objet: LotImport) -> dict[str, Any]:
        """Où en est le lot ; ``au_travail`` : la page se remplace d'elle-même."""
        ton, titre, phrase = SITUATIONS[EtatLot(objet.etat)](objet)
        if phrase and phrase == objet.motif and not self.lit(request, "motif"):
            phrase = _("Demandez pourquoi à la facturation.")
        return {"ton": ton, "titre": titre, "phrase": phrase, "au_travail": objet.etat in LOTS_AU_TRAVAIL}


def nombre(combien: int) -> str:
    """« 12 345 »."""
    return number_format(combien, use_l10n=True, force_grouping=True)


def _quand(instant: datetime | None) -> str:
    if instant is None:
        return ""
    ici = localtime(instant)
    return _("%(jour)s à %(heure)s") % {"jour": ui.jour(ici), "heure": date_format(ici, "H:i")}


def _depose(_lot: LotImport) -> tuple[str, str, str]:
    return "info", _("Le fichier attend d'être lu"), _("Sa lecture commence dans quelques secondes.")


def _a_relier(lot: LotImport) -> tuple[str, str, str]:
    phrase = _("Dites quelle colonne du fichier est quoi : « Relier les colonnes ». Nous nous en souviendrons.")
    return "attente", _("Les colonnes sont à relier"), phrase


def _en_analyse(lot: LotImport) -> tuple[str, str, str]:
    phrase = _("%(nombre)s lignes lues. Rien n'est visible des habitants.") % {"nombre": nombre(lot.derniere_ligne)}
    return "info", _("Lecture du fichier en cours"), phrase


def _a_verifier(lot: LotImport) -> tuple[str, str, str]:
    if lot.motif:
        return "echec", _("La publication n'a pas pu se faire"), lot.motif
    if lot.a_corriger:
        titre = ngettext("%(n)s ligne à corriger", "%(n)s lignes à corriger", lot.a_corriger)
        phrase = _("%(publiable)s Téléchargez les lignes à corriger, puis redéposez-les ; ou publiez sans elles.") % {
            "publiable": _publiable(lot)
        }
        return "attente", titre % {"n": nombre(lot.a_corriger)}, phrase
    return "succes", _("Prêt à publier"), _publiable(lot)


def _publiable(lot: LotImport) -> str:
    nouvelles, modifiees = lot.bilan[SortLigne.NOUVELLE], lot.bilan[SortLigne.MODIFIEE]
    return _("%(nouvelles)s factures nouvelles (%(total)s), %(modifiees)s modifiées.") % {
        "nouvelles": nombre(nouvelles["nombre"]),
        "total": ui.montant(depuis_centimes(nouvelles["centimes"])),
        "modifiees": nombre(modifiees["nombre"]),
    }


def _programme(lot: LotImport) -> tuple[str, str, str]:
    titre = _("Publication prévue le %(quand)s") % {"quand": _quand(lot.publier_le)}
    return "info", titre, f"{_publiable(lot)} {_avis(lot)}"


def _en_publication(lot: LotImport) -> tuple[str, str, str]:
    return "info", _("Publication en cours"), _("Les factures deviendront visibles toutes au même instant.")


def _publie(lot: LotImport) -> tuple[str, str, str]:
    return "succes", _("Publié le %(quand)s") % {"quand": _quand(lot.publie_le)}, f"{_publiable(lot)} {_avis(lot)}"


def _avis(lot: LotImport) -> str:
    if lot.avis == Avis.RETENUS:
        return _("Les habitants ne sont pas prévenus.")
    if lot.etat == EtatLot.PROGRAMME:
        return _("Les habitants seront prévenus à ce moment.")
    return ngettext(
        "%(n)s personne prévenue par courriel.", "%(n)s personnes prévenues par courriel.", lot.prevenus
    ) % {"n": nombre(lot.prevenus)}


def _annule(_lot: LotImport) -> tuple[str, str, str]:
    return "neutre", _("Publication annulée"), _("Ses factures ont été retirées, et rien n'en reste.")


def _refuse(lot: LotImport) -> tuple[str, str, str]:
    return "echec", _("Ce fichier ne peut pas être lu"), lot.motif


def _abandonne(_lot: LotImport) -> tuple[str, str, str]:
    return "neutre", _("Lot abandonné"), _("Rien n'en a été publié. Le même fichier peut être déposé de nouveau.")


# Le ton, le titre et la phrase de chaque état.
SITUATIONS = {
    EtatLot.DEPOSE: _depose,
    EtatLot.A_RELIER: _a_relier,
    EtatLot.EN_ANALYSE: _en_analyse,
    EtatLot.A_VERIFIER: _a_verifier,
    EtatLot.PROGRAMME: _programme,
    EtatLot.EN_PUBLICATION: _en_publication,
    EtatLot.PUBLIE: _publie,
    EtatLot.ANNULE: _annule,
    EtatLot.REFUSE: _refuse,
    EtatLot.ABANDONNE: _abandonne,
}


def _chiffres(collectivite: Collectivite) -> list[Chiffre]:
    """Ce qui attend quelqu'un."""
    liste = reverse("gestion:factures_lotimport_changelist")
    lus = LotImport.objects.filter(collectivite=collectivite, efface_le__isnull=True).order_by()
    par_etat = dict(lus.values_list("etat").annotate(Count("pk")))
    suivis = (
        (gettext_lazy("Colonnes à relier"), EtatLot.A_RELIER, True),
        (gettext_lazy("À vérifier, puis à publier"), EtatLot.A_VERIFIER, False),
        (gettext_lazy("Publications prévues"), EtatLot.PROGRAMME, False),
        (gettext_lazy("Refusés depuis 30 jours"), EtatLot.REFUSE, True),
    )
    return [
        Chiffre(libelle, par_etat.get(etat, 0), f"{liste}?etat__exact={etat}", alerte=alerte and etat in par_etat)
        for libelle, etat, alerte in suivis
    ]


declarer_carte(Carte(gettext_lazy("Lots d'import"), "factures.lotimport", _chiffres))
