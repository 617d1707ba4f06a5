"""Le rapprochement là où on le cherche : sur l'accueil, sous la facture, et dans sa vie."""

from collections.abc import Iterator

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from factures.etats.rapprochement import EtatDeclaration, EtatEcart, GenreEcart
from factures.models import A_REGLER, ConfirmationReglement, Declaration, Ecart, Facture
from portail.gestion.frise import PAR_SOURCE, Evenement, declarer_frise
from portail.gestion.registre import Carte, Chiffre, Tableau, declarer_carte, declarer_tableau
from portail.models import Collectivite
from portail.montants import en_euros


def _de_la_facture(facture: Facture) -> Tableau:
    lus = facture.ecarts.select_related("facture").order_by("pk")
    lignes = [(e, e.jour, e.get_etat_display(), e.montant_ici, e.montant_la_bas) for e in lus]
    return Tableau(_("Écarts"), (_("Écart"), _("Jour"), _("État"), _("Ici"), _("Là-bas")), lignes)


def _vie(facture: Facture) -> Iterator[Evenement]:
    """Ce que le Trésor en a montré, et ce qui n'a pas concordé."""
    confirmes = ConfirmationReglement.objects.filter(reglement__facture=facture).select_related(
        "reglement", "retour", "depot"
    )
    for confirme in confirmes[:PAR_SOURCE]:
        source = confirme.retour or confirme.depot
        par = gettext("par un agent")
        if source:
            par = gettext("par le fichier du Trésor") if confirme.retour else gettext("par le fichier de règlements")
        phrase = gettext("%(somme)s confirmés %(par)s") % {"somme": en_euros(confirme.reglement.montant), "par": par}
        yield Evenement(confirme.cree_le, phrase, objet=source, ton="succes")
    for ecart in facture.ecarts.all()[:PAR_SOURCE]:
        phrase = gettext("Écart : %(genre)s") % {"genre": ecart.get_genre_display()}
        yield Evenement(ecart.cree_le, phrase, objet=ecart, ton="attente")


declarer_tableau("factures.facture", _de_la_facture)
declarer_frise("factures.facture", _vie)


def _chiffres(collectivite: Collectivite) -> list[Chiffre]:
    """Les écarts ouverts, et ce qui attend encore une confirmation."""
    ouverts = Ecart.objects.filter(collectivite=collectivite, etat=EtatEcart.OUVERT)
    lus = ouverts.aggregate(tous=Count("pk"), preleves=Count("pk", filter=Q(genre=GenreEcart.PRELEVEMENT)))
    dues = Facture.objects.filter(A_REGLER, collectivite=collectivite)
    declarees = Declaration.objects.filter(collectivite=collectivite, etat=EtatDeclaration.DECLAREE, facture__in=dues)
    liste = f"{reverse('gestion:factures_ecart_changelist')}?etat__exact={EtatEcart.OUVERT}"
    declarations = f"{reverse('gestion:factures_declaration_changelist')}?etat__exact={EtatDeclaration.DECLAREE}"
    return [
        Chiffre(_("Écarts à trancher"), lus["tous"], liste, alerte=bool(lus["tous"])),
        Chiffre(
            _("Prélèvements sans confirmation"),
            lus["preleves"],
            f"{liste}&genre__exact={GenreEcart.PRELEVEMENT}",
            alerte=bool(lus["preleves"]),
        ),
        Chiffre(_("« J'ai déjà payé » à vérifier"), declarees.count(), declarations),
    ]


declarer_carte(Carte(_("Rapprochement"), "factures.ecart", _chiffres))
