"""Qui peut quoi dans la gestion : relu à chaque requête, si bien qu'un droit retiré l'est dès la suivante."""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from portail.models import Affectation, Role

# Emporter une liste entière est aussi un acte.
_EXPORTS_RELATION = {
    "comptes.activation", "comptes.choixenvoi", "comptes.codeactivation", "comptes.rattachement", "comptes.redevable",
    "comptes.usager", "contact.demande", "portail.courriel",
}  # fmt: skip
_EXPORTS_FACTURATION = {
    "factures.consultation", "factures.declaration", "factures.depotreglements", "factures.ecart", "factures.facture",
    "factures.lignefacture", "factures.lotimport", "factures.reglement", "factures.retourtresor",
    "paiement_tipi.echangepayfip", "paiement_tipi.notificationtipi",
    "paiement_tipi.paiement", "paiement_tipi.partpaiement", "paiement_tipi.transitionpaiement",
}  # fmt: skip
_EXPORTS_COMMUNE = {
    "contact.reponsetype",
    "paiement_tipi.contrattipi",
    "portail.annonce",
    "portail.collectivite",
    "portail.regie",
}
_EXPORTS_ENCADREMENT = {"portail.affectation", "portail.journal"}
_EXPORTS_INSTALLATION = {"django_tasks_database.dbtaskresult", "portail.hote", "portail.sceau"}


def _exporter(*modeles: set[str]) -> frozenset[str]:
    return frozenset(f"{modele}.exporter" for groupe in modeles for modele in groupe)


# Les seules écritures possibles, par rôle : « app.modele.acte ». Le reste se lit.
_DEMANDES = frozenset({
    "contact.demande.assigner", "contact.demande.clore", "contact.demande.noter", "contact.demande.repondre",
    "contact.demande.rouvrir", "contact.demande.service", "contact.reponsetype.ajouter", "contact.reponsetype.modifier",
    "contact.reponsetype.retirer",
})  # fmt: skip
_RELATION = _DEMANDES | frozenset({
    "comptes.rattachement.retablir", "comptes.rattachement.suspendre", "comptes.redevable.formulaire",
    "comptes.redevable.imprimer", "comptes.redevable.inviter", "comptes.redevable.papier",
    "portail.annonce.annoncer", "portail.annonce.modifier", "portail.annonce.retirer", "portail.collectivite.codes",
}) | _exporter(_EXPORTS_RELATION, _EXPORTS_COMMUNE)  # fmt: skip
_LOTS = frozenset(f"factures.lotimport.{acte}" for acte in (
    "annuler", "avertir", "colonnes", "conflits", "corriger", "deposer", "deprogrammer", "publier", "redeposer",
    "relancer", "relier", "renoncer",
))  # fmt: skip
_A_LA_MAIN = frozenset({
    "factures.depotreglements.annuler", "factures.depotreglements.deposer", "factures.depotreglements.ecarts",
    "factures.depotreglements.enregistrer", "factures.depotreglements.renoncer", "factures.depotreglements.relire",
    "factures.facture.attendre", "factures.facture.avertir", "factures.facture.corriger", "factures.facture.creer",
    "factures.facture.document",
    "factures.facture.encaisser", "factures.facture.prolonger", "factures.facture.publier",
    "factures.facture.rembourser", "factures.facture.remplacer", "factures.facture.reprendre",
    "factures.facture.revoquer_papier",
    "factures.reglement.rejeter", "factures.retourtresor.deposer",
    *(f"factures.ecart.{acte}" for acte in (
        "classer", "confirmer", "confirmer_declare", "designer", "enregistrer", "infirmer", "rejeter",
    )),
})  # fmt: skip
_FACTURATION = _RELATION | _A_LA_MAIN | _LOTS | _exporter(_EXPORTS_FACTURATION) | frozenset({
    "factures.facture.annuler", "paiement_tipi.paiement.confirmer", "paiement_tipi.paiement.infirmer",
    "paiement_tipi.paiement.interroger", "portail.courriel.relancer",
    "portail.regie.changer", "portail.regie.papier", "portail.regie.reprendre", "portail.regie.suspendre",
})  # fmt: skip
_VOIR = frozenset({"comptes.redevable.voir", "comptes.usager.voir"})  # l'exploitant, l'accès ouvert
_AGENTS = frozenset(
    f"portail.affectation.{acte}" for acte in ("inviter", "renvoyer", "retablir", "retirer", "role", "suspendre")
)
# Ce que la commune dit d'elle-même : l'exploitant l'aide à se préparer.
_IDENTITE = frozenset(
    f"portail.collectivite.{acte}" for acte in ("accessibilite", "couleur", "identite", "logo", "retirer_le_logo")
)
_CONTRATS = frozenset(
    f"paiement_tipi.contrattipi.{acte}" for acte in ("grouper", "mettre_en_service", "modifier", "verifier")
)
_SERVICES = frozenset(
    f"portail.regie.{acte}" for acte in ("ajouter", "fermer", "mode", "moyens", "renommer", "rouvrir", "supprimer")
)
ACTES: dict[Role, frozenset[str]] = {
    Role.LECTURE: frozenset(),
    Role.RELATION: _RELATION | _VOIR,
    Role.FACTURATION: _FACTURATION | _VOIR,
    Role.ADMINISTRATION: _FACTURATION
    | _VOIR
    | _AGENTS
    | _IDENTITE
    | _SERVICES
    | _CONTRATS
    | {"portail.collectivite.ouvrir", "portail.collectivite.textes"}
    | {"portail.regie.raccorder"}
    | _exporter(_EXPORTS_ENCADREMENT, {"comptes.visite"}),
    Role.EXPLOITANT: _AGENTS
    | _VOIR
    | _IDENTITE
    | _CONTRATS
    | {"paiement_tipi.paiement.interroger", "portail.affectation.exploitant"}
    | {"portail.collectivite.adresse", "portail.collectivite.creer", "portail.courriel.relancer"}
    | {"portail.regie.raccorder"}
    | _exporter(_EXPORTS_COMMUNE, _EXPORTS_ENCADREMENT, _EXPORTS_INSTALLATION),
}  # fmt: skip

CONTENU_SECONDES = 60 * 60
_CLE = "acces_au_contenu"


@dataclass(frozen=True)
class Acces:
    """Ce que peut une personne dans la commune de la requête.

    ``installation`` : voit aussi ce qui n'est à aucune commune. ``contenu`` : voit factures, paiements et redevables.
    ``depuis`` : quand son rôle ou son état a changé ; ce qu'elle avait ouvert avant ne vaut plus. L'exploitant de
    l'installation n'en a pas.
    """

    role: Role
    installation: bool
    contenu: bool
    depuis: datetime | None

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
        return _acces(request, Role.EXPLOITANT, None)
    ici = Affectation.objects.actives().filter(usager_id=request.user.pk, collectivite=request.collectivite)
    trouvee = ici.values_list("role", "depuis").first()
    return _acces(request, Role(trouvee[0]), trouvee[1]) if trouvee else None


def _acces(request: Any, role: Role, depuis: datetime | None) -> Acces:
    contenu = role != Role.EXPLOITANT or _ouvert_jusqu_a(request, depuis) is not None
    return Acces(role, installation=request.user.is_superuser, contenu=contenu, depuis=depuis)


def contenu_jusqu_a(request: Any) -> int | None:
    """L'heure (secondes Unix) où se ferme l'accès au contenu de cette commune, ouvert par cette personne."""
    droit = acces(request)
    return _ouvert_jusqu_a(request, droit.depuis) if droit else None


def _ouvert_jusqu_a(request: Any, depuis: datetime | None) -> int | None:
    ouverture = request.session.get(_CLE)
    if ouverture is None or ouverture["pour"] != _pour(request, depuis) or ouverture["jusqu_a"] <= time.time():
        return None
    return int(ouverture["jusqu_a"])


def ouvrir_le_contenu(request: HttpRequest, droit: Acces, *, jusqu_a: datetime) -> None:
    """Pour la commune de la requête ; l'appelant l'a noté au journal."""
    request.session[_CLE] = {"pour": _pour(request, droit.depuis), "jusqu_a": int(jusqu_a.timestamp())}


def fermer_le_contenu(request: HttpRequest) -> None:
    """Tout de suite."""
    request.session.pop(_CLE, None)


def _pour(request: Any, depuis: datetime | None) -> list[Any]:
    # Se connecter dans une autre commune garde la session de Django : la commune et le compte en font partie. Un rôle
    # retiré puis rendu ne rouvre rien non plus.
    return [request.user.pk, request.collectivite.pk, depuis and depuis.isoformat()]
