"""Ce que montre la démonstration : trois demandes d'une habitante, à trois moments, et deux réponses types."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO

from django.core.files.base import ContentFile
from django.utils import timezone
from PIL import Image, ImageDraw

from comptes.models import Usager
from contact.etats import ATTENDENT, EtatDemande, Genre
from contact.models import Demande, Message, PieceJointe, ReponseType
from factures.models import Facture
from portail.models import Regie

HABITANTE, FACTURE = "usager@demo.example", "2026-EAU-1317"
REPONSES = {
    "Fuite après compteur": (
        "Bonjour,\n\nUne fuite après compteur peut donner droit à un plafonnement de votre facture (loi Warsmann). "
        "Envoyez-nous ici la facture du plombier, avec la date de la réparation.\n\nCordialement,"
    ),
    "Délai de paiement": (
        "Bonjour,\n\nUn délai de paiement se demande au Trésor public, dont l'adresse est sur votre facture. Nous ne "
        "pouvons pas l'accorder nous-mêmes.\n\nCordialement,"
    ),
}


@dataclass(frozen=True)
class Recit:
    """Une demande ; chaque message dit qui parle, il y a combien de jours, et quoi."""

    objet: str
    service: str
    etat: EtatDemande
    messages: tuple[tuple[Genre, int, str], ...]
    facture: str = ""
    photo: bool = False


COMPTEUR = "Bonjour,\n\nMa facture ne correspond pas à mon compteur : voici sa photo. Pouvez-vous vérifier ?\n\nMerci."
PLACES = "Bonjour,\n\nIl reste des places. Dites-nous ici à partir de quelle date.\n\nCordialement,"
DEMENAGE = "Bonjour,\n\nC'est fait, dès votre prochaine facture.\n\nCordialement,"
RECITS = (
    Recit(
        "Photo de mon compteur", "EAU", EtatDemande.NOUVELLE, ((Genre.USAGER, 16, COMPTEUR),),
        facture=FACTURE, photo=True,
    ),
    Recit(
        "Inscription à la cantine du mercredi", "CANTINE", EtatDemande.REPONDUE,
        (
            (Genre.USAGER, 6, "Bonjour, comment inscrire mon fils à la cantine le mercredi à partir de janvier ?"),
            (Genre.NOTE, 5, "Vu avec l'école : il reste quatre places le mercredi."),
            (Genre.SERVICE, 5, PLACES),
        ),
    ),
    Recit(
        "Changement d'adresse", "EAU", EtatDemande.CLOSE,
        (
            (Genre.USAGER, 40, "Bonjour, nous avons déménagé au 12 chemin des Canetons le mois dernier."),
            (Genre.SERVICE, 38, DEMENAGE),
            (Genre.USAGER, 38, "Parfait, merci !"),
        ),
    ),
)  # fmt: skip


def raconter() -> None:
    """Une fois : qui a déjà une demande n'en reçoit pas d'autre."""
    habitante = Usager.objects.filter(email=HABITANTE).first()
    facture = Facture.objects.filter(numero=FACTURE, redevable__rattachements__usager=habitante).first()
    if habitante is None or facture is None or Demande.objects.filter(usager=habitante).exists():
        return
    chez = facture.collectivite
    agent = Usager.objects.filter(affectations__collectivite=chez).earliest("pk")
    for titre, texte in REPONSES.items():
        ReponseType.objects.get_or_create(collectivite=chez, titre=titre, defaults={"texte": texte})
    for recit in reversed(RECITS):
        _creer(recit, habitante, agent, facture)


def _creer(recit: Recit, habitante: Usager, agent: Usager, facture: Facture) -> None:
    chez, instants = facture.collectivite, [_il_y_a(jours) for _genre, jours, _texte in recit.messages]
    demande = Demande.objects.create(
        collectivite=chez,
        usager=habitante,
        regie=Regie.objects.get(collectivite=chez, code=recit.service),
        facture=facture if recit.facture else None,
        objet=recit.objet,
        etat=recit.etat,
        assignee=None if recit.etat == EtatDemande.NOUVELLE else agent,
        cree_le=instants[0],
        change_le=instants[-1],
        attend_depuis=instants[0] if recit.etat in ATTENDENT else None,
        clos_le=instants[-1] if recit.etat == EtatDemande.CLOSE else None,
    )
    for (genre, _jours, texte), instant in zip(recit.messages, instants, strict=True):
        par = habitante if genre == Genre.USAGER else agent
        message = Message.objects.create(
            demande=demande, collectivite=chez, genre=genre, par=par, texte=texte, cree_le=instant
        )
        if recit.photo:
            _joindre_la_photo(message)


def _il_y_a(jours: int) -> datetime:
    return timezone.now() - timedelta(days=jours)


def _joindre_la_photo(message: Message) -> None:
    """Un compteur dessiné : rien d'une vraie personne dans la démonstration."""
    image = Image.new("RGB", (480, 320), "#d9e2e8")
    dessin = ImageDraw.Draw(image)
    dessin.ellipse((120, 40, 360, 280), fill="white", outline="#33474f", width=8)
    dessin.rectangle((170, 130, 310, 180), fill="#33474f")
    dessin.text((188, 146), "0 4 1 7 m3", fill="white", font_size=22)
    sortie = BytesIO()
    image.save(sortie, "JPEG", quality=80)
    contenu = ContentFile(sortie.getvalue(), name="compteur.jpg")
    PieceJointe.objects.create(
        message=message,
        collectivite_id=message.collectivite_id,
        nom="compteur.jpg",
        genre="image/jpeg",
        taille=contenu.size,
        fichier=contenu,
    )
