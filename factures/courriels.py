"""« Une facture est disponible », et ce que devient un « J'ai déjà payé » : jamais un montant."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from comptes.models import Usager
from factures.etats import Statut
from factures.etats.rapprochement import EtatDeclaration
from factures.models import Declaration, Facture
from factures.services.avis import SORTE
from factures.services.rapprochement.declarations import SORTE as SORTE_DECLARATION
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


def reponse(collectivite: Collectivite, contexte: Mapping[str, Any]) -> Contenu | None:
    """Ce que le service répond à « J'ai déjà payé » ; rien si la personne s'est ravisée, ou ne voit plus la facture."""
    declarations = Declaration.objects.filter(pk=contexte["declaration"], etat=contexte["etat"])
    declaration = declarations.select_related("facture__regie", "usager").first()
    if declaration is None or not declaration.usager.is_active:
        return None
    if not Facture.objects.de(declaration.usager, chez=collectivite).filter(pk=declaration.facture_id).exists():
        return None
    confirmee = declaration.etat == EtatDeclaration.CONFIRMEE
    sujet = _("Votre règlement est bien arrivé") if confirmee else _("Nous n'avons pas trouvé votre règlement")
    facture = declaration.facture
    adresse = f"{collectivite.adresse}{facture.get_absolute_url()}?LIEN={collectivite.lien}"
    return Contenu(
        sujet, {"confirmee": confirmee, "numero": facture.numero, "service": facture.regie, "adresse": adresse}
    )


DECLARATION = SorteDeCourriel(SORTE_DECLARATION, "courriels/declaration.txt", "courriels/declaration.html", reponse)
