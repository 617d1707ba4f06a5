"""Ce que le rez-de-chaussée écrit au journal, en français."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from portail.etats import EtatCourriel
from portail.gestion.faits import Mot, declarer_actions, declarer_mots
from portail.templatetags.ui import instant

E = EtatCourriel


def _heure(iso: str) -> str:
    return instant(datetime.fromisoformat(iso))


declarer_actions(
    "commune",
    _("Commune et services"),
    {
        "collectivite.creee": _("Commune créée"),
        "collectivite.modifiee": _("Réglages de la commune changés"),
        "collectivite.logo": _("Logo de la commune changé"),
        "collectivite.logo_retire": _("Logo de la commune retiré"),
        "collectivite.adresse": _("Adresse ou noms d'hôte de la commune changés"),
        "collectivite.ouverte": _("Portail ouvert aux habitants"),
        "regie.creee": _("Service ajouté"),
        "regie.modifiee": _("Service modifié"),
        "regie.moyens": _("Moyens de payer sans internet changés"),
        "regie.fermee": _("Service fermé"),
        "regie.rouverte": _("Service rouvert"),
        "regie.supprimee": _("Service supprimé"),
        "regie.suspendue": _("Paiement en ligne suspendu"),
        "regie.reprise": _("Paiement en ligne repris"),
        "regie.suspension_changee": _("Suspension du paiement en ligne changée"),
    },
)
declarer_actions(
    "annonces",
    _("Annonces"),
    {
        "annonce.creee": _("Annonce écrite"),
        "annonce.modifiee": _("Annonce modifiée"),
        "annonce.retiree": _("Annonce retirée"),
    },
)
declarer_actions(
    "courriels",
    _("Courriels"),
    {
        f"courriel.{E.ENVOYE}": _("Courriel accepté par le serveur de courriel"),
        f"courriel.{E.SANS_OBJET}": _("Courriel devenu sans objet : il n'est pas parti"),
        f"courriel.{E.REFUSE}": _("Courriel refusé : l'adresse n'en veut pas"),
        f"courriel.{E.ABANDONNE}": _("Courriel abandonné après trop d'essais"),
        "courriel.relance": _("Courriel remis en file par un agent"),
        "courriel.texte": _("Texte d'un courriel changé"),
        "courriel.essai": _("Essai d'un courriel envoyé à un agent"),
    },
)
declarer_actions(
    "surveillance",
    _("Accès, exports et limites"),
    {
        "contenu.ouvert": _("L'exploitant a ouvert l'accès aux factures"),
        "contenu.ferme": _("L'exploitant a fermé son accès aux factures"),
        "liste.exportee": _("Liste exportée"),
        "limite.depassee": _("Trop de demandes : une limite a été atteinte"),
        "tache.abandonnee": _("Travail de fond abandonné"),
        "journal.retire": _("Entrées anciennes retirées du journal"),
    },
)
declarer_mots({
    "au_plus_tard": Mot(_("au plus tard"), _heure),
    "debut": Mot(_("à partir de"), _heure),
    "fin": Mot(_("jusqu'à"), _heure),
    "filtres": Mot(_("filtres")),
    "format": Mot(_("format")),
    "hotes": Mot(_("noms d'hôte")),
    "jusqu_a": Mot(_("jusqu'à l'entrée")),
    "lignes": Mot(_("lignes")),
    "liste": Mot(_("liste")),
    "limite": Mot(_("limite")),
    "minutes": Mot(_("minutes")),
    "motif": Mot(_("motif")),
    "nombre": Mot(_("nombre")),
    "raison": Mot(_("raison")),
    "recherche": Mot(_("avec une recherche")),
    "sorte": Mot(_("sorte")),
    "tache": Mot(_("tâche")),
})  # fmt: skip
