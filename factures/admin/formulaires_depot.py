"""Ce qu'un agent remplit pour déposer un fichier, en relier les colonnes, en corriger les lignes."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files import File
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from factures.imports import COLONNES, OBLIGATOIRES, PARTIES
from factures.imports.appariement import MOTIF, defaut_du_motif
from factures.imports.correspondances import CONSTANTES, manquantes, proposer
from factures.imports.formats import LECTEURS
from factures.imports.tableaux import normaliser
from factures.models import LotImport
from portail.bornes import OCTETS_ARCHIVE, OCTETS_CORRECTIONS, OCTETS_FICHIER
from portail.models import Collectivite, ModeRegie, Regie

FORMATS = (("", gettext_lazy("Le reconnaître")), *((nom, nom.upper()) for nom in sorted(LECTEURS)))
ZIP = b"PK\x03\x04"
# Nos colonnes, dans les mots d'un agent.
LIBELLES = {
    "source": gettext_lazy("Logiciel d'origine"),
    "code_redevable": gettext_lazy("Code client"),
    "nom": gettext_lazy("Nom"),
    "prenom": gettext_lazy("Prénom"),
    "adresse": gettext_lazy("Adresse"),
    "code_postal": gettext_lazy("Code postal"),
    "ville": gettext_lazy("Ville"),
    "courriel": gettext_lazy("Adresse mail"),
    "numero": gettext_lazy("Numéro de facture"),
    "reference": gettext_lazy("Référence de paiement"),
    "exercice": gettext_lazy("Exercice"),
    "objet": gettext_lazy("Objet"),
    "montant": gettext_lazy("Montant"),
    "date_emission": gettext_lazy("Date d'émission"),
    "date_echeance": gettext_lazy("Date d'échéance"),
    "date_limite_en_ligne": gettext_lazy("Payable en ligne jusqu'au"),
    "date_prelevement": gettext_lazy("Date de prélèvement"),
    "fichier_pdf": gettext_lazy("Nom du document PDF"),
    "code_recette": gettext_lazy("Code recette"),
    "periode": gettext_lazy("Période"),
    "piece": gettext_lazy("Pièce (titre)"),
    "ligne": gettext_lazy("Ligne de la pièce"),
    "dette": gettext_lazy("Dette (rôle)"),
}


class _Borne:
    """Un fichier d'au plus ``octets``, et la phrase de celui qui les dépasse."""

    def __init__(self, octets: int) -> None:
        self.octets = octets

    def __call__(self, fichier: File[bytes]) -> None:
        if fichier.size > self.octets:
            megas = {"n": number_format(self.octets >> 20, use_l10n=True, force_grouping=True)}
            raise ValidationError(_("Ce fichier dépasse %(n)s Mio : découpez-le en plusieurs dépôts.") % megas)


def _est_un_zip(fichier: File[bytes]) -> None:
    fichier.seek(0)
    if fichier.read(len(ZIP)) != ZIP:
        raise ValidationError(_("Les documents se déposent dans une archive ZIP."))


def _motif_sur(motif: str) -> None:
    if defaut := defaut_du_motif(motif):
        raise ValidationError(defaut)


class DepotForm(forms.Form):
    """Le fichier des factures, celui de leurs documents, et comment les lire."""

    regie = forms.ModelChoiceField(Regie.objects.none(), label=gettext_lazy("Service"))
    fichier = forms.FileField(
        label=gettext_lazy("Fichier des factures"),
        validators=[_Borne(OCTETS_FICHIER)],
        max_length=255,
        help_text=gettext_lazy(
            "Tel que votre logiciel l'exporte : CSV, Excel (XLSX), LibreOffice (ODS), PES V2, ORMC ou ROLMRE ; 300 Mio "
            "au plus."
        ),
    )
    archive = forms.FileField(
        label=gettext_lazy("Documents PDF, dans un ZIP (facultatif)"),
        required=False,
        validators=[_Borne(OCTETS_ARCHIVE), _est_un_zip],
        help_text=gettext_lazy(
            "Chaque facture prend le PDF que nomme sa colonne « fichier_pdf », sinon celui qu'indique le fichier "
            "« index.csv » de l'archive, sinon celui dont le nom suit le modèle ci-dessous ; 2 048 Mio au plus."
        ),
    )
    motif_documents = forms.CharField(
        label=gettext_lazy("Modèle du nom des documents"),
        required=False,
        max_length=80,
        initial=MOTIF,
        validators=[_motif_sur],
        help_text=gettext_lazy("Avec {numero}, {reference} ou {code_redevable}. Par exemple : facture_{numero}.pdf"),
    )
    format = forms.ChoiceField(label=gettext_lazy("Format"), choices=FORMATS, required=False)
    a_relire = forms.BooleanField(
        label=gettext_lazy("Me montrer les 20 premières lignes et les colonnes avant de lire le fichier"),
        required=False,
    )


def preparer_le_depot(formulaire: Any, collectivite: Collectivite) -> None:
    """Les services de la commune."""
    formulaire.fields["regie"].queryset = Regie.objects.ouvertes().filter(collectivite=collectivite)


class ColonnesForm(forms.Form):
    """Une liste par colonne du fichier, et les valeurs communes de celles qu'il n'a pas."""

    lot: LotImport

    def clean(self) -> dict[str, Any]:
        """``colonnes`` et ``constantes``, ou ce qui manque."""
        saisie = super().clean() or {}
        colonnes, constantes = self._correspondance(saisie), self._constantes(saisie)
        choisies = [colonne for colonne in colonnes.values() if colonne]
        doubles = sorted({colonne for colonne in choisies if choisies.count(colonne) > 1})
        if doubles:
            raise ValidationError(_("Deux colonnes du fichier ne peuvent pas être : %(c)s.") % {"c": _liste(doubles)})
        composee = {"reference": ""} if self.lot.regie.mode != ModeRegie.REGIE else {}
        if absentes := manquantes(colonnes, constantes | composee):
            raise ValidationError(_("Il manque encore : %(c)s.") % {"c": _liste(absentes)})
        return {"colonnes": colonnes, "constantes": constantes}

    def _correspondance(self, saisie: dict[str, Any]) -> dict[str, str]:
        titres = self.lot.apercu.get("titres", [])
        return {normaliser(titre): saisie.get(f"colonne_{rang}", "") for rang, titre in enumerate(titres)}

    def _constantes(self, saisie: dict[str, Any]) -> dict[str, str]:
        return {nom: valeur for nom in CONSTANTES if (valeur := saisie.get(f"constante_{nom}", ""))}


def preparer_les_colonnes(formulaire: Any, lot: LotImport) -> None:
    """Un choix par titre, celui qui est probable d'avance ; la première valeur aide à s'y reconnaître."""
    formulaire.lot = lot
    titres, lignes = lot.apercu.get("titres", []), lot.apercu.get("lignes", [])
    choix = [("", _("– ne pas importer –")), *((c, _libelle(c)) for c in (*COLONNES, *PARTIES))]
    for rang, (titre, proposee) in enumerate(zip(titres, proposer(list(map(normaliser, titres))), strict=True)):
        exemple = next((ligne[rang] for ligne in lignes if len(ligne) > rang and ligne[rang]), "")
        formulaire.fields[f"colonne_{rang}"] = forms.ChoiceField(
            label=titre or _("Colonne %(n)s, sans titre") % {"n": rang + 1},
            choices=choix,
            required=False,
            initial=proposee,
            help_text=_("Par exemple : %(exemple)s") % {"exemple": exemple} if exemple else "",
        )
    for nom in CONSTANTES:
        formulaire.fields[f"constante_{nom}"] = forms.CharField(
            label=_("%(colonne)s : la même valeur partout, si aucune colonne ne la donne") % {"colonne": LIBELLES[nom]},
            max_length=160,
            required=False,
        )


def _libelle(colonne: str) -> str:
    return f"{LIBELLES[colonne]} *" if colonne in OBLIGATOIRES else str(LIBELLES[colonne])


def _liste(colonnes: list[str]) -> str:
    return ", ".join(str(LIBELLES[colonne]) for colonne in colonnes)


class CorrectionsForm(forms.Form):
    """Le fichier des lignes à corriger, corrigé."""

    corrections = forms.FileField(
        label=gettext_lazy("Fichier corrigé"),
        validators=[_Borne(OCTETS_CORRECTIONS)],
        max_length=255,
        help_text=gettext_lazy(
            "CSV, Excel ou LibreOffice. Gardez sa colonne « ligne_du_lot » ; une ligne retirée reste à corriger."
        ),
    )
