"""« Une facture est disponible » : rien d'autre, et l'adresse de la commune."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from comptes.models import Usager
from factures.etats import Statut
from factures.models import Facture
from factures.services.avis import SORTE
from portail.models import Collectivite
from portail.registre import Contenu, SorteDeCourriel


def disponible(collectivite: Collectivite, contexte: Mapping[str, Any]) -> Contenu | None:
    """Ni montant, ni service, ni document. Rien à dire si la publication a été défaite, ou l'accès fermé."""
    personne = Usager.objects.filter(pk=contexte["usager"], is_active=True, courriel_confirme_le__isnull=False).first()
    if personne is None:
        return None
    lesquelles = {"lot": contexte["lot"]} if "lot" in contexte else {"pk__in": contexte["factures"]}
    nombre = Facture.objects.de(personne, chez=collectivite).filter(statut=Statut.PUBLIEE, **lesquelles).count()
    return _dire(collectivite, nombre) if nombre else None


def _dire(collectivite: Collectivite, nombre: int) -> Contenu:
    portail = f"{collectivite.adresse}{reverse('factures:accueil')}?LIEN={collectivite.lien}"
    sujet = _("Une facture est disponible") if nombre == 1 else _("Des factures sont disponibles")
    return Contenu(sujet, {"nombre": nombre, "portail": portail})


def _exemple(collectivite: Collectivite) -> Contenu:
    return _dire(collectivite, 1)


DISPONIBLE = SorteDeCourriel(
    SORTE,
    "courriels/disponible.txt",
    "courriels/disponible.html",
    disponible,
    libelle=_("À qui reçoit ses factures par le portail, quand l'une arrive"),
    exemple=_exemple,
)
