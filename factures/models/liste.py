"""Ce que lit la liste à chaque visite ; ce qui n'y dépend pas de la personne est gardé prêt d'une visite à l'autre."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from typing import Any, ClassVar

from django.db.models import Count, F, Sum

from comptes.models import Usager
from factures.models.factures import Facture, FactureQuerySet, acces
from factures.models.situation import A_REGLER, a_regler, cause, marquee, situation, suite
from portail.models import Collectivite

CHAMPS_D_UNE_LIGNE = (
    *("uuid", "numero", "reference", "objet", "montant", "reste_du", "regie__libelle"),
    *("date_emission", "date_echeance", "date_prelevement"),
)
# Ce qui reste à régler, puis l'historique, chacun du plus récent au plus ancien.
ORDRE = ("-a_regler", "-date_emission", "-pk")
# Au-delà, la base prend moins de temps à trier d'abord les seules clés.
GRAND_COMPTE = 500


@dataclass(frozen=True)
class ListeDeFactures:
    """Les factures d'une personne qui suivent les ``criteres`` de ``choisies``, à compter et à couper en pages."""

    ordered: ClassVar[bool] = True  # lu par Paginator

    usager: Usager
    chez: Collectivite
    criteres: Mapping[str, Any]
    en_tout: int  # sans critère, d'après ``resume_par_service``

    def count(self) -> int:
        """Leur nombre, que la base ne recompte que s'il y a des critères."""
        return self._choisies().count() if self.criteres else self.en_tout

    def __getitem__(self, tranche: slice) -> FactureQuerySet:
        if self.criteres or self.en_tout <= GRAND_COMPTE:
            return self._choisies()[tranche]
        return self._lignes().filter(pk__in=_cles().filter(acces(self.usager, self.chez))[tranche])

    def _choisies(self) -> FactureQuerySet:
        return self._lignes().filter(acces(self.usager, self.chez)).choisies(**self.criteres)

    def _lignes(self) -> FactureQuerySet:
        lignes: FactureQuerySet = _lignes(self.chez.aujourd_hui()).annotate(marquee=marquee(self.usager))
        return lignes


@lru_cache(maxsize=4)  # les communes ne changent pas toutes de jour au même instant
def _lignes(aujourd_hui: date) -> Any:
    factures: Any = Facture.objects.select_related("regie").only(*CHAMPS_D_UNE_LIGNE)
    factures = factures.alias(cause=cause(aujourd_hui), suite=suite(aujourd_hui))
    return factures.annotate(a_regler=a_regler(), situation=situation(aujourd_hui)).order_by(*ORDRE)


@cache
def _cles() -> Any:
    factures: Any = Facture.objects.all()
    return factures.alias(a_regler=a_regler()).order_by(*ORDRE).values("pk")


def resume_par_service(usager: Usager, *, chez: Collectivite) -> list[dict[str, Any]]:
    """Par année et service : ``annee``, ``code``, ``service``, ``nombre`` et ``du`` (euros, marquées comprises)."""
    return list(_resume().filter(acces(usager, chez)))


@cache
def _resume() -> Any:
    groupes = Facture.objects.values(annee=F("date_emission__year"), code=F("regie__code"), service=F("regie__libelle"))
    return groupes.annotate(nombre=Count("pk"), du=Sum("reste_du", filter=A_REGLER, default=0))
