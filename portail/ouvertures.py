"""L'exploitant lit le contenu d'une commune : pourquoi, jusqu'à quand, et la commune prévenue."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portail.courriels import deposer
from portail.journal import noter
from portail.models import Affectation, Collectivite, Journal
from portail.registre import Contenu, SorteDeCourriel

OUVERT, FERME = "contenu.ouvert", "contenu.ferme"


@transaction.atomic
def ouvrir(*, collectivite: Collectivite, exploitant: int, motif: str, jusqu_a: datetime) -> None:
    """Note au journal qu'il va lire, et l'écrit aux responsables de la commune, une fois chacun."""
    apres = {"motif": motif, "au_plus_tard": jusqu_a.isoformat()}
    noter(OUVERT, sur=collectivite, collectivite=collectivite.pk, apres=apres)
    prevenir_les_responsables(collectivite, CONTENU_OUVERT.nom, {"exploitant": exploitant, **apres})


def fermer(*, collectivite: Collectivite) -> None:
    """Il a fini avant l'heure."""
    noter(FERME, sur=collectivite, collectivite=collectivite.pk)


def recentes(collectivite: Collectivite) -> QuerySet[Journal]:
    """Ce que le journal en garde, la dernière d'abord."""
    return Journal.objects.filter(objet=collectivite._meta.label_lower, identifiant=str(collectivite.pk), action=OUVERT)


def prevenir_les_responsables(collectivite: Collectivite, sorte: str, contexte: dict[str, Any], *sauf: str) -> None:
    """Le même message à ses administrateurs et à son adresse de contact."""
    agents = Affectation.objects.administrateurs(collectivite).select_related("usager")
    adresses = {collectivite.courriel_contact, *(agent.adresse for agent in agents)}
    for adresse in sorted(adresses - {"", *sauf}):
        cle = f"{sorte}:{uuid4()}"
        deposer(sorte=sorte, cle=cle, collectivite=collectivite, destinataire=adresse, contexte=contexte)


def _composer(collectivite: Collectivite, contexte: Mapping[str, Any]) -> Contenu:
    valeurs = {
        "exploitant": get_user_model()._default_manager.filter(pk=contexte["exploitant"]).first(),
        "motif": contexte["motif"],
        "jusqu_a": datetime.fromisoformat(contexte["au_plus_tard"]),
        "gestion": f"{collectivite.adresse}{reverse('gestion:index')}",
    }
    return Contenu(_("L'exploitant lit les factures de votre commune"), valeurs)


CONTENU_OUVERT = SorteDeCourriel(
    "portail.contenu_ouvert", "courriels/contenu_ouvert.txt", "courriels/contenu_ouvert.html", _composer
)
