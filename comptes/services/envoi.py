"""Papier ou électronique : le papier est la règle, l'électronique un acte de la personne, chaque choix une preuve."""

from uuid import uuid4

from django.db import transaction

from comptes import papier
from comptes.models import ChoixEnvoi, ModeEnvoi, MoyenDuChoix, Redevable, Usager
from portail.courriels import deposer
from portail.journal import noter


class AdresseNonConfirmee(Exception):
    """Rien ne prouve que cette personne lit cette adresse mail : le papier continue."""


def recevoir_par_mail(*, usager: Usager, redevable: Redevable) -> bool:
    """La personne renonce au papier pour ce redevable ; faux si c'était déjà fait. AdresseNonConfirmee."""
    return _renoncer_au_papier(usager, redevable, moyen=MoyenDuChoix.EN_LIGNE, reference="")


def enregistrer_un_formulaire(*, usager: Usager, redevable: Redevable, reference: str) -> bool:
    """Un agent enregistre le formulaire que cette personne a signé ; les mêmes conditions, et une référence."""
    return _renoncer_au_papier(usager, redevable, moyen=MoyenDuChoix.FORMULAIRE, reference=reference)


@transaction.atomic
def _renoncer_au_papier(usager: Usager, redevable: Redevable, *, moyen: MoyenDuChoix, reference: str) -> bool:
    # Verrouillé : le compte ne se ferme pas entre ce choix et son effet, le papier ne s'arrête pas pour personne.
    if not Usager.objects.filter(pk=usager.pk, courriel_confirme_le__isnull=False).select_for_update(no_key=True):
        raise AdresseNonConfirmee
    choix = ChoixEnvoi(
        mode=ModeEnvoi.ELECTRONIQUE, moyen=moyen, compte=usager.pk, adresse=usager.email, texte=papier.VERSION,
        reference=reference,
    )  # fmt: skip
    return _choisir(redevable, choix)


def revenir_au_papier(*, redevable: Redevable, usager: Usager | None = None, raison: str = "") -> bool:
    """Sans condition ; ``usager`` manque quand c'est le service qui y revient, et ``raison`` dit alors pourquoi."""
    choix = ChoixEnvoi(mode=ModeEnvoi.PAPIER, moyen=MoyenDuChoix.SERVICE, reference=raison)
    if usager is not None:
        choix.moyen, choix.compte, choix.adresse = MoyenDuChoix.EN_LIGNE, usager.pk, usager.email
    return _choisir(redevable, choix)


@transaction.atomic
def _choisir(redevable: Redevable, choix: ChoixEnvoi) -> bool:
    """Le seul endroit où le mode d'envoi change ; vrai pour l'unique appel qui le change."""
    if not Redevable.objects.filter(pk=redevable.pk).exclude(mode_envoi=choix.mode).update(mode_envoi=choix.mode):
        return False
    choix.redevable, choix.collectivite = redevable, redevable.collectivite
    choix.save()
    noter("redevable.envoi", sur=redevable, apres={"mode": choix.mode, "moyen": choix.moyen})
    for sorte, destinataire in (
        ("comptes.envoi_change", choix.adresse),
        ("comptes.envoi_change_service", redevable.collectivite.courriel_contact),
    ):
        deposer(
            sorte=sorte,
            cle=f"{sorte}:{uuid4()}",
            collectivite=redevable.collectivite,
            destinataire=destinataire,
            contexte={"choix": choix.pk},
        )
    return True
