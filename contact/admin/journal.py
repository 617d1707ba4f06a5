"""Ce que les demandes écrivent au journal, en français, et la vie de chacune, courriels compris."""

from collections.abc import Iterator

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from contact.etats import Genre
from contact.models import Demande
from contact.services import ACCUSE, REPONSE
from portail.gestion.faits import Mot, declarer_actions, declarer_mots
from portail.gestion.frise import PAR_SOURCE, Evenement, courriels, declarer_frise

declarer_actions(
    "demandes",
    _("Demandes des habitants"),
    {
        "demande.ouverte": _("Demande reçue"),
        "demande.message": _("Message de la personne"),
        "demande.reponse": _("Réponse du service"),
        "demande.note": _("Note interne ajoutée"),
        "demande.assignee": _("Demande assignée"),
        "demande.liberee": _("Demande à prendre : son agent n'a plus accès"),
        "demande.service": _("Demande confiée à un autre service"),
        "demande.close": _("Demande close"),
        "demande.rouverte": _("Demande rouverte par le service"),
        "demandes.effacees": _("Demandes closes depuis un an effacées"),
        "reponse_type.ajoutee": _("Réponse type ajoutée"),
        "reponse_type.modifiee": _("Réponse type modifiée"),
        "reponse_type.retiree": _("Réponse type retirée"),
    },
)
declarer_mots(
    {
        "assignee": Mot(_("assignée au compte"), lambda cle: _t("n° %(cle)s") % {"cle": cle}),
        "pieces": Mot(_("pièces jointes")),
        "service": Mot(_("service")),
    }
)


def _d_une_demande(demande: Demande) -> Iterator[Evenement]:
    """Le sort de chaque courriel qu'elle a fait partir."""
    reponses = demande.messages.filter(genre=Genre.SERVICE).values_list("pk", flat=True)[:PAR_SOURCE]
    sujets = {f"{ACCUSE}:{demande.uuid}": _t("accusé de réception")}
    yield from courriels(demande.collectivite, sujets | {f"{REPONSE}:{cle}": _t("réponse") for cle in reponses})


declarer_frise("contact.demande", _d_une_demande)
