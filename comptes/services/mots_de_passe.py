"""Le mot de passe oublié, et le mot de passe changé."""

from datetime import timedelta
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from comptes import jetons
from comptes.models import Usager
from comptes.services.sessions import fermer_les_sessions
from portail import limites
from portail.courriels import deposer
from portail.journal import noter
from portail.models import Collectivite

DUREE_DU_LIEN = timedelta(hours=1)
USAGE = "mot-de-passe"


class MotDePasseRefuse(Exception):
    """Ce n'est pas le mot de passe de ce compte."""


class TropDEssais(Exception):
    """Trop de mauvais mots de passe : celui-ci n'a même pas été regardé."""


def demander_un_lien(*, courriel: str, collectivite: Collectivite) -> None:
    """Dépose un message pour cette adresse, sans chercher si elle a un compte : l'ouvrier le saura.

    La réponse au visiteur, les requêtes SQL et le temps passé ne peuvent donc rien en dire.
    """
    try:
        limites.compter("oublis-par-adresse-mail", courriel)
    except limites.TropDeDemandes:
        return
    envoyer_un_lien(courriel=courriel, collectivite=collectivite)


@transaction.atomic
def envoyer_un_lien(*, courriel: str, collectivite: Collectivite) -> None:
    """La même chose, voulue par nous et non par un visiteur : sans limite."""
    noter("mot_de_passe.oublie", sur=collectivite, collectivite=collectivite.pk)
    deposer(
        sorte="comptes.mot_de_passe_oublie",
        cle=f"oubli:{uuid4()}",
        collectivite=collectivite,
        destinataire=courriel,
        contexte={"courriel": courriel},
    )


def usager_du_lien(jeton: str, *, chez: Collectivite, verrouille: bool = False) -> Usager | None:
    """La personne dont ce lien peut changer le mot de passe ; None s'il ne vaut rien, ou plus rien."""
    contenu = jetons.lire(USAGE, jeton, chez=chez, duree=DUREE_DU_LIEN)
    if contenu is None:
        return None
    cle, etat = contenu
    comptes = Usager.objects.select_for_update() if verrouille else Usager.objects.all()
    usager = comptes.filter(pk=cle, is_active=True).first()
    return usager if usager is not None and jetons.est_a_jour(usager, etat) else None


@transaction.atomic
def reinitialiser(*, jeton: str, mot_de_passe: str, collectivite: Collectivite, reseau: str) -> Usager | None:
    """Pose le nouveau mot de passe et ferme toutes les sessions ; None si le lien ne vaut plus rien.

    Le lien prouve l'adresse mail ; il lève aussi, depuis ``reseau``, l'attente qu'une attaque aurait imposée au compte.
    """
    usager = usager_du_lien(jeton, chez=collectivite, verrouille=True)
    if usager is None:
        return None
    usager.courriel_confirme_le = timezone.now()
    _poser(usager, mot_de_passe, collectivite)
    noter("mot_de_passe.reinitialise", sur=usager, acteur=usager.pk, collectivite=collectivite.pk)
    fermer_les_sessions(usager=usager, sauf=None, collectivite=collectivite)
    limites.oublier("echecs-par-reseau-et-adresse-mail", f"{reseau} {usager.email}")
    limites.oublier("echecs-par-adresse-mail", usager.email)
    return usager


def changer_le_mot_de_passe(
    *, usager: Usager, ancien: str, nouveau: str, session: str | None, collectivite: Collectivite
) -> None:
    """Change le mot de passe et ferme les autres sessions ; MotDePasseRefuse ou TropDEssais."""
    verifier(usager=usager, mot_de_passe=ancien)
    with transaction.atomic():
        _poser(usager, nouveau, collectivite)
        noter("mot_de_passe.change", sur=usager, collectivite=collectivite.pk)
        fermer_les_sessions(usager=usager, sauf=session, collectivite=collectivite)


def verifier(*, usager: Usager, mot_de_passe: str) -> None:
    """Redemande son mot de passe à la personne connectée ; ceux qui échouent à se connecter ne l'en empêchent pas.

    La limite est comptée avant le hachage, et hors de toute transaction : un refus ne l'annule pas.
    """
    try:
        limites.compter("echecs-par-compte", usager.pk)
    except limites.TropDeDemandes as refus:
        raise TropDEssais from refus
    if not usager.check_password(mot_de_passe):
        raise MotDePasseRefuse
    limites.rendre("echecs-par-compte", usager.pk)


def _poser(usager: Usager, mot_de_passe: str, collectivite: Collectivite) -> None:
    usager.set_password(mot_de_passe)
    usager.save(update_fields=["password", "courriel_confirme_le"])
    deposer(
        sorte="comptes.mot_de_passe_change",
        cle=f"mot-de-passe-change:{uuid4()}",
        collectivite=collectivite,
        destinataire=usager.email,
        contexte={"usager": usager.pk},
    )
