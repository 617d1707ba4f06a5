"""Les réponses types : en ajouter, les modifier, les retirer."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from contact import services
from contact.forms import TexteField
from contact.models import ReponseType
from contact.textes import refuser_plusieurs_lignes
from portail.gestion.registre import Acte, ActeImpossible, Fait, Texte, declarer_acte, declarer_acte_de_liste
from portail.models import Collectivite

REPONSE_TYPE = "contact.reponsetype"
TITRE_PRIS = _("Une autre réponse type a déjà ce titre.")


class ReponseTypeForm(forms.Form):
    """Un titre pour la choisir, un texte pour la lire."""

    titre = forms.CharField(label=_("Titre"), max_length=80, validators=[refuser_plusieurs_lignes])
    texte = TexteField(label=_("Texte"), widget=forms.Textarea(attrs={"rows": 10}))


def _ajouter(collectivite: Collectivite, titre: str, texte: str) -> Fait:
    try:
        reponse = services.ajouter_reponse(collectivite=collectivite, titre=titre, texte=texte)
    except services.TitrePris as pris:
        raise ActeImpossible(TITRE_PRIS) from pris
    return Fait(_("La réponse type est ajoutée."), reponse)


def _modifier(reponse: ReponseType, titre: str, texte: str) -> Texte:
    try:
        services.modifier_reponse(reponse=reponse, titre=titre, texte=texte)
    except services.TitrePris as pris:
        raise ActeImpossible(TITRE_PRIS) from pris
    return _("C'est enregistré.")


def _retirer(reponse: ReponseType) -> Fait:
    services.retirer_reponse(reponse=reponse)
    return Fait(_("La réponse type est retirée."))


def _initial(reponse: ReponseType) -> dict[str, Any]:
    return {"titre": reponse.titre, "texte": reponse.texte}


declarer_acte_de_liste(
    REPONSE_TYPE,
    Acte(
        "ajouter",
        _("Ajouter une réponse type"),
        _("Les agents pourront l'insérer dans une réponse, la relire et la compléter."),
        _ajouter,
        formulaire=ReponseTypeForm,
    ),
)
declarer_acte(
    REPONSE_TYPE,
    Acte(
        "modifier",
        _("Modifier"),
        _("Les réponses déjà envoyées ne changent pas."),
        _modifier,
        formulaire=ReponseTypeForm,
        initial=_initial,
    ),
)
declarer_acte(
    REPONSE_TYPE, Acte("retirer", _("Retirer"), _("Elle ne sera plus proposée aux agents."), _retirer, danger=True)
)
