"""Changer d'adresse mail : demandée avec le mot de passe, validée par la nouvelle, annulable par l'ancienne."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.utils import timezone

from comptes import jetons
from comptes.models import DemandeAdresse, Usager
from comptes.services.mots_de_passe import envoyer_un_lien, verifier
from comptes.services.sessions import fermer_les_sessions
from portail import limites
from portail.courriels import deposer
from portail.journal import noter
from portail.models import Collectivite

VALIDATION, ANNULATION = "adresse", "annulation"
DUREE_DE_VALIDATION = timedelta(hours=24)
DUREE_D_ANNULATION = timedelta(hours=72)
CONSERVATION = timedelta(days=30)


class AdressePrise(Exception):
    """Un autre compte a cette adresse : la base l'a refusée."""


def demander_une_adresse(*, usager: Usager, nouvelle: str, mot_de_passe: str, collectivite: Collectivite) -> None:
    """Prévient les deux adresses ; rien ne change avant le lien de la nouvelle. MotDePasseRefuse, TropDEssais.

    Personne ne regarde ici si l'adresse est prise : le message envoyé le dira à son titulaire, et à lui seul.
    """
    verifier(usager=usager, mot_de_passe=mot_de_passe)
    limites.compter("demandes-d-adresse", usager.pk)
    with transaction.atomic():
        _demander(usager, nouvelle, collectivite)


def confirmer_l_adresse(*, usager: Usager, collectivite: Collectivite) -> None:
    """Envoie de quoi prouver l'adresse actuelle."""
    limites.compter("demandes-d-adresse", usager.pk)
    with transaction.atomic():
        _demander(usager, usager.email, collectivite)


def _demander(usager: Usager, nouvelle: str, collectivite: Collectivite) -> None:
    demande = DemandeAdresse.objects.create(
        usager=usager, collectivite=collectivite, ancienne=usager.email, nouvelle=nouvelle
    )
    noter("adresse.demandee", sur=demande)
    _deposer("adresse_a_valider", demande, nouvelle)
    if not demande.confirme_seulement:
        _deposer("adresse_en_changement", demande, demande.ancienne)


def _deposer(sorte: str, demande: DemandeAdresse, destinataire: str) -> None:
    deposer(
        sorte=f"comptes.{sorte}",
        cle=f"{sorte}:{demande.pk}",
        collectivite=demande.collectivite,
        destinataire=destinataire,
        contexte={"demande": demande.pk},
    )


def demande_a_valider(jeton: str, *, chez: Collectivite) -> DemandeAdresse | None:
    """La demande que ce lien valide ; None s'il ne vaut rien, ou si la personne en a fait une autre depuis."""
    contenu = jetons.lire(VALIDATION, jeton, chez=chez, duree=DUREE_DE_VALIDATION)
    if contenu is None:
        return None
    demande = DemandeAdresse.objects.select_related("usager").filter(pk=contenu[0]).first()
    return demande if demande is not None and est_a_valider(demande) else None


def est_a_valider(demande: DemandeAdresse) -> bool:
    """Vrai pour la dernière demande de ce compte, si rien ne l'a encore close."""
    derniere = DemandeAdresse.objects.filter(usager=demande.usager).order_by("-pk").first()
    ouverte = demande.validee_le is None and demande.annulee_le is None
    return ouverte and derniere == demande and demande.usager.is_active


@transaction.atomic
def valider_l_adresse(*, jeton: str, session: str | None, collectivite: Collectivite) -> DemandeAdresse | None:
    """La nouvelle adresse remplace l'ancienne, les autres sessions finissent ; None si le lien ne vaut plus rien.

    AdressePrise si un autre compte l'a eue entre-temps : la contrainte d'unicité de la base départage.
    """
    demande = demande_a_valider(jeton, chez=collectivite)
    if demande is None:
        return None
    a_valider = DemandeAdresse.objects.filter(pk=demande.pk, validee_le=None, annulee_le=None)
    maintenant = timezone.now()
    if not a_valider.update(validee_le=maintenant):
        return None
    _ecrire(demande.usager, email=demande.nouvelle, courriel_confirme_le=maintenant)
    noter("adresse.validee", sur=demande, acteur=demande.usager_id)
    if not demande.confirme_seulement:
        fermer_les_sessions(usager=demande.usager, sauf=session, collectivite=collectivite)
    return demande


def demande_a_annuler(jeton: str, *, chez: Collectivite) -> DemandeAdresse | None:
    """La demande que ce lien annule, validée ou non ; None s'il ne vaut rien, ou plus rien."""
    contenu = jetons.lire(ANNULATION, jeton, chez=chez, duree=DUREE_D_ANNULATION)
    if contenu is None:
        return None
    demandes = DemandeAdresse.objects.select_related("usager").filter(pk=contenu[0])
    return demandes.filter(annulee_le=None, usager__is_active=True).first()


@transaction.atomic
def annuler_le_changement(*, jeton: str, collectivite: Collectivite) -> DemandeAdresse | None:
    """L'ancienne adresse revient, toutes les sessions finissent ; None si le lien ne vaut plus rien.

    Qui a demandé le changement connaissait le mot de passe : il ne vaut plus rien non plus, et un lien pour en
    choisir un autre part à l'ancienne adresse. AdressePrise si un autre compte l'a eue entre-temps.
    """
    demande = demande_a_annuler(jeton, chez=collectivite)
    if demande is None:
        return None
    # Avec elle tombent les demandes d'après : leurs propres liens d'annulation ne doivent pas la défaire.
    suivantes = DemandeAdresse.objects.filter(usager=demande.usager, pk__gte=demande.pk, annulee_le=None)
    if not suivantes.update(annulee_le=timezone.now()):
        return None
    usager = demande.usager
    _ecrire(usager, email=demande.ancienne, password=make_password(None))
    noter("adresse.annulee", sur=demande, acteur=usager.pk)
    fermer_les_sessions(usager=usager, sauf=None, collectivite=collectivite)
    envoyer_un_lien(courriel=demande.ancienne, collectivite=collectivite)
    return demande


def _ecrire(usager: Usager, **champs: Any) -> None:
    try:
        with transaction.atomic():
            Usager.objects.filter(pk=usager.pk).update(**champs)
    except IntegrityError as refus:
        raise AdressePrise from refus


def oublier_les_demandes() -> int:
    """Efface les adresses demandées depuis assez longtemps pour que plus aucun lien n'en dépende."""
    return DemandeAdresse.objects.filter(demandee_le__lt=timezone.now() - CONSERVATION).delete()[0]
