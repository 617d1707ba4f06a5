"""Le justificatif d'un paiement en ligne, dû pour tout paiement fait sur un téléservice (CRPA, art. L112-11)."""

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from comptes.models import Usager
from factures.models import Facture
from paiement_tipi.etats import EtatPaiement
from paiement_tipi.models import Paiement, PartPaiement
from portail.charte import feuille
from portail.documents import rendre


@dataclass(frozen=True)
class Justificatif:
    """Ce qu'un paiement abouti prouve. ``rejete_le`` : quand la banque l'a repris, s'il ne vaut plus.

    ``parts`` : les siennes, ou celle d'une seule de ses factures, à qui n'a pas à montrer les autres.

    ``le`` : la date que donne PayFiP, sinon (``date_d_ici``) celle où nous l'avons su.
    """

    paiement: Paiement
    parts: list[PartPaiement]
    le: datetime
    date_d_ici: bool
    preleve: bool
    rejete_le: datetime | None

    @property
    def montant(self) -> Decimal:
        """La somme de ses parts, en euros."""
        return sum((part.montant for part in self.parts), Decimal(0))

    @property
    def partiel(self) -> bool:
        """Vrai si le paiement a aussi réglé d'autres factures, qu'il ne montre pas."""
        return self.montant != self.paiement.montant

    @property
    def titre(self) -> str:
        """Un prélèvement n'est encore qu'une demande."""
        if self.preleve:
            return _("Justificatif de demande de prélèvement")
        return _("Justificatif de paiement en ligne")


def justificatif_de(paiement: Paiement, *, facture: UUID | None = None) -> Justificatif | None:
    """D'un paiement de ``justifiables``, ou d'une seule de ses factures : deux requêtes, ses parts et ce qui lui est
    arrivé. Rien si cette facture n'en est pas.
    """
    parts = list(_parts(paiement, facture))
    if not parts:
        return None
    faits = {transition.vers: transition for transition in paiement.transitions.order_by("-pk")}
    rejet = faits.get(EtatPaiement.REJETE)
    abouti = EtatPaiement(rejet.de if rejet else paiement.etat)
    return Justificatif(
        paiement=paiement,
        parts=parts,
        le=paiement.date_payfip or faits[abouti].le,
        date_d_ici=paiement.date_payfip is None,
        preleve=abouti == EtatPaiement.PRELEVE,
        rejete_le=rejet.le if rejet else None,
    )


def _parts(paiement: Paiement, facture: UUID | None) -> QuerySet[PartPaiement]:
    parts = paiement.parts.select_related("facture").order_by("facture_id")
    return parts.filter(facture__uuid=facture) if facture else parts


def composer_justificatif(justificatif: Justificatif) -> bytes:
    """Son PDF balisé ; n'écrit rien."""
    commune = justificatif.paiement.collectivite
    contexte: dict[str, Any] = {
        "titre": justificatif.titre,
        "description": f"{justificatif.paiement.contrat.regie}, {justificatif.paiement.refdet}",
        "justificatif": justificatif,
        "collectivite": commune,
        "aujourd_hui": commune.aujourd_hui(),
    }
    return rendre("documents/justificatif.html", contexte, feuille=feuille(commune), logo=commune.logo)


def nom_du_justificatif(justificatif: Justificatif) -> str:
    """Un nom de fichier sûr, où se lit la référence du paiement, ou celle de la facture qu'il montre seule."""
    reference = justificatif.parts[0].facture.reference if justificatif.partiel else justificatif.paiement.refdet
    return f"justificatif-{re.sub(r'[^A-Za-z0-9-]', '', reference)}.pdf"


def adresse_du_justificatif(paiement: Paiement) -> str:
    """Sa page, que seule ouvre la personne qui a payé : son compte, ou le jeton du retour si elle n'en a pas."""
    if paiement.du_papier:
        return reverse("paiement_tipi:justificatif_du_papier", args=[paiement.jeton])
    return reverse("paiement_tipi:justificatif", args=[paiement.uuid])


def justificatifs_de(facture: Facture, usager: Usager) -> list[str]:
    """Les adresses de ceux que cette personne a pour cette facture, du plus ancien au plus récent."""
    siens = Paiement.objects.justifiables().filter(usager=usager, parts__facture=facture).order_by("pk")
    autres = PartPaiement.objects.filter(paiement=OuterRef("pk")).exclude(facture=facture)
    siens = siens.annotate(groupe=Exists(autres)).select_related("usager")
    return [
        adresse_de_la_part(paiement, facture) if paiement.groupe else adresse_du_justificatif(paiement)  # type: ignore[attr-defined]  # annoté
        for paiement in siens
    ]


def adresse_de_la_part(paiement: Paiement, facture: Facture) -> str:
    """Ce que ce paiement a réglé de cette facture, et d'elle seule."""
    return reverse("paiement_tipi:justificatif_de_facture", args=[paiement.uuid, facture.uuid])
