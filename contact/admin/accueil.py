"""Ce que l'accueil dit des demandes, et la fiche d'une facture de celles qui en parlent."""

from django.db.models import Count, Min, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from contact.etats import EtatDemande
from contact.models import Demande
from contact.models.demandes import limite
from factures.models import Facture
from portail.gestion.champs import SAUF_LECTURE
from portail.gestion.registre import Carte, Chiffre, Reservee, Tableau, declarer_carte, declarer_tableau
from portail.models import Collectivite
from portail.templatetags.ui import jour


def _de_la_facture(facture: Facture) -> Tableau:
    lues = facture.demandes.select_related("usager").order_by("-pk")
    lignes = [(demande, str(demande.usager), demande.objet, demande.get_etat_display()) for demande in lues]
    titres = (_("Demande"), _("Personne"), _("Objet"), _("État"))
    return Tableau(_("Demandes"), tuple(Reservee(titre, SAUF_LECTURE) for titre in titres), lignes)


def _chiffres(collectivite: Collectivite) -> list[Chiffre]:
    liste = reverse("gestion:contact_demande_changelist")
    demandes = Demande.objects.filter(collectivite=collectivite)
    lus = demandes.ouvertes().aggregate(
        ouvertes=Count("pk"),
        a_prendre=Count("pk", filter=Q(assignee=None)),
        nouvelles=Count("pk", filter=Q(etat=EtatDemande.NOUVELLE)),
        retards=Count("pk", filter=Q(attend_depuis__lt=limite(collectivite))),
        ancienne=Min("attend_depuis"),
    )
    return [
        Chiffre(_("Ouvertes"), lus["ouvertes"], liste),
        Chiffre(_("Non lues"), lus["nouvelles"], f"{liste}?etat__exact={EtatDemande.NOUVELLE}"),
        Chiffre(
            _("En retard (10 jours ouvrés)"), lus["retards"], f"{liste}?attente=retard", alerte=bool(lus["retards"])
        ),
        Chiffre(_("À prendre"), lus["a_prendre"], f"{liste}?assignee=personne"),
        Chiffre(_("La plus ancienne attend depuis le"), jour(lus["ancienne"]) if lus["ancienne"] else ""),
    ]


declarer_tableau("factures.facture", _de_la_facture)
declarer_carte(Carte(_("Demandes"), "contact.demande", _chiffres, rang=0))
