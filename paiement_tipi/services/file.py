"""« Tout payer » : les paiements qui restent à faire, l'un après l'autre, déduits de la base et de rien d'autre."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import F

from comptes.models import Usager
from factures.etats import EtatFacture
from factures.models import A_REGLER, Facture
from paiement_tipi.etats import EtatPaiement
from paiement_tipi.models import Paiement
from paiement_tipi.services.groupes import Groupe, a_composer, composer
from portail.bornes import FACTURES_A_LA_SUITE
from portail.models import Collectivite

# Payés l'un après l'autre : au-delà, la personne est partie puis revenue, et recompte depuis un.
SERIE = timedelta(hours=1)
PAYES = (EtatPaiement.PAYE, EtatPaiement.PRELEVE)


@dataclass(frozen=True)
class File:
    """Les paiements à faire, chacun d'une facture ou de plusieurs, et le nombre de ceux qui viennent d'être faits.

    ``en_cours`` : les factures dont le paiement est commencé, ou attend d'être confirmé.
    """

    etapes: list[Groupe]
    faits: int
    en_cours: list[Facture]

    @property
    def total(self) -> Decimal:
        """Tout ce qui reste à payer ici."""
        return sum((etape.total for etape in self.etapes), Decimal(0))

    @property
    def rang(self) -> int:
        """Celui du prochain paiement."""
        return self.faits + 1

    @property
    def nombre(self) -> int:
        """Combien de paiements en tout."""
        return self.faits + len(self.etapes)


def file_de(usager: Usager, *, chez: Collectivite, maintenant: datetime) -> File:
    """Ce que cette personne peut payer en ligne dans cette commune, le plus urgent d'abord.

    Ce qu'elle a marqué comme réglé n'en est pas : elle dit l'avoir payé autrement.
    """
    siennes = a_composer(usager, chez).filter(A_REGLER)
    dans_l_ordre = siennes.order_by(F("date_echeance").asc(nulls_last=True), "date_emission", "pk")
    lues = list(dans_l_ordre[:FACTURES_A_LA_SUITE])
    payables = [f for f in lues if not f.empechement and not f.marquee]
    payables.sort(key=lambda f: f.regie.contrat_tipi.en_essai)  # un essai ne règle rien : il barrerait la suite
    faits = Paiement.objects.de(usager, chez=chez).filter(etat__in=PAYES, envoye_le__gt=maintenant - SERIE)
    return File(_etapes(payables), faits.count(), [f for f in lues if f.etat == EtatFacture.EN_COURS])


def _etapes(payables: list[Facture]) -> list[Groupe]:
    """Une facture emmène celles de son service qui peuvent partir avec elle."""
    etapes = []
    while payables:
        premiere = payables[0]
        etape = composer(payables) if premiere.groupable else Groupe([premiere], [])
        etapes.append(etape)
        parties = set(etape.retenues)
        payables = [facture for facture in payables if facture not in parties]
    return etapes
