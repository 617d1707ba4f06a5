"""Un compte qui a tout ce qu'un compte peut avoir, et ce qu'il en reste."""

from typing import Any
from uuid import uuid4

from django.apps import apps
from django.db.models import CharField, JSONField, TextField
from django.utils import timezone

from comptes import services
from comptes.models import Redevable, Usager
from factures.models import Facture
from paiement_tipi.models import Paiement


def tentative(facture: Facture, de: Usager, **champs: Any) -> Paiement:
    """Un paiement de cette facture par cette personne, sans idop : PayFiP n'a pas encore répondu."""
    contrat = facture.regie.contrat_tipi
    paiement = Paiement.objects.create(
        collectivite=facture.collectivite, contrat=contrat, usager=de, formulaire=uuid4(), numcli=contrat.numcli,
        saisie="W", exer="2026", refdet=facture.reference, montant=facture.montant, mel=de.email, **champs,
    )  # fmt: skip
    paiement.parts.create(facture=facture, collectivite=facture.collectivite, montant=facture.montant)
    return paiement


def sans_papier(usager: Usager, redevable: Redevable) -> None:
    Usager.objects.filter(pk=usager.pk).update(courriel_confirme_le=timezone.now())
    usager.refresh_from_db()
    services.recevoir_par_mail(usager=usager, redevable=redevable)


def ou_se_lit(texte: str) -> set[str]:
    """Les colonnes de la base où ce texte se trouve encore."""
    return {
        f"{modele._meta.label_lower}.{champ.name}"
        for modele in apps.get_models()
        for champ in modele._meta.local_fields
        if isinstance(champ, CharField | TextField | JSONField)
        for valeur in modele._default_manager.values_list(champ.name, flat=True)
        if texte in str(valeur)
    }
