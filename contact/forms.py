"""Ce que la personne écrit au service, et ce qu'elle y joint."""

from typing import Any
from uuid import UUID, uuid4, uuid5

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from contact.models import OBJET_MAXIMUM
from contact.pieces import EXTENSIONS, Envoi, Piece, PieceRefusee, preparer, reconnaitre
from contact.textes import refuser_plusieurs_lignes, refuser_une_carte
from factures.models import Facture, FactureQuerySet
from portail.antivirus import AntivirusInjoignable, FichierInfecte, analyser
from portail.bornes import OCTETS_PAR_PIECE, PIECES_PAR_MESSAGE, SIGNES_PAR_MESSAGE
from portail.models import Collectivite, Regie
from portail.templatetags.ui import montant

FACTURES_PROPOSEES = 50


class TexteField(forms.CharField):
    """Un texte de plusieurs lignes : trop long, il revient entier avec une phrase, là où « maxlength » le couperait."""

    widget = forms.Textarea
    default_error_messages = {
        "required": _("Écrivez votre message."),
        "max_length": _("Ce message est trop long : %(show_value)d signes, pour %(limit_value)d au plus."),
    }

    def __init__(self, *, label: Any, **options: Any) -> None:
        valideurs = [refuser_une_carte]
        super().__init__(label=label, max_length=SIGNES_PAR_MESSAGE, validators=valideurs, **options)
        del self.widget.attrs["maxlength"]

    def to_python(self, value: Any) -> str:
        """Un navigateur envoie chaque fin de ligne en deux signes."""
        return str(super().to_python(str(value or "").replace("\r\n", "\n")))


class PlusieursFichiers(forms.FileInput):
    """Un seul champ pour plusieurs fichiers."""

    allow_multiple_selected = True


class PiecesField(forms.FileField):
    """Jusqu'à trois fichiers, chacun vérifié puis analysé ; chaque refus nomme le sien."""

    widget = PlusieursFichiers

    def __init__(self) -> None:
        super().__init__(
            label=_("Pièces jointes (facultatif)"),
            required=False,
            widget=PlusieursFichiers(attrs={"accept": ",".join(EXTENSIONS)}),
            help_text=_("%(nombre)d fichiers au plus : PDF ou images, de %(mo)d Mo chacun.")
            % {"nombre": PIECES_PAR_MESSAGE, "mo": OCTETS_PAR_PIECE >> 20},
        )

    def clean(self, data: Any, initial: Any = None) -> tuple[Piece, ...]:  # noqa: ARG002  # de Django
        """Les pièces prêtes à garder ; le champ ne s'analyse que si leur nombre est permis."""
        fichiers: list[UploadedFile[bytes]] = list(data or ())
        if len(fichiers) > PIECES_PAR_MESSAGE:
            raise ValidationError(gettext("%(nombre)d fichiers au plus.") % {"nombre": PIECES_PAR_MESSAGE})
        pieces, refus = [], []
        for fichier in fichiers:
            try:
                pieces.append(_recevoir(fichier))
            except PieceRefusee as erreur:
                refus.append(f"{(fichier.name or '')[:60]} : {erreur}")
        if refus:
            raise ValidationError([ValidationError(phrase) for phrase in refus])
        return tuple(pieces)


def _recevoir(fichier: UploadedFile[bytes]) -> Piece:
    contenu = fichier.read(OCTETS_PAR_PIECE + 1)
    reconnaitre(contenu)
    try:
        analyser(contenu)
    except FichierInfecte as refus:
        raise PieceRefusee(gettext("l'antivirus y voit un virus.")) from refus
    except AntivirusInjoignable as panne:
        phrase = gettext(
            "nous ne pouvons pas la vérifier pour l'instant. Envoyez votre message sans elle, ou plus tard."
        )
        raise PieceRefusee(phrase) from panne
    return preparer(fichier.name or "", contenu)


class MessageForm(forms.Form):
    """`Votre message`, et ses pièces : de quoi écrire à la suite d'une demande."""

    message = TexteField(label=_("Votre message"), widget=forms.Textarea(attrs={"rows": 8}))
    pieces = PiecesField()
    formulaire = forms.UUIDField(required=False, initial=uuid4, widget=forms.HiddenInput)

    def clean(self) -> None:
        """Une erreur ne perd que les fichiers, que le navigateur ne renvoie pas : le dire."""
        joints = self.files.getlist("pieces") if self.files else []
        if self.errors and joints:
            self.add_error("pieces", gettext("Choisissez de nouveau vos fichiers : le navigateur ne les a pas gardés."))

    def envoi(self) -> Envoi:
        """Ce qui a été écrit. Le même formulaire avec un autre texte, après « Précédent », est un autre message."""
        message, formulaire = self.cleaned_data["message"], self.cleaned_data["formulaire"] or uuid4()
        return Envoi(message, self.cleaned_data["pieces"], uuid5(formulaire, message))


class ChoixDeFacture(forms.ModelChoiceField[Facture]):
    """Une facture de la personne, par son identifiant public."""

    def to_python(self, value: Any) -> Facture | None:
        """Une seule phrase pour ce qui n'est pas à soi, n'existe pas ou n'est pas même un identifiant."""
        try:
            return super().to_python(value)
        except ValidationError as refus:
            raise ValidationError(self.error_messages["invalid_choice"], code="invalid_choice") from refus

    def label_from_instance(self, obj: Facture) -> str:
        return f"{obj.numero} – {obj.objet} – {montant(obj.montant)}"


class DemandeForm(MessageForm):
    """`Contacter le service` : quel service, quelle facture, et le message."""

    service = forms.ModelChoiceField(
        label=_("Service (facultatif)"),
        queryset=Regie.objects.none(),
        required=False,
        to_field_name="code",
        empty_label=_("Je ne sais pas"),
    )
    facture = ChoixDeFacture(
        label=_("Facture concernée (facultatif)"),
        queryset=Facture.objects.none(),
        required=False,
        to_field_name="uuid",
        empty_label=_("Aucune en particulier"),
        error_messages={"invalid_choice": _("Cette facture n'est pas dans vos factures.")},
    )
    objet = forms.CharField(
        label=_("Objet (facultatif)"),
        max_length=OBJET_MAXIMUM,
        required=False,
        validators=[refuser_plusieurs_lignes, refuser_une_carte],
    )
    field_order = ("service", "facture", "objet", "message", "pieces", "formulaire")

    def __init__(
        self, *args: Any, factures: FactureQuerySet, collectivite: Collectivite, choisie: UUID | None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.initial["facture"] = choisie
        service, facture = self.fields["service"], self.fields["facture"]
        assert isinstance(service, forms.ModelChoiceField)  # noqa: S101  # pour le typage
        assert isinstance(facture, ChoixDeFacture)  # noqa: S101
        service.queryset = Regie.objects.ouvertes().filter(collectivite=collectivite)
        facture.queryset = factures
        recentes = list(factures.order_by("-date_emission", "-pk")[:FACTURES_PROPOSEES])
        if choisie and choisie not in {proposee.uuid for proposee in recentes}:
            recentes += factures.filter(uuid=choisie)
        facture.choices = [("", facture.empty_label), *((f.uuid, facture.label_from_instance(f)) for f in recentes)]

    def sujet(self) -> dict[str, Any]:
        """Ce dont parle la demande."""
        saisie = self.cleaned_data
        return {"regie": saisie["service"], "facture": saisie["facture"], "objet": saisie["objet"]}
