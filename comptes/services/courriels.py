"""Ce que dit le courriel d'activation, composé par l'ouvrier au moment de l'envoyer."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from comptes.models import Activation, Ouverture, Suite
from comptes.services.activation import COURRIEL, envoyer_le_lien
from portail.models import Collectivite
from portail.registre import Contenu, SorteDeCourriel

SUJETS = {
    Suite.LIEN: _("Choisissez votre mot de passe"),
    Suite.COMPTE: _("Vous avez déjà un compte"),
    Suite.INCONNUE: _("Votre adresse mail n'est pas encore connue"),
    Suite.CODES: _("Vos codes n'ont pas été reconnus"),
}


def composer(collectivite: Collectivite, contexte: Mapping[str, Any]) -> Contenu | None:
    """Le lien, ou pourquoi il n'y en a pas et quoi faire ; None si la demande a servi ou s'est perdue."""
    demandes = Activation.objects.select_related("collectivite", "code__redevable")
    activation = demandes.filter(uuid=contexte["activation"], collectivite=collectivite, consommee_le=None).first()
    if activation is None:
        return None
    suite = Ouverture.de(activation).suite
    return Contenu(SUJETS[suite], {"suite": suite, "lien": envoyer_le_lien(activation) if suite == Suite.LIEN else ""})


def _exemple(collectivite: Collectivite) -> Contenu:
    """Le lien de l'exemple n'active rien : il mène à la page où l'on demande le sien."""
    lien = f"{collectivite.adresse}{reverse('activation')}"
    return Contenu(SUJETS[Suite.LIEN], {"suite": Suite.LIEN, "lien": lien})


ACTIVATION = SorteDeCourriel(
    COURRIEL,
    "courriels/activation.txt",
    "courriels/activation.html",
    composer,
    libelle=_("À qui demande à activer son compte"),
    exemple=_exemple,
)
