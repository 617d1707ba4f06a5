"""Répondre : le texte, aidé d'une réponse type, et les fichiers, relus avant de partir."""

from typing import Any

from django import forms
from django.template.loader import render_to_string
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from comptes.models import Usager
from contact import services
from contact.forms import PiecesField, TexteField
from contact.models import Demande, ReponseType
from contact.pieces import Envoi, Piece
from portail.bornes import SIGNES_PAR_MESSAGE
from portail.gestion.registre import ActeImpossible, Texte

FIL_CHANGE = _(
    "Le fil a changé pendant que vous écriviez. Votre texte est gardé : relisez le fil en bas de cette page, "
    "puis envoyez ou renoncez."
)


class ReponseForm(forms.Form):
    """Une réponse, aidée d'un texte tout prêt ; ``vu`` dit jusqu'où l'agent a lu, ``gardees`` ce qu'il a déjà joint."""

    modele = forms.ModelChoiceField(
        label=_("Réponse type (facultatif)"),
        queryset=ReponseType.objects.none(),
        required=False,
        empty_label=_("Aucune"),
        help_text=_("Son texte s'ajoute au vôtre, à relire avant l'envoi."),
    )
    texte = TexteField(label=_("Votre réponse"), required=False, widget=forms.Textarea(attrs={"rows": 10}))
    pieces = PiecesField()
    vu = forms.IntegerField(required=False, widget=forms.HiddenInput)
    gardees = forms.CharField(required=False, widget=forms.HiddenInput)
    demande: Demande
    dernier = 0

    def borner(self, demande: Demande) -> None:
        """À cette demande, aux réponses types de sa commune et à ce qui s'y est déjà dit."""
        self.demande, self.dernier = demande, services.dernier(demande)
        self.initial["vu"] = self.dernier
        champ = self.fields["modele"]
        assert isinstance(champ, forms.ModelChoiceField)  # noqa: S101  # pour le typage
        champ.queryset = ReponseType.objects.filter(collectivite=demande.collectivite)
        if self.data.get("gardees"):
            self._proposer_de_retirer()

    def clean(self) -> dict[str, Any]:
        """Insère la réponse type et les fichiers, vérifie que le fil est lu ; ce qui change se voit avant de partir."""
        saisie: dict[str, Any] = super().clean() or {}
        if "texte" in saisie:
            self._composer(saisie)
        self._joindre(saisie)
        if saisie.get("vu") != self.dernier:
            self._remettre(vu=self.dernier)
            self.add_error(None, FIL_CHANGE)
        return saisie

    def _composer(self, saisie: dict[str, Any]) -> None:
        modele = saisie.get("modele")
        if modele is not None:
            saisie["texte"] = "\n\n".join(filter(None, (saisie["texte"], modele.texte)))
            self._remettre(texte=saisie["texte"], modele="")
            self._a_relire(gettext("La réponse type est ajoutée à la vôtre : relisez avant d'envoyer."))
        if not saisie["texte"]:
            self.add_error("texte", gettext("Écrivez votre réponse, ou choisissez une réponse type."))
        elif len(saisie["texte"]) > SIGNES_PAR_MESSAGE:
            self.add_error("texte", gettext("Avec la réponse type, ce message est trop long."))

    def _joindre(self, saisie: dict[str, Any]) -> None:
        """Les fichiers choisis, sinon ceux qui l'étaient déjà : le navigateur ne les renverrait pas après l'aperçu."""
        choisies, jeton = saisie.get("pieces"), "" if saisie.get("retirer") else saisie["gardees"]
        if choisies:
            jeton = services.garder(demande=self.demande, pieces=choisies)
            self._a_relire(gettext("Vos fichiers sont joints : relisez avant d'envoyer."))
        elif jeton:
            jeton = self._reprendre(saisie, jeton)
        self._remettre(gardees=jeton, retirer="")
        if jeton:
            self._proposer_de_retirer()
            joints = ", ".join(piece.nom for piece in saisie["pieces"])
            aide = gettext("Joints : %(noms)s. En choisir d'autres les remplace.")
            self["pieces"].help_text = aide % {"noms": joints}

    def _reprendre(self, saisie: dict[str, Any], jeton: str) -> str:
        try:
            saisie["pieces"] = services.reprendre(demande=self.demande, jeton=jeton)
        except services.FichiersPerdus:
            self.add_error("pieces", gettext("Vos fichiers ne sont plus gardés : choisissez-les de nouveau."))
            return ""
        return jeton

    def _proposer_de_retirer(self) -> None:
        self.fields["retirer"] = forms.BooleanField(label=_("Ne plus joindre de fichier"), required=False)

    def _a_relire(self, phrase: str) -> None:
        if "confirmer" in self.data:
            self.add_error(None, phrase)

    def _remettre(self, **valeurs: Any) -> None:
        """Ce que le formulaire montrera au lieu de ce qui a été envoyé."""
        self.data = {**{nom: self.data[nom] for nom in self.data}, **valeurs}


def apercu(demande: Demande, *, texte: str, pieces: tuple[Piece, ...], **_reste: Any) -> Texte:
    """Ce que la personne recevra."""
    return render_to_string("contact/_apercu.html", {"demande": demande, "texte": texte, "pieces": pieces})


def repondre(
    demande: Demande, *, auteur: Usager, texte: str, pieces: tuple[Piece, ...], vu: int, **_reste: Any
) -> Texte:
    """La phrase du succès, ou ActeImpossible si quelqu'un a écrit entre-temps."""
    try:
        services.repondre(demande=demande, auteur=auteur, envoi=Envoi(texte, pieces), vu=vu)
    except services.FilChange as change:
        raise ActeImpossible(FIL_CHANGE) from change
    return _("La réponse est envoyée.")
