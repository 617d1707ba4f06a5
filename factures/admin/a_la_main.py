"""Créer une facture, corriger son brouillon, lui joindre un document, la publier."""

from operator import attrgetter
from typing import Any

from django import forms
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from factures.admin.formulaires import FactureForm
from factures.admin.formulaires_lots import AvisForm
from factures.etats import Statut
from factures.imports import PARTIES, FichierRefuse
from factures.imports.documents import OCTETS_PAR_DOCUMENT, DocumentRefuse
from factures.models import Facture
from factures.services import corriger, creer, joindre, prevenir, publier
from factures.services.saisie import Saisie, SaisieRefusee
from portail.gestion.registre import (
    Acte,
    ActeImpossible,
    Fait,
    Texte,
    declarer_acte,
    declarer_acte_de_liste,
)
from portail.models import Collectivite

VERSION = attrgetter("version")
GABARIT = "gestion/_saisie.html"


class DocumentForm(forms.Form):
    """Un PDF."""

    document = forms.FileField(
        label=_("Document (PDF)"),
        help_text=_("Sans script, sans mot de passe, 20 Mo au plus. Sans document, le portail compose le sien."),
    )

    def clean_document(self) -> bytes:
        """Son contenu."""
        document = self.cleaned_data["document"]
        if document.size > OCTETS_PAR_DOCUMENT:
            raise forms.ValidationError(_("Ce document dépasse 20 Mo."))
        contenu: bytes = document.read()
        return contenu


# Ce qui va être écrit.


def apercu(saisie: Saisie, ancienne: Facture | None = None, motif: str = "") -> Texte:
    """La facture telle qu'elle sera, et celle qu'elle annulera."""
    return render_to_string("gestion/_apercu_facture.html", {"saisie": saisie, "ancienne": ancienne, "motif": motif})


def ecrire_ou_dire(ecrire: Any, **valeurs: Any) -> Any:
    """Ce que fait le service, dont le refus se lit au-dessus du formulaire."""
    try:
        return ecrire(**valeurs)
    except SaisieRefusee as refus:
        raise ActeImpossible(str(refus)) from refus


def valeurs_de(facture: Facture) -> dict[str, Any]:
    """Le formulaire rempli de cette facture."""
    champs = ("objet", "date_emission", "date_echeance", "date_limite_en_ligne", "date_prelevement")
    lignes = list(facture.lignes.all())
    valeurs = {nom: getattr(facture, nom) for nom in (*champs, "numero", "reference", *PARTIES)}
    for rang, li in enumerate(lignes):
        de_la_ligne = {"libelle": li.libelle, "quantite": li.quantite, "prix": li.prix_unitaire, "montant": li.montant}
        valeurs |= {f"{nom}_{rang}": valeur for nom, valeur in de_la_ligne.items()}
    redevable = {"recherche": facture.redevable.code, "redevable": str(facture.redevable_id)}
    return valeurs | redevable | {"regie": facture.regie_id, "nombre": max(len(lignes), 10)}


# Créer.


def _creer(collectivite: Collectivite, saisie: Saisie) -> Fait:
    facture = ecrire_ou_dire(creer, saisie=saisie)
    return Fait(_("Le brouillon est prêt. Relisez-le, puis publiez-le : personne ne le voit encore."), facture)


declarer_acte_de_liste(
    "factures.facture",
    Acte(
        "creer",
        _("Créer une facture"),
        _("Elle reste un brouillon, que seuls les agents voient et corrigent, jusqu'à sa publication."),
        _creer,
        formulaire=FactureForm,
        initial=lambda commune: {"date_emission": commune.aujourd_hui()},
        preparer=FactureForm.preparer,
        apercu=lambda _commune, saisie: apercu(saisie),
        gabarit=GABARIT,
    ),
)


# Son brouillon.


def _refus_hors_brouillon(facture: Facture) -> Texte:
    if facture.statut != Statut.BROUILLON:
        return _("Cette facture n'est plus un brouillon : remplacez-la pour la corriger.")
    return _("Ce brouillon est celui d'un lot d'import, qui le publiera.") if facture.lot_id else ""


def _preparer(formulaire: Any, facture: Facture) -> None:
    formulaire.preparer(facture.collectivite, facture)


def _corriger(facture: Facture, saisie: Saisie) -> Texte:
    ecrire_ou_dire(corriger, facture=facture, saisie=saisie, version=facture.version)
    return _("Le brouillon est corrigé.")


declarer_acte(
    "factures.facture",
    Acte(
        "corriger",
        _("Corriger"),
        _("Personne d'autre que les agents n'a vu ce brouillon : tout peut y changer."),
        _corriger,
        formulaire=FactureForm,
        initial=valeurs_de,
        preparer=_preparer,
        refus=_refus_hors_brouillon,
        apercu=lambda _facture, saisie: apercu(saisie),
        version=VERSION,
        gabarit=GABARIT,
    ),
)


def _joindre(facture: Facture, document: bytes) -> Texte:
    try:
        sien = joindre(facture=facture, contenu=document, version=facture.version)
    except (DocumentRefuse, FichierRefuse) as refus:
        raise ActeImpossible(str(refus)[:1].upper() + str(refus)[1:]) from refus
    if sien:
        return _("Le document est joint.")
    return _("Le document est joint, mais il ne porte ni le numéro ni la référence de la facture : est-ce le bon ?")


declarer_acte(
    "factures.facture",
    Acte(
        "document",
        _("Joindre un document"),
        _("L'habitant téléchargera ce PDF à la place de celui que compose le portail. Il remplace le précédent."),
        _joindre,
        formulaire=DocumentForm,
        refus=_refus_hors_brouillon,
        version=VERSION,
    ),
)


def refus_de_publier(facture: Facture) -> Texte:
    """Pourquoi cette facture ne se publie pas ; vide si elle le peut."""
    if facture.statut != Statut.BROUILLON:
        return _("Elle n'est plus un brouillon.")
    return _refus_hors_brouillon(facture)


def _publier(facture: Facture, avis: str) -> Texte:
    if not publier(factures=[facture], version=facture.version, avis=avis):
        raise ActeImpossible(_("Un paiement est en cours pour la facture remplacée : attendez qu'il aboutisse."))
    return _("La facture est publiée.")


declarer_acte(
    "factures.facture",
    Acte(
        "publier",
        _("Publier"),
        _("L'habitant la verra aussitôt et pourra la payer. Elle ne se corrigera plus : il faudra la remplacer."),
        _publier,
        formulaire=AvisForm,
        refus=refus_de_publier,
        version=VERSION,
    ),
)


def _refus_d_avertir(facture: Facture) -> Texte:
    if facture.statut != Statut.PUBLIEE:
        return _("Elle n'est pas publiée.")
    if facture.lot_id:
        return _("Elle vient d'un lot d'import : c'est lui qui prévient.")
    return _("Ses lecteurs sont déjà prévenus.") if facture.prevenue_le else ""


def _avertir(facture: Facture) -> Texte:
    nombre = prevenir(factures=[facture])
    phrase = ngettext("%(n)d personne est prévenue.", "%(n)d personnes sont prévenues.", nombre) % {"n": nombre}
    return phrase if nombre else _("Personne ne lit encore cette facture sur le portail.")


declarer_acte(
    "factures.facture",
    Acte(
        "avertir",
        _("Prévenir ses lecteurs"),
        _("Un courriel « une facture est disponible » part à qui la lit sur le portail, une seule fois."),
        _avertir,
        refus=_refus_d_avertir,
    ),
)
