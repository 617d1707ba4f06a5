"""Ce que les comptes écrivent au journal, en français, et la vie d'un redevable."""

from collections.abc import Iterator

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from comptes.etats import Cause, EtatRattachement
from comptes.models import ModeEnvoi, MoyenDuChoix, Redevable
from portail.gestion.champs import SAUF_LECTURE
from portail.gestion.faits import Mot, declarer_actions, declarer_mots
from portail.gestion.frise import PAR_SOURCE, Evenement, declarer_frise
from portail.models import Journal

declarer_actions(
    "connexions",
    _("Connexions et mots de passe"),
    {
        "connexion.ouverte": _("Connexion"),
        "connexion.fermee": _("Déconnexion"),
        "connexion.fermees": _("Autres appareils déconnectés"),
        "connexion.refusee": _("Connexion refusée"),
        "mot_de_passe.oublie": _("Mot de passe oublié : un lien a été demandé"),
        "mot_de_passe.lien": _("Lien pour choisir un mot de passe envoyé"),
        "mot_de_passe.reinitialise": _("Nouveau mot de passe choisi par le lien reçu"),
        "mot_de_passe.change": _("Mot de passe changé"),
    },
)
declarer_actions(
    "comptes",
    _("Comptes et accès"),
    {
        "activation.demandee": _("Ouverture de compte demandée"),
        "activation.faite": _("Ouverture de compte terminée"),
        "compte.ouvert": _("Compte ouvert"),
        "compte.ferme": _("Compte fermé par l'exploitant"),
        "compte.rouvert": _("Compte rouvert par l'exploitant"),
        "compte.prevenu": _("Compte inutilisé : la personne est prévenue qu'il va se fermer"),
        "compte.quitte": _("Compte fermé dans cette commune"),
        "compte.efface": _("Compte fermé pour de bon : il n'est plus à personne"),
        "code.emis": _("Code d'activation créé pour un courrier"),
        "code.reconnu": _("Code d'activation essayé : le bon"),
        "code.refuse": _("Code d'activation essayé : refusé"),
        "adresse.demandee": _("Changement d'adresse mail demandé"),
        "adresse.validee": _("Nouvelle adresse mail confirmée"),
        "adresse.annulee": _("Changement d'adresse mail annulé"),
        f"rattachement.{EtatRattachement.ACTIF}": _("Accès ouvert aux factures d'un compte client"),
        f"rattachement.{EtatRattachement.SUSPENDU}": _("Accès suspendu par le service"),
        f"rattachement.{EtatRattachement.DETACHE}": _("Compte client détaché, par la personne ou la fin de son compte"),
        "redevable.envoi": _("Papier ou électronique : choix enregistré"),
        "copie.demandee": _("Copie des données : demandée"),
        "copie.prete": _("Copie des données : prête"),
        "copie.emportee": _("Copie des données : téléchargée"),
        "copie.effacee": _("Copie des données : effacée"),
    },
)
declarer_actions(
    "agents",
    _("Agents"),
    {
        "agent.invite": _("Agent invité"),
        "agent.reinvite": _("Invitation renvoyée"),
        "agent.accepte": _("Invitation acceptée"),
        "agent.role": _("Rôle changé"),
        "agent.suspendu": _("Accès suspendu, agent déconnecté"),
        "agent.retabli": _("Accès rétabli"),
        "agent.retire": _("Accès retiré, agent déconnecté"),
    },
)
declarer_mots(
    {
        "fermeture": Mot(_("fermeture"), lambda cause: Cause(cause).label),
        "mode": Mot(_("mode d'envoi"), lambda mode: ModeEnvoi(mode).label),
        "redevable": Mot(_("compte client")),
        "usager": Mot(_("compte"), lambda cle: gettext("n° %(cle)s") % {"cle": cle}),
    }
)


def _d_un_redevable(redevable: Redevable) -> Iterator[Evenement | Journal]:
    """Ses choix d'envoi, et qui s'est attaché à lui ou détaché."""
    for choix in redevable.choix_envoi.all():
        phrase = gettext("Factures au format %(mode)s, %(moyen)s")
        mots = {"mode": ModeEnvoi(choix.mode).label, "moyen": MoyenDuChoix(choix.moyen).label}
        yield Evenement(choix.le, phrase % mots, objet=choix)
        if choix.reference:
            yield Evenement(choix.le, gettext("Référence ou raison"), (choix.reference,), reserve=SAUF_LECTURE)
    cles = [str(cle) for cle in redevable.rattachements.values_list("pk", flat=True)]
    faits = Journal.objects.filter(objet="comptes.rattachement", identifiant__in=cles)
    yield from faits.filter(collectivite=redevable.collectivite_id)[:PAR_SOURCE]


declarer_frise("comptes.redevable", _d_un_redevable, tait=("redevable.envoi",))
