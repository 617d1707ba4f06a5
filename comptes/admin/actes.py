"""Ce qu'un agent fait des accès : inviter, imprimer des codes, suspendre et rétablir un rattachement."""

from django import forms
from django.utils.translation import gettext_lazy as _

from comptes.etats import EtatRattachement
from comptes.models import (
    ECHECS_PAR_CODE,
    CodeActivation,
    Rattachement,
    Redevable,
    normaliser_courriel,
    redevables_a_inviter,
)
from comptes.services import (
    PAR_LOT,
    demander,
    exporter_codes,
    imprimer_codes,
    retablir_rattachement,
    suspendre_rattachement,
)
from portail.gestion.champs import SAUF_LECTURE
from portail.gestion.registre import (
    Acte,
    ActeImpossible,
    Fichier,
    Reservee,
    Tableau,
    Texte,
    declarer_acte,
    declarer_tableau,
)
from portail.models import Collectivite

PDF, CSV = "application/pdf", "text/csv; charset=utf-8"
# Composer un courrier prend trois fois le temps de tirer son code.
LOTS = {"pdf": 100, "csv": PAR_LOT}


class MotifForm(forms.Form):
    """Pourquoi l'accès est suspendu."""

    motif = forms.CharField(
        label=_("Motif"),
        max_length=200,
        help_text=_("Pour le service seulement. Par exemple : « Séparation, courrier du 12 novembre »."),
    )


class FormatForm(forms.Form):
    """Ce que l'agent veut imprimer."""

    FORMATS = (
        ("pdf", _("Courriers à imprimer, cent à la fois (PDF)")),
        ("csv", _("Fichier pour l'imprimeur, mille à la fois (CSV)")),
    )
    format = forms.ChoiceField(label=_("Format"), choices=(("", _("Choisissez")), *FORMATS))


# Un rattachement.


def _suspendre(rattachement: Rattachement, motif: str) -> Texte:
    if not suspendre_rattachement(rattachement=rattachement, motif=motif):
        raise ActeImpossible(_("Cet accès n'est plus actif."))
    return _("L'accès est suspendu.")


def _retablir(rattachement: Rattachement) -> Texte:
    if not retablir_rattachement(rattachement=rattachement):
        raise ActeImpossible(_("Cet accès n'est plus suspendu."))
    return _("L'accès est rétabli.")


declarer_acte(
    "comptes.rattachement",
    Acte(
        "suspendre",
        _("Suspendre l'accès"),
        _("Cette personne ne verra plus rien de ce compte client, dès sa prochaine page. Les autres ne changent pas."),
        _suspendre,
        formulaire=MotifForm,
        refus=lambda r: "" if r.etat == EtatRattachement.ACTIF else _("Cet accès n'est pas actif."),
        danger=True,
    ),
)
declarer_acte(
    "comptes.rattachement",
    Acte(
        "retablir",
        _("Rétablir l'accès"),
        _("Cette personne verra de nouveau les factures de ce compte client."),
        _retablir,
        refus=lambda r: "" if r.etat == EtatRattachement.SUSPENDU else _("Cet accès n'est pas suspendu."),
    ),
)


# Un redevable.


def _inviter(redevable: Redevable) -> Texte:
    demander(courriel=normaliser_courriel(redevable.courriel), chez=redevable.collectivite)
    return _("Le message part à %(courriel)s.") % {"courriel": redevable.courriel}


def _imprimer(redevable: Redevable) -> Fichier:
    octets = imprimer_codes(redevables=[redevable], chez=redevable.collectivite)
    return Fichier(f"code-activation-{redevable.pk}.pdf", octets, PDF)


declarer_acte(
    "comptes.redevable",
    Acte(
        "inviter",
        _("Envoyer un lien d'activation"),
        _("Un message part à l'adresse mail que le service connaît, avec un lien pour ouvrir le compte."),
        _inviter,
        refus=lambda r: "" if r.courriel else _("Le service ne connaît pas son adresse mail : imprimez un code."),
    ),
)
declarer_acte(
    "comptes.redevable",
    Acte(
        "imprimer",
        _("Imprimer un code d'activation"),
        _("Un courrier avec un code neuf, qui ne se relira nulle part ailleurs. Le précédent ne vaudra plus rien."),
        _imprimer,
    ),
)


# La commune.


def _imprimer_un_lot(collectivite: Collectivite, format: str) -> Fichier:  # noqa: A002  # le nom du champ
    redevables = list(redevables_a_inviter(collectivite)[: LOTS[format]])
    if not redevables:
        raise ActeImpossible(_("Chacun a déjà un accès ou un code en cours."))
    if format == "csv":
        return Fichier("codes-activation.csv", exporter_codes(redevables=redevables).encode("utf-8-sig"), CSV)
    return Fichier("codes-activation.pdf", imprimer_codes(redevables=redevables, chez=collectivite), PDF)


declarer_acte(
    "portail.collectivite",
    Acte(
        "codes",
        _("Imprimer des codes d'activation"),
        _(
            "Pour ceux que personne ne lit encore et qui n'ont pas de code en cours. Les codes n'apparaissent que dans "
            "ce fichier : gardez-le jusqu'à l'impression, puis recommencez pour les suivants."
        ),
        _imprimer_un_lot,
        formulaire=FormatForm,
    ),
)


# Sous la fiche d'un redevable.


def _comptes(redevable: Redevable) -> Tableau:
    lignes = redevable.rattachements.select_related("usager", "redevable").order_by("pk")
    return Tableau(
        _("Comptes rattachés"),
        (_("Personne"), Reservee(_("Adresse mail"), SAUF_LECTURE), _("État"), _("Depuis"), _("Accès")),
        [(r.usager, r.usager.email, r.get_etat_display(), r.depuis, r) for r in lignes],
    )


def _code(redevable: Redevable) -> Tableau:
    codes = CodeActivation.objects.filter(redevable=redevable)
    return Tableau(
        _("Code d'activation"),
        (_("Émis le"), _("Valable jusqu'au"), _("Échecs"), _("Utilisé le")),
        [(c.cree_le, c.expire_le, f"{c.echecs} / {ECHECS_PAR_CODE}", c.utilise_le or "") for c in codes],
    )


declarer_tableau("comptes.redevable", _comptes)
declarer_tableau("comptes.redevable", _code)
