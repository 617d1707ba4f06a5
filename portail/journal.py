"""Écrire au journal, le sceller, le vérifier."""

import hashlib
import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.utils import timezone

from portail.correlation import courante
from portail.models import Journal, Sceau

# Une transaction ne dure pas si longtemps : au-delà, plus aucune entrée ne peut apparaître dans la plage.
DELAI_AVANT_SCEAU = timedelta(minutes=5)
PAR_SCEAU = 5000
CHAMPS = ("pk", "le", "collectivite", "acteur", "action", "objet", "identifiant", "avant", "apres", "correlation")


def noter(action: str, *, sur: models.Model, **faits: Any) -> None:
    """Ajoute un fait, dans la transaction de l'acte : l'un n'existe pas sans l'autre.

    ``faits`` : ``avant`` et ``apres`` (états et montants en centimes, jamais un nom ni une adresse), ``acteur`` (la clé
    d'un compte, sinon la personne connectée), ``collectivite`` (sa clé, sinon celle de l'objet).
    """
    _entree(action, sur, **faits).save()


def noter_chacun(action: str, *, sur: Iterable[models.Model], **faits: Any) -> None:
    """Le même fait sur plusieurs objets, en une écriture."""
    Journal.objects.bulk_create([_entree(action, objet, **faits) for objet in sur], batch_size=1000)


def _entree(action: str, sur: models.Model, **faits: Any) -> Journal:
    origine = courante()
    entree = Journal(
        action=action,
        objet=sur._meta.label_lower,
        identifiant=str(getattr(sur, "uuid", sur.pk)),
        collectivite=getattr(sur, "collectivite_id", None),
        acteur=origine.acteur(),
        correlation=origine.correlation,
    )
    for champ, valeur in faits.items():
        setattr(entree, champ, valeur)
    return entree


@transaction.atomic
def sceller() -> int:
    """Scelle les entrées assez anciennes, par plages ; rend le nombre d'entrées scellées."""
    dernier = Sceau.objects.order_by("-dernier").first()
    entrees = Journal.objects.filter(le__lt=timezone.now() - DELAI_AVANT_SCEAU).order_by("pk")
    plage = list(entrees.filter(pk__gt=dernier.dernier if dernier else 0)[:PAR_SCEAU])
    if not plage:
        return 0
    precedent = dernier.empreinte if dernier else ""
    Sceau.objects.create(
        premier=plage[0].pk,
        dernier=plage[-1].pk,
        nombre=len(plage),
        precedent=precedent,
        empreinte=empreinte(plage, precedent),
    )
    return len(plage)


def empreinte(plage: list[Journal], precedent: str) -> str:
    """SHA-256 des entrées d'une plage, chaîné à l'empreinte de la précédente."""
    somme = hashlib.sha256(precedent.encode())
    for entree in plage:
        valeurs = [getattr(entree, champ) for champ in CHAMPS]
        somme.update(json.dumps(valeurs, cls=DjangoJSONEncoder, sort_keys=True, ensure_ascii=False).encode())
    return somme.hexdigest()


def verifier() -> list[str]:
    """Les anomalies, en phrases ; vide si le journal est intact. Une plage retirée entière n'en est pas une."""
    anomalies, precedent = [], ""
    for sceau in Sceau.objects.order_by("pk").iterator():
        if sceau.precedent != precedent:
            anomalies.append(f"Le sceau {sceau} ne suit pas le précédent.")
        plage = list(Journal.objects.filter(pk__range=(sceau.premier, sceau.dernier)).order_by("pk"))
        if plage and empreinte(plage, sceau.precedent) != sceau.empreinte:
            anomalies.append(f"Les entrées {sceau} ne sont plus celles qui ont été scellées.")
        precedent = sceau.empreinte
    return anomalies
