"""Ce que la copie dit du compte, de ce qui lui a été envoyé et de ce qui s'y est passé.

Le texte libre d'un agent (motif, raison) n'y est pas : il peut parler de quelqu'un d'autre. LISEZMOI le dit.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from comptes.etats import EtatRattachement
from comptes.models import ChoixEnvoi, DemandeAdresse, Rattachement, Usager, Visite
from comptes.registre import Rubrique
from comptes.services.sessions import sessions_ouvertes
from portail.gestion.faits import phrase
from portail.models import Affectation, Collectivite, Courriel, Journal, LectureDAnnonce
from portail.registre import sortes_de_courriel

PAR_PAQUET = 500
Lignes = Iterator[dict[str, Any]]


def _compte(usager: Usager, chez: Collectivite) -> Lignes:
    acces = Affectation.objects.filter(usager=usager, collectivite=chez).first()
    yield {
        "adresse_mail": usager.email,
        "adresse_mail_confirmee_le": usager.courriel_confirme_le,
        "civilite": usager.civilite,
        "nom": usager.nom,
        "prenom": usager.prenom,
        "cree_le": usager.cree_le,
        "derniere_connexion_le": usager.last_login,
        "role_d_agent": acces.get_role_display() if acces else None,
    }


def _comptes_client(usager: Usager, chez: Collectivite) -> Lignes:
    """Détaché ou suspendu, la personne n'en lit plus rien : il n'en reste que le lien."""
    liens = Rattachement.objects.filter(usager=usager, collectivite=chez).select_related("redevable").order_by("pk")
    for lien in liens.iterator(chunk_size=PAR_PAQUET):
        dit = {
            "code_client": lien.redevable.code,
            "nom_que_vous_lui_donnez": lien.nom_donne,
            "relie_le": lien.cree_le,
            "etat": lien.get_etat_display(),
            "depuis": lien.depuis,
        }
        yield dit | (_adresse(lien, usager) if lien.etat == EtatRattachement.ACTIF else {})


def _adresse(lien: Rattachement, usager: Usager) -> dict[str, Any]:
    redevable = lien.redevable
    return {
        "adresse_a": redevable.nom_complet,
        "adresse": redevable.adresse,
        "code_postal": redevable.code_postal,
        "ville": redevable.ville,
        "envoi_des_factures": redevable.get_mode_envoi_display(),
        # Celle que le service connaît peut être d'une autre personne du même compte client.
        "le_service_connait_votre_adresse_mail": redevable.courriel.lower() == usager.email,
    }


def _choix_d_envoi(usager: Usager, chez: Collectivite) -> Lignes:
    """Les siens, et ceux du service pour les comptes clients qu'elle lit ; jamais ceux d'un autre titulaire."""
    lus = Rattachement.objects.de(usager, chez=chez).values("redevable")
    du_service = Q(compte=None, redevable__in=lus)
    choix = ChoixEnvoi.objects.filter(Q(compte=usager.pk) | du_service, collectivite=chez)
    for un in choix.select_related("redevable").order_by("pk").iterator(chunk_size=PAR_PAQUET):
        sien = un.compte == usager.pk
        yield {
            "code_client": un.redevable.code,
            "le": un.le,
            "envoi_des_factures": un.get_mode_display(),
            "moyen": un.get_moyen_display(),
            "adresse_mail": un.adresse if sien else None,
            "version_du_texte_accepte": un.texte,
        }


def _adresses_demandees(usager: Usager, chez: Collectivite) -> Lignes:
    demandes: Any = DemandeAdresse.objects.filter(usager=usager, collectivite=chez).order_by("pk")
    yield from demandes.values("ancienne", "nouvelle", "demandee_le", "validee_le", "annulee_le").iterator()


def _sessions(usager: Usager, chez: Collectivite) -> Lignes:
    for session in sessions_ouvertes(usager=usager, chez=chez, courante=None):
        yield {
            "appareil": session.appareil,
            "ouverte_le": session.ouverte_le,
            "derniere_visite_le": session.vue_le,
            "retenue_quatorze_jours": session.retenue,
        }


def _actes(usager: Usager, chez: Collectivite) -> Lignes:
    """Ce qu'en garde le journal : quoi, quand, et si c'était elle ; d'un agent, rien que « le service »."""
    faits = Journal.objects.filter(objet=Usager._meta.label_lower, identifiant=str(usager.pk), collectivite=chez.pk)
    for fait in faits.order_by("pk").iterator(chunk_size=PAR_PAQUET):
        auteur = _("vous") if fait.acteur == usager.pk else _("le service")
        yield {"le": fait.le, "quoi": phrase(fait.action), "par": _("le site") if fait.acteur is None else auteur}


def _visites(usager: Usager, chez: Collectivite) -> Lignes:
    visites = Visite.objects.filter(usager=usager, collectivite=chez).order_by("pk")
    for visite in visites.iterator(chunk_size=PAR_PAQUET):
        yield {"commencee_le": visite.commencee_le, "finie_le": visite.finie_le, "par": _("un agent du service")}


def _courriels(usager: Usager, chez: Collectivite) -> Lignes:
    """Quoi et quand, sans le texte : il n'est pas gardé, et ses liens ouvriraient le compte."""
    noms = {sorte.nom: sorte.libelle or sorte.nom for sorte in sortes_de_courriel()}
    envoyes = Courriel.objects.filter(collectivite=chez, destinataire=usager.email, cree_le__gte=_depuis(usager))
    for courriel in envoyes.order_by("pk").defer("message", "contexte").iterator(chunk_size=PAR_PAQUET):
        yield {
            "le": courriel.cree_le,
            "quoi": noms.get(courriel.sorte, courriel.sorte),
            "etat": courriel.get_etat_display(),
        }


def _depuis(usager: Usager) -> datetime:
    """Depuis quand cette adresse mail est la sienne : avant, ces messages étaient pour quelqu'un d'autre."""
    changements = DemandeAdresse.objects.filter(usager=usager, validee_le__isnull=False)
    dernier = changements.exclude(ancienne=F("nouvelle")).order_by("validee_le").last()
    return dernier.validee_le if dernier and dernier.validee_le else usager.cree_le


def _annonces_lues(usager: Usager, chez: Collectivite) -> Lignes:
    lectures = LectureDAnnonce.objects.filter(usager=usager.pk, collectivite=chez).select_related("annonce")
    for lecture in lectures.order_by("pk").iterator(chunk_size=PAR_PAQUET):
        yield {"annonce": lecture.annonce.titre, "lue_le": lecture.lue_le}


RUBRIQUES = (
    Rubrique("compte", gettext_lazy("votre compte"), _compte),
    Rubrique("comptes_client", gettext_lazy("les comptes clients reliés à votre compte"), _comptes_client),
    Rubrique("choix_d_envoi", gettext_lazy("vos choix entre le papier et l'électronique"), _choix_d_envoi),
    Rubrique("adresses_demandees", gettext_lazy("vos changements d'adresse mail"), _adresses_demandees),
    Rubrique("sessions", gettext_lazy("les appareils où vous êtes connecté"), _sessions),
    Rubrique("actes", gettext_lazy("vos connexions, et ce qui est arrivé à votre compte"), _actes),
    Rubrique("visites", gettext_lazy("quand un agent a vu votre espace pour vous aider"), _visites),
    Rubrique("courriels", gettext_lazy("les messages que nous vous avons envoyés, depuis 30 jours"), _courriels),
    Rubrique("annonces_lues", gettext_lazy("les informations importantes que vous avez lues"), _annonces_lues),
)
