"""Ce que disent les courriels d'une demande, au moment où l'ouvrier les envoie."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from contact.delais import REPONSE_JOURS
from contact.etats import EtatDemande, Genre
from contact.models import Demande, Message
from contact.services import ACCUSE, AVIS, REPONSE
from portail.models import Collectivite
from portail.registre import Contenu, SorteDeCourriel

Contexte = Mapping[str, Any]


def accuse(collectivite: Collectivite, contexte: Contexte) -> Contenu | None:
    """L'accusé de réception : numéro, date, service chargé, délai (CRPA, R. 112-5)."""
    demandes = Demande.objects.filter(collectivite=collectivite, uuid=contexte["demande"])
    demande = demandes.select_related("usager", "regie", "collectivite").first()
    if demande is None:
        return None
    premier = demande.messages.filter(genre=Genre.USAGER).first()
    valeurs = _fil(demande, premier) | {"jours": REPONSE_JOURS}
    return Contenu(_("Votre demande est enregistrée"), valeurs)


def reponse(collectivite: Collectivite, contexte: Contexte) -> Contenu | None:
    """Le service a répondu : où le lire, et si des documents y attendent, sans les joindre ni les nommer."""
    messages = Message.objects.filter(collectivite=collectivite, pk=contexte["message"])
    message = messages.select_related("demande__usager", "demande__regie", "demande__collectivite").first()
    if message is None:
        return None
    valeurs = _fil(message.demande, message) | {"documents": message.pieces.count()}
    return Contenu(_("Le service vous a répondu"), valeurs)


def _fil(demande: Demande, message: Message | None) -> dict[str, Any]:
    """Le texte n'est répété qu'à une adresse prouvée : ailleurs, nous enverrions n'importe quoi à n'importe qui."""
    prouvee = demande.usager.courriel_confirme_le is not None
    return {
        "demande": demande,
        "texte": message.texte if message and prouvee else "",
        "lien": f"{demande.collectivite.adresse}{reverse('contact:demande', args=[demande.uuid])}",
    }


def avis(collectivite: Collectivite, _contexte: Contexte) -> Contenu | None:
    """Au service : combien l'attendent, sans un nom ni un mot de personne ; rien si tout a été lu entre-temps."""
    demandes = Demande.objects.filter(collectivite=collectivite)
    nouvelles = demandes.filter(etat=EtatDemande.NOUVELLE).count()
    if not nouvelles:
        return None
    liste = f"{collectivite.adresse}{reverse('gestion:contact_demande_changelist')}"
    retards = demandes.en_retard(collectivite).count()
    return Contenu(_("Des habitants vous ont écrit"), {"nouvelles": nouvelles, "retards": retards, "lien": liste})


def _exemple_d_accuse(collectivite: Collectivite) -> Contenu:
    return Contenu(_("Votre demande est enregistrée"), _exemple(collectivite) | {"jours": REPONSE_JOURS})


def _exemple_de_reponse(collectivite: Collectivite) -> Contenu:
    return Contenu(_("Le service vous a répondu"), _exemple(collectivite) | {"documents": 0})


def _exemple(collectivite: Collectivite) -> dict[str, Any]:
    """Une demande qui n'est de personne ; son lien mène à la page où l'on écrit."""
    demande = SimpleNamespace(cree_le=timezone.now(), numero="1234", service=gettext("Eau et assainissement"))
    return {"demande": demande, "texte": "", "lien": f"{collectivite.adresse}/contact/"}


SORTES = (
    SorteDeCourriel(
        ACCUSE,
        "courriels/demande_recue.txt",
        "courriels/demande_recue.html",
        accuse,
        libelle=_("À qui vient d'écrire au service"),
        exemple=_exemple_d_accuse,
    ),
    SorteDeCourriel(
        REPONSE,
        "courriels/demande_reponse.txt",
        "courriels/demande_reponse.html",
        reponse,
        libelle=_("À qui le service a répondu"),
        exemple=_exemple_de_reponse,
    ),
    SorteDeCourriel(AVIS, "courriels/demande_avis.txt", "courriels/demande_avis.html", avis),
)
