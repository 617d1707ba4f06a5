"""Les agents d'une commune : changer leur rôle, suspendre, rétablir et retirer leur accès.

Une commune qui a un administrateur en garde toujours un ; personne ne touche à son propre accès.
"""

from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from comptes.models import Usager
from comptes.services.sessions import fermer_les_sessions_d_ici
from comptes.services.visites import finir_ses_visites
from portail.courriels import deposer
from portail.journal import noter
from portail.models import Affectation, Collectivite, Role
from portail.ouvertures import prevenir_les_responsables
from portail.registre import suites_d_acces

# Ce que les autres administrateurs apprennent tout de suite.
DE_CONFIANCE = frozenset({Role.ADMINISTRATION, Role.EXPLOITANT})


class AgentRefuse(Exception):
    """Ce changement n'a pas lieu d'être ; la sous-classe dit pourquoi."""


class DejaAgent(AgentRefuse):
    """Cette adresse est déjà celle d'un agent, ou d'un invité, de cette commune."""


class SoiMeme(AgentRefuse):
    """Personne ne change, ne suspend ni ne retire son propre accès."""


class DernierAdministrateur(AgentRefuse):
    """La commune n'aurait plus personne pour nommer ses agents."""


class PlusLa(AgentRefuse):
    """Cet accès a changé entre-temps : retiré, accepté, déjà suspendu ou rétabli."""


@transaction.atomic
def changer_le_role(*, affectation: Affectation, role: Role, auteur: Usager) -> bool:
    """Le nouveau rôle vaut dès la prochaine page ; faux s'il avait déjà celui-là. AgentRefuse."""
    actuelle = relire(affectation)
    _refuser(actuelle, auteur, en_retire=role != Role.ADMINISTRATION)
    if actuelle.role == role:
        return False
    avant, actuelle.role, actuelle.depuis = actuelle.role, role, timezone.now()
    actuelle.save(update_fields=["role", "depuis"])
    noter("agent.role", sur=actuelle, avant={"role": avant}, apres={"role": role})
    if actuelle.usager is not None:
        suivre_l_acces(actuelle.usager, actuelle.collectivite)
    prevenir_l_agent(actuelle, "role")
    prevenir_la_commune(actuelle, auteur)
    return True


@transaction.atomic
def suspendre_un_agent(*, affectation: Affectation, motif: str, auteur: Usager) -> None:
    """Ferme l'accès et ses sessions d'ici, jusqu'à ce qu'on le rétablisse. AgentRefuse."""
    actuelle = relire(affectation)
    _refuser(actuelle, auteur, en_retire=True)
    if actuelle.usager is None or actuelle.suspendue_le is not None:
        raise PlusLa
    actuelle.suspendue_le = actuelle.depuis = timezone.now()
    actuelle.motif = motif
    actuelle.save(update_fields=["suspendue_le", "depuis", "motif"])
    noter("agent.suspendu", sur=actuelle, apres={"motif": motif})
    _apres_la_perte(actuelle, actuelle.usager, "suspendu")


@transaction.atomic
def retablir_un_agent(*, affectation: Affectation) -> None:
    """Rend son accès, avec le même rôle. PlusLa s'il n'est plus suspendu."""
    actuelle = relire(affectation)
    if actuelle.usager is None or actuelle.suspendue_le is None:
        raise PlusLa
    actuelle.suspendue_le, actuelle.motif, actuelle.depuis = None, "", timezone.now()
    actuelle.save(update_fields=["suspendue_le", "motif", "depuis"])
    noter("agent.retabli", sur=actuelle)
    suivre_ses_affectations(actuelle.usager)
    prevenir_l_agent(actuelle, "retabli")


@transaction.atomic
def retirer_un_agent(*, affectation: Affectation, motif: str, auteur: Usager) -> None:
    """L'accès, ou l'invitation, n'existe plus ; le compte reste, avec ce qu'il a comme habitant. AgentRefuse."""
    actuelle = relire(affectation)
    _refuser(actuelle, auteur, en_retire=True)
    noter("agent.retire", sur=actuelle, avant={"role": actuelle.role}, apres={"motif": motif})
    usager = actuelle.usager
    actuelle.delete()
    if usager is not None:
        _apres_la_perte(affectation, usager, "retire")


def est_le_dernier_administrateur(affectation: Affectation) -> bool:
    """Vrai si, sans lui, la commune n'aurait plus personne pour nommer ses agents."""
    administrateurs = Affectation.objects.administrateurs(affectation.collectivite)
    return set(administrateurs.values_list("pk", flat=True)) == {affectation.pk}


def suivre_l_acces(usager: Usager, chez: Collectivite) -> None:
    """Ce qu'il tenait de son accès d'avant. Avant ``suivre_ses_affectations``, dont le verrou croiserait ceux-ci."""
    for suivre in suites_d_acces():
        suivre(usager, chez)
    finir_ses_visites(agent=usager, chez=chez)


def suivre_ses_affectations(usager: Usager) -> None:
    """``is_staff`` dit si la personne est agent quelque part ; le compte, verrouillé, ne se compte pas deux fois."""
    Usager.objects.select_for_update().get(pk=usager.pk)
    agent = Affectation.objects.actives().filter(usager=usager).exists()
    Usager.objects.filter(pk=usager.pk, is_superuser=False).update(is_staff=agent)


def verrouiller_la_commune(collectivite: Collectivite) -> None:
    """Deux administrateurs qui se retirent l'un l'autre passent l'un après l'autre."""
    Collectivite.objects.select_for_update(no_key=True).get(pk=collectivite.pk)


def relire(affectation: Affectation) -> Affectation:
    """Ce qu'elle est maintenant, et restera jusqu'à la fin de la transaction ; PlusLa."""
    verrouiller_la_commune(affectation.collectivite)
    actuelle = Affectation.objects.select_related("usager", "collectivite").filter(pk=affectation.pk).first()
    if actuelle is None:
        raise PlusLa
    return actuelle


def _refuser(affectation: Affectation, auteur: Usager, *, en_retire: bool) -> None:
    """SoiMeme, ou DernierAdministrateur si le changement retire un administrateur à la commune."""
    if affectation.usager_id == auteur.pk:
        raise SoiMeme
    if en_retire and est_le_dernier_administrateur(affectation):
        raise DernierAdministrateur


def _apres_la_perte(affectation: Affectation, usager: Usager, quoi: str) -> None:
    suivre_l_acces(usager, affectation.collectivite)
    suivre_ses_affectations(usager)
    fermer_les_sessions_d_ici(usager=usager, collectivite=affectation.collectivite)
    prevenir_l_agent(affectation, quoi, usager)


def prevenir_l_agent(affectation: Affectation, quoi: str, usager: Usager | None = None) -> None:
    """Écrit à la personne ce qui change pour elle ; rien à un invité, que son invitation dira à jour."""
    agent = usager or affectation.usager
    if agent is None:
        return
    deposer(
        sorte="comptes.agent_change",
        cle=f"agent:{uuid4()}",
        collectivite=affectation.collectivite,
        destinataire=agent.get_username(),
        contexte={"quoi": quoi, "role": affectation.role},
    )


def prevenir_la_commune(affectation: Affectation, auteur: Usager) -> None:
    """Écrit aux responsables qu'un agent pourra nommer les autres, ou ouvrir le contenu."""
    if affectation.role not in DE_CONFIANCE:
        return
    contexte, deja = {"affectation": affectation.pk, "auteur": auteur.pk}, (auteur.email, affectation.adresse)
    prevenir_les_responsables(affectation.collectivite, "comptes.agent_nomme", contexte, *deja)
