"""Remplacer une facture publiée : en préparer une autre, dont la publication annule la première."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from factures.admin.a_la_main import GABARIT, VERSION, apercu, ecrire_ou_dire, valeurs_de
from factures.admin.formulaires import RemplacementForm
from factures.etats import Statut
from factures.imports import PARTIES
from factures.models import Facture
from factures.services import creer
from factures.services.saisie import Saisie
from portail.gestion.registre import Acte, Fait, Texte, declarer_acte


def _refus_de_remplacer(facture: Facture) -> Texte:
    if facture.statut == Statut.BROUILLON:
        return _("C'est un brouillon : corrigez-le.")
    autres = (autre for autre in facture.suivantes if autre.statut != Statut.ANNULEE)
    autre = next(autres, None)
    return _("La facture %(numero)s la remplace déjà.") % {"numero": autre.numero} if autre else ""


def _sans_numero(facture: Facture) -> dict[str, Any]:
    return valeurs_de(facture) | {
        "numero": "",
        "reference": "",
        "date_emission": facture.collectivite.aujourd_hui(),
        **dict.fromkeys(PARTIES, ""),
    }


def _preparer_le_remplacement(formulaire: Any, facture: Facture) -> None:
    formulaire.preparer(facture.collectivite, facture)
    for nom in ("regie", "recherche", "redevable"):
        if nom in formulaire.fields:
            formulaire.fields[nom].disabled = True


def _remplacer(facture: Facture, saisie: Saisie, motif: str) -> Fait:
    nouvelle = ecrire_ou_dire(creer, saisie=saisie, remplace=facture, motif=motif)
    phrase = _("Le brouillon est prêt. La facture %(numero)s sera annulée à l'instant où vous le publierez.")
    return Fait(phrase % {"numero": facture.numero}, nouvelle)


declarer_acte(
    "factures.facture",
    Acte(
        "remplacer",
        _("Remplacer"),
        _(
            "Vous préparez une nouvelle facture. Quand vous la publierez, celle-ci sera annulée au même instant, "
            "l'habitant lira de l'une à l'autre, et ce qu'il a déjà réglé sera reporté."
        ),
        _remplacer,
        formulaire=RemplacementForm,
        initial=_sans_numero,
        preparer=_preparer_le_remplacement,
        refus=_refus_de_remplacer,
        apercu=lambda ancienne, saisie, motif: apercu(saisie, ancienne, motif),
        version=VERSION,
        gabarit=GABARIT,
    ),
)
