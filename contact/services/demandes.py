"""Ce que fait la personne : ouvrir une demande, écrire à la suite."""

from django.db import IntegrityError, transaction

from contact.etats import EtatDemande, Genre
from contact.models import OBJET_MAXIMUM, Demande, Message
from contact.pieces import Envoi
from contact.services.avis import prevenir_le_service
from contact.services.fil import ajouter, passer, tenir
from contact.textes import debut
from portail.courriels import deposer
from portail.journal import noter

ACCUSE = "contact.accuse"


def ouvrir(*, demande: Demande, envoi: Envoi) -> Demande:
    """Enregistre une demande neuve et son premier message, en accuse réception et prévient le service.

    Le même formulaire envoyé deux fois rend la première demande.
    """
    try:
        return _ouvrir(demande, envoi)
    except IntegrityError:  # le second envoi d'un double clic
        if deja := _deja(demande, envoi):
            return deja
        raise


@transaction.atomic
def _ouvrir(demande: Demande, envoi: Envoi) -> Demande:
    if deja := _deja(demande, envoi):
        return deja
    if demande.regie is None and demande.facture is not None:
        demande.regie = demande.facture.regie
    demande.objet = demande.objet or debut(envoi.texte, signes=OBJET_MAXIMUM)
    demande.attend_depuis = demande.change_le = demande.cree_le
    demande.save()
    ajouter(demande, genre=Genre.USAGER, par=demande.usager, envoi=envoi)
    noter("demande.ouverte", sur=demande, apres={"pieces": len(envoi.pieces)})
    deposer(
        sorte=ACCUSE,
        cle=f"{ACCUSE}:{demande.uuid}",
        collectivite=demande.collectivite,
        destinataire=demande.usager.email,
        contexte={"demande": str(demande.uuid)},
    )
    prevenir_le_service(demande)
    return demande


def _deja(demande: Demande, envoi: Envoi) -> Demande | None:
    messages = Message.objects.filter(par=demande.usager, formulaire=envoi.formulaire)
    message = messages.select_related("demande").first()
    return message.demande if message else None


def ecrire(*, demande: Demande, envoi: Envoi) -> None:
    """La personne écrit à la suite ; la demande redevient nouvelle, même close. Un second envoi n'ajoute rien."""
    try:
        _ecrire(demande, envoi)
    except IntegrityError:
        if _deja(demande, envoi) is None:
            raise


@transaction.atomic
def _ecrire(demande: Demande, envoi: Envoi) -> None:
    tenue = tenir(demande)
    if _deja(demande, envoi):
        return
    ajouter(tenue, genre=Genre.USAGER, par=demande.usager, envoi=envoi)
    passer(tenue, vers=EtatDemande.NOUVELLE)
    noter("demande.message", sur=tenue, avant={"etat": tenue.etat}, apres={"pieces": len(envoi.pieces)})
    prevenir_le_service(tenue)
