"""Ce qu'un agent a sous les yeux en répondant : qui est la personne, ce qu'elle doit, ce qu'elle a payé et demandé."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from comptes.models import Rattachement
from contact.models import Demande
from factures.models import A_REGLER, Facture, Reglement
from portail.gestion.registre import Texte
from portail.templatetags.ui import jour, montant

LIGNES = 8


@dataclass(frozen=True)
class Bloc:
    """Des objets, chacun avec une précision ; ou la phrase qui dit qu'il n'y en a pas."""

    titre: Texte
    vide: Texte
    lignes: list[tuple[Any, str]]


def contexte(demande: Demande) -> list[Bloc]:
    """Dans la commune de la demande, et rien d'une autre."""
    return [_comptes(demande), _a_regler(demande), _paiements(demande), _autres(demande)]


def _comptes(demande: Demande) -> Bloc:
    siens = Rattachement.objects.de(demande.usager, chez=demande.collectivite)
    lignes = [(r.redevable, ", ".join(filter(None, (r.redevable.adresse, r.redevable.ville)))) for r in siens[:LIGNES]]
    return Bloc(_("Comptes clients"), _("Aucun compte client dans la commune."), lignes)


def _a_regler(demande: Demande) -> Bloc:
    siennes = Facture.objects.de(demande.usager, chez=demande.collectivite).filter(A_REGLER)
    lignes = [(f, f"{f.objet}, {montant(f.reste_du)}") for f in siennes.order_by("date_echeance", "pk")[:LIGNES]]
    return Bloc(_("Factures à régler"), _("Rien à régler."), lignes)


def _paiements(demande: Demande) -> Bloc:
    siennes = Facture.objects.de(demande.usager, chez=demande.collectivite).values("pk")
    recus = Reglement.objects.filter(facture__in=siennes).select_related("facture").order_by("-recu_le", "-pk")
    lignes = [
        (r.facture, f"{jour(r.recu_le)}, {r.get_sens_display()}, {montant(r.montant)}, {r.get_moyen_display()}")
        for r in recus[:LIGNES]
    ]
    return Bloc(_("Derniers règlements"), _("Aucun règlement."), lignes)


def _autres(demande: Demande) -> Bloc:
    autres = Demande.objects.de(demande.usager, chez=demande.collectivite).exclude(pk=demande.pk).order_by("-pk")
    lignes = [(autre, f"{autre.objet} ({autre.get_etat_display()})") for autre in autres[:LIGNES]]
    return Bloc(_("Ses autres demandes"), _("Aucune autre demande."), lignes)
