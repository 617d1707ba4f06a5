"""Ce qu'un agent remplit pour publier un lot, ou trancher ses conflits."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from factures.etats import Avis, Decision, SortLigne
from factures.models import LigneImport, LotImport
from portail.templatetags import ui

CONFLITS_PAR_PAGE = 50
PREVISION_MAXIMALE = timedelta(days=60)


class AvisForm(forms.Form):
    """Faut-il prévenir."""

    avis = forms.ChoiceField(
        label=gettext_lazy("Courriels"),
        initial=Avis.ENVOYES,
        choices=(
            (Avis.ENVOYES, gettext_lazy("Prévenir les habitants qu'une facture est disponible")),
            (Avis.RETENUS, gettext_lazy("Ne prévenir personne pour l'instant")),
        ),
        help_text=gettext_lazy(
            "Un seul courriel par personne, sans montant ni document. Vous pourrez aussi l'envoyer plus tard."
        ),
    )


class PublicationForm(AvisForm):
    """Quand, et faut-il prévenir."""

    QUAND = (("maintenant", gettext_lazy("Maintenant")), ("plus_tard", gettext_lazy("À la date ci-dessous")))

    quand = forms.ChoiceField(label=gettext_lazy("Publier"), choices=QUAND, initial="maintenant")
    jour = forms.DateField(
        label=gettext_lazy("Date"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    heure = forms.TimeField(
        label=gettext_lazy("Heure"),
        required=False,
        initial="08:00",
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    malgre_les_rejets = forms.BooleanField(label="", required=False)
    field_order = ("quand", "jour", "heure", "avis", "malgre_les_rejets")

    fuseau: ZoneInfo

    def clean(self) -> dict[str, Any]:
        """``le`` : l'instant voulu, dans le fuseau de la commune ; None pour maintenant."""
        saisie = super().clean() or {}
        le = None
        if saisie.get("quand") == "plus_tard":
            if saisie.get("jour") is None:
                raise ValidationError({"jour": _("Choisissez une date.")})
            le = datetime.combine(saisie["jour"], saisie.get("heure") or time(8), self.fuseau)
            self._verifier(le)
        return {"avis": saisie.get("avis"), "malgre_les_rejets": saisie.get("malgre_les_rejets", False), "le": le}

    def _verifier(self, le: datetime) -> None:
        maintenant = timezone.now()
        if le <= maintenant:
            raise ValidationError({"jour": _("Cette date est passée.")})
        if le > maintenant + PREVISION_MAXIMALE:
            raise ValidationError({"jour": _("Choisissez une date dans les deux mois.")})


def preparer_la_publication(formulaire: Any, lot: LotImport) -> None:
    """La case qui laisse des lignes de côté n'existe que s'il y en a."""
    formulaire.fuseau = ZoneInfo(lot.collectivite.fuseau)
    if not lot.a_corriger:
        del formulaire.fields["malgre_les_rejets"]
        return
    case = formulaire.fields["malgre_les_rejets"]
    case.label = _("Publier sans les %(n)s lignes à corriger : elles ne seront nulle part") % {"n": lot.a_corriger}
    case.required = True
    case.error_messages["required"] = _("Corrigez d'abord ces lignes, ou cochez cette case pour les laisser de côté.")


class ConflitsForm(forms.Form):
    """Une décision par ligne en conflit."""

    def clean(self) -> dict[str, Any]:
        """``decisions`` : par ligne du fichier, celles qui sont prises."""
        saisie = super().clean() or {}
        prises = {int(nom.removeprefix("ligne_")): Decision(v) for nom, v in saisie.items() if v}
        if not prises and not self.errors:
            raise ValidationError(_("Décidez d'au moins une ligne."))
        return {"decisions": prises}


def preparer_les_conflits(formulaire: Any, lot: LotImport) -> None:
    """Remplacer n'est proposé que pour une facture que personne n'a lue ni payée."""
    for ligne in en_conflit(lot):
        choix = [("", _("Décider plus tard")), (Decision.GARDER, _("Garder ce qui est publié, écarter cette ligne"))]
        if "montant" in ligne.avant:
            choix.append((Decision.REMPLACER, _("Remplacer par %(m)s") % {"m": ui.montant(ligne.montant)}))
        formulaire.fields[f"ligne_{ligne.rang}"] = forms.ChoiceField(
            label=_("Ligne %(rang)s, facture %(numero)s") % {"rang": ligne.rang, "numero": ligne.numero},
            choices=choix,
            required=False,
            help_text=ligne.motif,
        )


def en_conflit(lot: LotImport) -> QuerySet[LigneImport]:
    """Celles d'une page : les suivantes viennent quand celles-ci sont tranchées."""
    return lot.lignes.filter(sort=SortLigne.CONFLIT).order_by("rang")[:CONFLITS_PAR_PAGE]
