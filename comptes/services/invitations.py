"""Inviter un agent par son adresse mail : rien ne dit, avant qu'il accepte, si elle a un compte ni à qui il est."""

from datetime import timedelta

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from comptes import jetons
from comptes.models import Usager
from comptes.services.agents import (
    DejaAgent,
    PlusLa,
    prevenir_la_commune,
    relire,
    suivre_ses_affectations,
    verrouiller_la_commune,
)
from comptes.services.sessions import fermer_les_sessions
from portail.courriels import deposer
from portail.journal import noter
from portail.models import Affectation, Collectivite, Role

USAGE, DUREE_DU_LIEN = "agent", timedelta(days=7)
INVITATION = "comptes.invitation"


@transaction.atomic
def inviter_un_agent(
    *, collectivite: Collectivite, courriel: str, prenom: str, nom: str, role: Role, auteur: Usager
) -> Affectation:
    """Une invitation, et le message qui la porte ; DejaAgent. Qui a déjà un compte n'est pas cherché hors d'ici."""
    verrouiller_la_commune(collectivite)
    ici = Affectation.objects.filter(collectivite=collectivite)
    if ici.filter(Q(courriel=courriel) | Q(usager__email=courriel)).exists():
        raise DejaAgent
    invitation = Affectation.objects.create(
        collectivite=collectivite, courriel=courriel, prenom=prenom, nom=nom, role=role, invitee_le=timezone.now()
    )
    noter("agent.invite", sur=invitation, apres={"role": role})
    _envoyer(invitation)
    prevenir_la_commune(invitation, auteur)
    return invitation


@transaction.atomic
def renvoyer_l_invitation(*, affectation: Affectation) -> None:
    """Un nouveau message ; le lien du précédent ne vaut plus rien. PlusLa si l'invitation a été acceptée ou retirée."""
    invitation = relire(affectation)
    if invitation.usager is not None:
        raise PlusLa
    invitation.invitee_le = timezone.now()
    invitation.save(update_fields=["invitee_le"])
    noter("agent.reinvite", sur=invitation)
    _envoyer(invitation)


def invitation_du_lien(jeton: str, *, chez: Collectivite) -> Affectation | None:
    """Celle que ce lien permet d'accepter ; None s'il ne vaut rien, ou plus rien."""
    contenu = jetons.lire(USAGE, jeton, chez=chez, duree=DUREE_DU_LIEN)
    if contenu is None:
        return None
    cle, envoyee = contenu
    invitation = Affectation.objects.filter(pk=cle, collectivite=chez, usager=None).first()
    return invitation if invitation and etat_de_l_invitation(invitation) == envoyee else None


def etat_de_l_invitation(invitation: Affectation) -> str:
    """Change à chaque envoi : seul le dernier lien vaut."""
    return invitation.invitee_le.isoformat() if invitation.invitee_le else ""


def compte_invite(invitation: Affectation) -> Usager:
    """Le compte de cette adresse, ou celui qu'elle aura, pas encore en base et sans mot de passe."""
    existant = Usager.objects.filter(email=invitation.courriel).first()
    return existant or Usager(**_identite(invitation), password=make_password(None))


@transaction.atomic
def accepter_l_invitation(*, jeton: str, mot_de_passe: str, collectivite: Collectivite) -> Affectation | None:
    """Ouvre le compte au besoin et lui donne le rôle ; None si le lien ne vaut rien, ou si le compte est fermé.

    ``mot_de_passe`` ne sert qu'à un compte qui n'en a pas : le lien prouve l'adresse, pas davantage.
    """
    verrouiller_la_commune(collectivite)
    invitation = invitation_du_lien(jeton, chez=collectivite)
    usager = _ouvrir_le_compte(invitation, mot_de_passe) if invitation else None
    if invitation is None or usager is None:
        return None
    invitation.usager, invitation.depuis = usager, timezone.now()
    invitation.courriel = invitation.prenom = invitation.nom = ""
    invitation.save(update_fields=["usager", "depuis", "courriel", "prenom", "nom"])
    noter("agent.accepte", sur=invitation, acteur=usager.pk, apres={"role": invitation.role, "usager": usager.pk})
    suivre_ses_affectations(usager)
    # Une session « retenue » quatorze jours n'est pas pour un agent.
    fermer_les_sessions(usager=usager, sauf=None, collectivite=collectivite)
    return invitation


def _ouvrir_le_compte(invitation: Affectation, mot_de_passe: str) -> Usager | None:
    """Celui de l'adresse invitée, qui vient de prouver qu'elle est lue ; None s'il est fermé ou déjà agent d'ici."""
    usager, cree = Usager.objects.get_or_create(
        email=invitation.courriel, defaults={**_identite(invitation), "password": make_password(None)}
    )
    if not usager.is_active or Affectation.objects.filter(usager=usager, collectivite=invitation.collectivite).exists():
        return None
    usager.courriel_confirme_le = timezone.now()
    if not usager.has_usable_password():
        usager.set_password(mot_de_passe)
    usager.save(update_fields=["courriel_confirme_le", "password"])
    if cree:
        noter("compte.ouvert", sur=usager, acteur=usager.pk)
    return usager


def _identite(invitation: Affectation) -> dict[str, str]:
    return {"email": invitation.courriel, "prenom": invitation.prenom, "nom": invitation.nom}


def _envoyer(invitation: Affectation) -> None:
    deposer(
        sorte=INVITATION,
        cle=f"{INVITATION}:{invitation.pk}:{etat_de_l_invitation(invitation)}",
        collectivite=invitation.collectivite,
        destinataire=invitation.courriel,
        contexte={"affectation": invitation.pk},
    )
