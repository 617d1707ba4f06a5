"""Ce que fait le service d'une demande : répondre, noter, assigner, clore, rouvrir, changer de service."""

from django.db import transaction

from comptes.models import Usager
from contact.etats import EtatDemande, Genre
from contact.models import Demande, Message
from contact.pieces import Envoi
from contact.services.abandons import retenir
from contact.services.fil import ajouter, dernier, passer, tenir
from portail.courriels import deposer
from portail.journal import noter
from portail.models import Regie

REPONSE = "contact.reponse"


class AgentParti(Exception):
    """Cet agent ne peut plus répondre dans cette commune."""


class FilChange(Exception):
    """Quelqu'un a écrit depuis que l'agent a lu le fil."""


@transaction.atomic
def repondre(*, demande: Demande, auteur: Usager, envoi: Envoi, vu: int) -> bool:
    """La réponse entre au fil et part par courriel ; qui répond prend la demande que personne n'avait.

    ``vu`` est le dernier message que l'auteur avait sous les yeux : FilChange s'il y en a d'autres. Faux si ce même
    envoi est déjà parti : un double clic ne répond qu'une fois.
    """
    repond = retenir(auteur, demande)
    tenue = tenir(demande)
    if dernier(tenue) != vu:
        if _vient_de_partir(tenue, auteur, envoi):
            return False
        raise FilChange
    passer(tenue, vers=EtatDemande.REPONDUE, assignee=tenue.assignee_id or (auteur.pk if repond else None))
    message = ajouter(tenue, genre=Genre.SERVICE, par=auteur, envoi=envoi)
    noter("demande.reponse", sur=tenue, avant={"etat": tenue.etat}, apres={"pieces": len(envoi.pieces)})
    deposer(
        sorte=REPONSE,
        cle=f"{REPONSE}:{message.pk}",
        collectivite=tenue.collectivite,
        destinataire=tenue.usager.email,
        contexte={"message": message.pk},
    )
    return True


def _vient_de_partir(demande: Demande, auteur: Usager, envoi: Envoi) -> bool:
    message = Message.objects.filter(demande=demande).order_by("-pk").first()
    if message is None or (message.genre, message.par_id, message.texte) != (Genre.SERVICE, auteur.pk, envoi.texte):
        return False
    return list(message.pieces.values_list("nom", "taille")) == [(p.nom, len(p.contenu)) for p in envoi.pieces]


@transaction.atomic
def annoter(*, demande: Demande, auteur: Usager, texte: str) -> None:
    """Une note que la personne ne lira jamais ; une demande nouvelle est alors en cours."""
    tenue = tenir(demande)
    ajouter(tenue, genre=Genre.NOTE, par=auteur, envoi=Envoi(texte))
    _prendre_en_main(tenue)
    noter("demande.note", sur=tenue)


@transaction.atomic
def assigner(*, demande: Demande, agent: Usager | None) -> bool:
    """Confie la demande à cet agent, ou à personne ; faux si c'était déjà le cas. AgentParti."""
    if agent is not None and not retenir(agent, demande):
        raise AgentParti
    tenue = tenir(demande)
    if tenue.assignee == agent:
        return False
    Demande.objects.filter(pk=tenue.pk).update(assignee=agent)
    avant, apres = {"assignee": tenue.assignee_id}, {"assignee": agent.pk if agent else None}
    noter("demande.assignee", sur=tenue, avant=avant, apres=apres)
    if agent is not None:
        _prendre_en_main(tenue)
    return True


def _prendre_en_main(demande: Demande) -> None:
    """Quelqu'un s'en occupe : elle n'est plus nouvelle, mais la personne attend toujours."""
    if demande.etat == EtatDemande.NOUVELLE:
        passer(demande, vers=EtatDemande.EN_COURS)


@transaction.atomic
def changer_de_service(*, demande: Demande, regie: Regie | None) -> bool:
    """Un autre service en est chargé, ou toute la commune ; faux si c'était déjà lui."""
    tenue = tenir(demande)
    if tenue.regie == regie:
        return False
    Demande.objects.filter(pk=tenue.pk).update(regie=regie)
    avant, apres = {"service": tenue.service}, {"service": regie.libelle if regie else tenue.collectivite.nom}
    noter("demande.service", sur=tenue, avant=avant, apres=apres)
    return True


@transaction.atomic
def clore(*, demande: Demande) -> bool:
    """Il n'y a plus rien à en dire ; faux si elle l'était. La personne peut toujours écrire, ce qui la rouvre."""
    return _passer(tenir(demande), "demande.close", vers=EtatDemande.CLOSE)


@transaction.atomic
def rouvrir(*, demande: Demande) -> bool:
    """Le service s'en occupe à nouveau ; faux si elle n'était pas close."""
    tenue = tenir(demande)
    return tenue.etat == EtatDemande.CLOSE and _passer(tenue, "demande.rouverte", vers=EtatDemande.EN_COURS)


def _passer(demande: Demande, fait: str, *, vers: EtatDemande) -> bool:
    passee = passer(demande, vers=vers)
    if passee:
        noter(fait, sur=demande, avant={"etat": demande.etat}, apres={"etat": vers})
    return passee
