"""Qui peut quoi dans la gestion : relu à chaque requête, si bien qu'un droit retiré l'est dès la suivante."""

import time
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from portail.models import Affectation, Role

# Emporter une liste entière est aussi un acte.
_EXPORTS_RELATION = {
    "comptes.activation", "comptes.choixenvoi", "comptes.codeactivation", "comptes.rattachement", "comptes.redevable",
    "comptes.usager", "portail.courriel",
}  # fmt: skip
_EXPORTS_FACTURATION = {
    "factures.consultation", "factures.declaration", "factures.facture", "factures.lignefacture", "factures.lotimport",
    "factures.reglement", "paiement_tipi.notificationtipi", "paiement_tipi.paiement", "paiement_tipi.partpaiement",
    "paiement_tipi.transitionpaiement",
}  # fmt: skip
_EXPORTS_COMMUNE = {"paiement_tipi.contrattipi", "portail.collectivite", "portail.regie"}
_EXPORTS_ENCADREMENT = {"portail.affectation", "portail.journal"}
_EXPORTS_INSTALLATION = {"django_tasks_database.dbtaskresult", "portail.hote", "portail.sceau"}


def _exporter(*modeles: set[str]) -> frozenset[str]:
    return frozenset(f"{modele}.exporter" for groupe in modeles for modele in groupe)


# Les seules écritures possibles, par rôle : « app.modele.acte ». Le reste se lit.
_RELATION = frozenset({
    "comptes.rattachement.retablir", "comptes.rattachement.suspendre", "comptes.redevable.formulaire",
    "comptes.redevable.imprimer", "comptes.redevable.inviter", "comptes.redevable.papier", "portail.collectivite.codes",
}) | _exporter(_EXPORTS_RELATION, _EXPORTS_COMMUNE)  # fmt: skip
_LOTS = frozenset(f"factures.lotimport.{acte}" for acte in (
    "annuler", "avertir", "colonnes", "conflits", "corriger", "deposer", "deprogrammer", "publier", "redeposer",
    "relancer", "relier", "renoncer",
))  # fmt: skip
_FACTURATION = _RELATION | _LOTS | _exporter(_EXPORTS_FACTURATION) | frozenset({
    "factures.facture.annuler", "paiement_tipi.paiement.interroger", "portail.courriel.relancer",
    "portail.regie.changer", "portail.regie.papier", "portail.regie.reprendre", "portail.regie.suspendre",
})  # fmt: skip
ACTES: dict[Role, frozenset[str]] = {
    Role.LECTURE: frozenset(),
    Role.RELATION: _RELATION,
    Role.FACTURATION: _FACTURATION,
    Role.ADMINISTRATION: _FACTURATION
    | {"paiement_tipi.contrattipi.modifier", "portail.collectivite.modifier", "portail.regie.renommer"}
    | {"portail.regie.raccorder"}
    | _exporter(_EXPORTS_ENCADREMENT),
    Role.EXPLOITANT: frozenset({
        "paiement_tipi.contrattipi.modifier", "paiement_tipi.paiement.interroger", "portail.collectivite.modifier",
        "portail.courriel.relancer", "portail.regie.raccorder",
    }) | _exporter(_EXPORTS_COMMUNE, _EXPORTS_ENCADREMENT, _EXPORTS_INSTALLATION),
}  # fmt: skip

CONTENU_SECONDES = 60 * 60
_CLE = "acces_au_contenu"


@dataclass(frozen=True)
class Acces:
    """Ce que peut une personne dans la commune de la requête.

    ``installation`` : voit aussi ce qui n'est à aucune commune. ``contenu`` : voit factures, paiements et redevables.
    """

    role: Role
    installation: bool
    contenu: bool

    def peut(self, acte: str) -> bool:
        """Vrai si son rôle permet cet acte."""
        return acte in ACTES[self.role]

    def lit(self, reserve: frozenset[Role]) -> bool:
        """Vrai si son rôle lit ce qui est réservé à ceux-là, qui est toujours du contenu."""
        return self.contenu and self.role in reserve


def acces(request: Any) -> Acces | None:
    """L'accès de la personne connectée, cherché une fois par requête ; None si la gestion lui est fermée."""
    if not hasattr(request, "acces_gestion"):
        request.acces_gestion = _chercher(request)
    trouve: Acces | None = request.acces_gestion
    return trouve


def _chercher(request: Any) -> Acces | None:
    if not (request.user.is_active and request.user.is_staff):
        return None
    if request.user.is_superuser:
        role: str | None = Role.EXPLOITANT
    else:
        ici = Affectation.objects.filter(usager_id=request.user.pk, collectivite=request.collectivite)
        role = ici.values_list("role", flat=True).first()
    if role is None:
        return None
    contenu = role != Role.EXPLOITANT or contenu_jusqu_a(request) is not None
    return Acces(Role(role), installation=request.user.is_superuser, contenu=contenu)


def contenu_jusqu_a(request: Any) -> int | None:
    """L'heure (secondes Unix) où se ferme l'accès au contenu de cette commune, ouvert par cette personne."""
    ouverture = request.session.get(_CLE)
    if ouverture is None or ouverture["pour"] != _pour(request) or ouverture["jusqu_a"] <= time.time():
        return None
    return int(ouverture["jusqu_a"])


def ouvrir_le_contenu(request: HttpRequest) -> None:
    """Pour une heure et pour la commune de la requête ; l'appelant l'a noté au journal."""
    request.session[_CLE] = {"pour": _pour(request), "jusqu_a": int(time.time()) + CONTENU_SECONDES}


def fermer_le_contenu(request: HttpRequest) -> None:
    """Tout de suite."""
    request.session.pop(_CLE, None)


def _pour(request: Any) -> list[int]:
    # Se connecter dans une autre commune garde la session de Django : la commune et le compte en font partie.
    return [request.user.pk, request.collectivite.pk]
