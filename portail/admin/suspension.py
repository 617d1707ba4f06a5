"""L'interrupteur du paiement en ligne : un service se suspend et reprend, tout de suite ou à l'heure dite."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portail import services
from portail.etats import EtatSuspension
from portail.gestion.comptes import noms_des_comptes
from portail.gestion.periode import Moment, PeriodeForm
from portail.gestion.registre import Acte, ActeImpossible, Carte, Chiffre, declarer_acte, declarer_carte
from portail.models import Collectivite, Regie
from portail.templatetags.ui import instant


class SuspensionForm(PeriodeForm):
    """De quand à quand, et ce que les habitants en liront."""

    fin = Moment(
        label=gettext_lazy("Jusqu'à"),
        required=False,
        help_text=gettext_lazy("Le paiement reprendra de lui-même. Laissez vide pour le reprendre vous-même."),
    )
    message = forms.CharField(
        label=gettext_lazy("Message aux habitants (facultatif)"),
        required=False,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Ils le liront sous « Le paiement a été temporairement suspendu. »"),
    )


def dire_la_suspension(regie: Regie, noms: dict[int | None, str]) -> str:
    """« Suspendu par Agente MAIRIE jusqu'au 3 décembre 2026 à 18:00 »."""
    if regie.suspension == EtatSuspension.AUCUNE:
        return _("En marche")
    auteur = noms.get(regie.suspension_auteur)
    par = _(" par %(auteur)s") % {"auteur": auteur} if auteur else ""
    return _phrase(regie) % {"par": par, "debut": _dire(regie.suspension_debut), "fin": _dire(regie.suspension_fin)}


def _phrase(regie: Regie) -> str:
    if regie.suspension == EtatSuspension.EN_COURS:
        avec_fin, sans_fin = _("Suspendu%(par)s jusqu'au %(fin)s"), _("Suspendu%(par)s, sans date de reprise")
    else:
        avec_fin = _("Suspension programmée%(par)s, du %(debut)s au %(fin)s")
        sans_fin = _("Suspension programmée%(par)s, à partir du %(debut)s")
    return avec_fin if regie.suspension_fin else sans_fin


def _dire(quand: datetime | None) -> str:
    return instant(quand) if quand else ""


def _suspendre(regie: Regie, **saisie: Any) -> Any:
    if not services.suspendre_le_paiement(regie=regie, **saisie):
        raise ActeImpossible(_("Quelqu'un vient de suspendre ce service : votre suspension n'a rien changé."))
    if saisie["debut"]:
        return _("La suspension est programmée.")
    return _("Le paiement en ligne de ce service est suspendu.")


def _changer(regie: Regie, **saisie: Any) -> Any:
    if not services.changer_la_suspension(regie=regie, **saisie):
        raise ActeImpossible(_("Cette suspension vient de finir : il n'y a plus rien à changer."))
    return _("C'est enregistré.")


def _reprendre(regie: Regie) -> Any:
    etait = services.reprendre_le_paiement(regie=regie)
    if etait == EtatSuspension.AUCUNE:
        raise ActeImpossible(_("Le paiement en ligne de ce service a déjà repris."))
    if etait == EtatSuspension.PROGRAMMEE:
        return _("La suspension programmée n'aura pas lieu.")
    return _("Le paiement en ligne de ce service a repris.")


def _deja(regie: Regie) -> str:
    """Pourquoi on ne peut pas suspendre."""
    if regie.suspension == EtatSuspension.AUCUNE:
        return ""
    qui = dire_la_suspension(regie, noms_des_comptes([regie.suspension_auteur]))
    return _("%(qui)s. Vous pouvez changer cette suspension ou reprendre le paiement.") % {"qui": qui}


def _pas_suspendu(regie: Regie) -> str:
    return "" if regie.suspension != EtatSuspension.AUCUNE else _("Le paiement en ligne n'est pas suspendu.")


def _sans_debut_si_commencee(formulaire: forms.Form, regie: Regie) -> None:
    if regie.suspension == EtatSuspension.EN_COURS:
        del formulaire.fields["debut"]


declarer_acte(
    "portail.regie",
    Acte(
        "suspendre",
        gettext_lazy("Suspendre le paiement en ligne"),
        gettext_lazy(
            "Les habitants liront « Le paiement a été temporairement suspendu. » Un paiement déjà commencé chez PayFiP "
            "pourra finir et sera enregistré."
        ),
        _suspendre,
        bref=gettext_lazy("Suspendre"),
        formulaire=SuspensionForm,
        refus=_deja,
        signe=True,
        danger=True,
    ),
)
declarer_acte(
    "portail.regie",
    Acte(
        "reprendre",
        gettext_lazy("Reprendre le paiement en ligne"),
        gettext_lazy("Les factures de ce service pourront de nouveau être payées en ligne."),
        _reprendre,
        bref=gettext_lazy("Reprendre"),
        refus=_pas_suspendu,
    ),
)
declarer_acte(
    "portail.regie",
    Acte(
        "changer",
        gettext_lazy("Changer la suspension"),
        gettext_lazy("La finir plus tôt ou plus tard, ou changer ce que les habitants en lisent."),
        _changer,
        bref=gettext_lazy("Changer"),
        formulaire=SuspensionForm,
        initial=lambda regie: {
            "debut": regie.suspension_debut,
            "fin": regie.suspension_fin,
            "message": regie.suspension_message,
        },
        preparer=_sans_debut_si_commencee,
        refus=_pas_suspendu,
    ),
)


def _services(collectivite: Collectivite) -> list[Chiffre]:
    """Chaque service, son état et l'interrupteur."""
    regies = list(Regie.objects.filter(collectivite=collectivite))
    noms = noms_des_comptes(r.suspension_auteur for r in regies if r.suspension != EtatSuspension.AUCUNE)
    return [
        Chiffre(
            regie.libelle,
            dire_la_suspension(regie, noms),
            alerte=regie.suspension == EtatSuspension.EN_COURS,
            objet=regie,
            actes=("suspendre",) if regie.suspension == EtatSuspension.AUCUNE else ("reprendre",),
        )
        for regie in regies
    ]


declarer_carte(Carte(gettext_lazy("Paiement en ligne"), "portail.regie", _services, rang=0))
