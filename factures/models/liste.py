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
    *("redevable_id", "uuid", "numero", "reference", "objet", "montant", "reste_du", "regie__libelle"),
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
    """Par compte client, année et service : ``nombre`` et ``du`` (euros, marquées comprises), et de quoi les nommer."""
    return list(_resume().filter(acces(usager, chez, par="lien")))


def par_compte_client(groupes: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """Le nom, l'``uuid`` et le dû de chaque compte client, par redevable ; rien à distinguer s'il n'y en a qu'un."""
    comptes: dict[int, dict[str, Any]] = {}
    for groupe in groupes:
        nom = groupe["nom_donne"] or f"{groupe['nom']} {groupe['prenom']} ({groupe['client']})".replace("  ", " ")
        compte = comptes.setdefault(groupe["redevable_id"], {"uuid": groupe["compte"], "nom": nom, "du": 0})
        compte["du"] += groupe["du"]
    return comptes if len(comptes) > 1 else {}


@cache
def _resume() -> Any:
    # Le rattachement d'où vient le nom est celui que filtrera l'accès : un seul lien, sinon un autre usager du même
    # compte client y mêlerait le sien et compterait double.
    lien = {f"lien__{champ}": F(f"redevable__rattachements__{champ}") for champ in ("usager", "etat", "nom_donne")}
    groupes = Facture.objects.alias(**lien).values(
        "redevable_id",
        "regie_id",
        annee=F("date_emission__year"),
        code=F("regie__code"),
        service=F("regie__libelle"),
        compte=F("redevable__uuid"),
        client=F("redevable__code"),
        nom=F("redevable__nom"),
        prenom=F("redevable__prenom"),
        nom_donne=F("lien__nom_donne"),
    )
    return groupes.annotate(nombre=Count("pk"), du=Sum("reste_du", filter=A_REGLER, default=0))
