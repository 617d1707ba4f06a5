"""Ce que disent nos courriels, au moment où l'ouvrier les envoie : c'est là que les jetons naissent."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from comptes import jetons
from comptes.models import ChoixEnvoi, DemandeAdresse, ModeEnvoi, Redevable, Usager
from comptes.services import ACTIVATION, adresses, courriels_de_fermeture, invitations, mots_de_passe
from comptes.services.copies import COPIE_PRETE
from portail.journal import noter
from portail.models import Affectation, Collectivite, Role
from portail.registre import Contenu, SorteDeCourriel

Contexte = Mapping[str, Any]


def lien(usage: str, jeton: str, *, chez: Collectivite) -> str:
    """À l'adresse enregistrée de la commune, jamais à celle de la requête."""
    return f"{chez.adresse}{reverse('lien', args=(usage, jeton))}"


def mot_de_passe_oublie(collectivite: Collectivite, contexte: Contexte) -> Contenu | None:
    """Rien, pour une adresse sans compte actif. Le lien mène à une commune où cette personne a affaire."""
    usager = Usager.objects.filter(email=contexte["courriel"], is_active=True).first()
    if usager is None:
        return None
    chez = usager.commune_pres_de(collectivite)
    noter("mot_de_passe.lien", sur=usager, collectivite=chez.pk)
    jeton = jetons.signer(mots_de_passe.USAGE, usager.pk, jetons.etat_de_connexion(usager), chez=chez)
    valeurs = {"lien": lien(mots_de_passe.USAGE, jeton, chez=chez), "chez": chez}
    return Contenu(_("Choisissez un nouveau mot de passe"), valeurs)


def mot_de_passe_change(collectivite: Collectivite, contexte: Contexte) -> Contenu:
    """Un avis, sans lien qui connecte et sans le mot de passe."""
    valeurs = {"oublie": f"{collectivite.adresse}{reverse('mot_de_passe_oublie')}"}
    return Contenu(_("Votre mot de passe a été changé"), valeurs)


def adresse_a_valider(collectivite: Collectivite, contexte: Contexte) -> Contenu | None:
    """À la nouvelle adresse : le lien qui valide ou, si elle sert déjà à un autre compte, seulement cela."""
    demande = _demande(contexte)
    if demande is None or not adresses.est_a_valider(demande):
        return None
    prise = Usager.objects.filter(email=demande.nouvelle).exclude(pk=demande.usager_id).exists()
    if prise:
        connexion = f"{collectivite.adresse}{reverse('account_login')}"
        return Contenu(_("Votre adresse mail a déjà un compte"), {"demande": demande, "connexion": connexion})
    jeton = jetons.signer(adresses.VALIDATION, demande.pk, chez=collectivite)
    valeurs = {"demande": demande, "lien": lien(adresses.VALIDATION, jeton, chez=collectivite)}
    return Contenu(_("Confirmez votre adresse mail"), valeurs)


def adresse_en_changement(collectivite: Collectivite, contexte: Contexte) -> Contenu | None:
    """À l'ancienne adresse : ce qui se passe, et le lien qui l'arrête."""
    demande = _demande(contexte)
    if demande is None or demande.annulee_le is not None:
        return None
    jeton = jetons.signer(adresses.ANNULATION, demande.pk, chez=collectivite)
    valeurs = {"demande": demande, "lien": lien(adresses.ANNULATION, jeton, chez=collectivite)}
    return Contenu(_("Votre adresse mail va changer"), valeurs)


def envoi_change(collectivite: Collectivite, contexte: Contexte) -> Contenu:
    """À la personne : comment ses factures lui arrivent désormais, et où changer d'avis."""
    return _dire_l_envoi(collectivite, _choix(contexte))


def _dire_l_envoi(collectivite: Collectivite, choix: ChoixEnvoi) -> Contenu:
    valeurs = _valeurs(choix) | {"informations": f"{collectivite.adresse}{reverse('mes_informations')}"}
    emplacements = {"nom": choix.redevable.nom_complet, "client": choix.redevable.code}
    return Contenu(_("La façon de recevoir vos factures a changé"), valeurs, emplacements)


def envoi_change_service(_collectivite: Collectivite, contexte: Contexte) -> Contenu:
    """Au service : pour qui imprimer, ou ne plus imprimer."""
    return Contenu(_("Un habitant change l'envoi de ses factures"), _valeurs(_choix(contexte)))


def invitation(collectivite: Collectivite, contexte: Contexte) -> Contenu | None:
    """Le lien qui ouvre l'accès d'un agent, le même message que l'adresse ait un compte ou non."""
    invitee = Affectation.objects.filter(pk=contexte["affectation"], usager=None).first()
    if invitee is None:
        return None
    jeton = jetons.signer(invitations.USAGE, invitee.pk, invitations.etat_de_l_invitation(invitee), chez=collectivite)
    valeurs = {
        "role": invitee.get_role_display(),
        "lien": lien(invitations.USAGE, jeton, chez=collectivite),
        "jours": invitations.DUREE_DU_LIEN.days,
    }
    return Contenu(_("Vous êtes invité à la gestion du portail"), valeurs)


def agent_change(collectivite: Collectivite, contexte: Contexte) -> Contenu:
    """À l'agent : son rôle, ou la fin de son accès."""
    valeurs = {
        "quoi": contexte["quoi"],
        "role": Role(contexte["role"]).label,
        "gestion": f"{collectivite.adresse}{reverse('gestion:index')}",
    }
    return Contenu(_("Votre accès à la gestion a changé"), valeurs)


def agent_nomme(collectivite: Collectivite, contexte: Contexte) -> Contenu | None:
    """Aux responsables : quelqu'un pourra nommer les agents, ou ouvrir le contenu."""
    agent = Affectation.objects.select_related("usager").filter(pk=contexte["affectation"]).first()
    if agent is None:
        return None
    fiche = reverse("gestion:portail_affectation_change", args=[agent.pk])
    valeurs = {
        "agent": agent,
        "role": agent.get_role_display(),
        "auteur": Usager.objects.filter(pk=contexte["auteur"]).first(),
        "fiche": f"{collectivite.adresse}{fiche}",
    }
    return Contenu(_("Un accès de confiance a été donné"), valeurs)


def _choix(contexte: Contexte) -> ChoixEnvoi:
    return ChoixEnvoi.objects.select_related("redevable").get(pk=contexte["choix"])


def _valeurs(choix: ChoixEnvoi) -> dict[str, Any]:
    return {"choix": choix, "redevable": choix.redevable, "papier": choix.mode == ModeEnvoi.PAPIER}


def _demande(contexte: Contexte) -> DemandeAdresse | None:
    return DemandeAdresse.objects.select_related("usager").filter(pk=contexte["demande"]).first()


# Ce que dit chaque courriel dans un aperçu ou un essai : rien de personne, et des liens qui ne mènent nulle part.
JETON = "exemple"


def _exemple_oublie(collectivite: Collectivite) -> Contenu:
    valeurs = {"lien": lien(mots_de_passe.USAGE, JETON, chez=collectivite), "chez": collectivite}
    return Contenu(_("Choisissez un nouveau mot de passe"), valeurs)


def _exemple_change(collectivite: Collectivite) -> Contenu:
    return mot_de_passe_change(collectivite, {})


def _exemple_a_valider(collectivite: Collectivite) -> Contenu:
    return Contenu(_("Confirmez votre adresse mail"), _exemple_de_demande(adresses.VALIDATION, collectivite))


def _exemple_en_changement(collectivite: Collectivite) -> Contenu:
    return Contenu(_("Votre adresse mail va changer"), _exemple_de_demande(adresses.ANNULATION, collectivite))


def _exemple_de_demande(usage: str, collectivite: Collectivite) -> dict[str, Any]:
    return {"demande": DemandeAdresse(nouvelle="nouvelle@exemple.fr"), "lien": lien(usage, JETON, chez=collectivite)}


def _exemple_d_envoi(collectivite: Collectivite) -> Contenu:
    redevable = Redevable(civilite=gettext("Madame"), nom=gettext("EXEMPLE"), code="12345")
    return _dire_l_envoi(collectivite, ChoixEnvoi(redevable=redevable, mode=ModeEnvoi.ELECTRONIQUE))


SORTES = (
    ACTIVATION,
    COPIE_PRETE,
    *courriels_de_fermeture.SORTES,
    SorteDeCourriel(
        "comptes.mot_de_passe_oublie",
        "courriels/mot_de_passe_oublie.txt",
        "courriels/mot_de_passe_oublie.html",
        mot_de_passe_oublie,
        libelle=_("À qui a oublié son mot de passe"),
        exemple=_exemple_oublie,
    ),
    SorteDeCourriel(
        "comptes.mot_de_passe_change",
        "courriels/mot_de_passe_change.txt",
        "courriels/mot_de_passe_change.html",
        mot_de_passe_change,
        libelle=_("À qui vient de changer de mot de passe"),
        exemple=_exemple_change,
    ),
    SorteDeCourriel(
        "comptes.adresse_a_valider",
        "courriels/adresse_a_valider.txt",
        "courriels/adresse_a_valider.html",
        adresse_a_valider,
        libelle=_("À la nouvelle adresse mail, pour la confirmer"),
        exemple=_exemple_a_valider,
    ),
    SorteDeCourriel(
        "comptes.adresse_en_changement",
        "courriels/adresse_en_changement.txt",
        "courriels/adresse_en_changement.html",
        adresse_en_changement,
        libelle=_("À l'ancienne adresse mail, pour prévenir du changement"),
        exemple=_exemple_en_changement,
    ),
    SorteDeCourriel(
        "comptes.envoi_change",
        "courriels/envoi_change.txt",
        "courriels/envoi_change.html",
        envoi_change,
        libelle=_("À qui choisit le papier ou l'électronique"),
        emplacements={"nom": _("le nom sur les factures"), "client": _("le code client")},
        exemple=_exemple_d_envoi,
    ),
    SorteDeCourriel(
        invitations.INVITATION, "courriels/invitation_agent.txt", "courriels/invitation_agent.html", invitation
    ),
    SorteDeCourriel("comptes.agent_change", "courriels/agent_change.txt", "courriels/agent_change.html", agent_change),
    SorteDeCourriel("comptes.agent_nomme", "courriels/agent_nomme.txt", "courriels/agent_nomme.html", agent_nomme),
    SorteDeCourriel(
        "comptes.envoi_change_service",
        "courriels/envoi_change_service.txt",
        "courriels/envoi_change_service.html",
        envoi_change_service,
        libelle=_("Au service, quand un habitant fait ce choix"),
    ),
)
