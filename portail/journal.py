"""Écrire au journal, le sceller, le vérifier."""

import hashlib
import json
import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.utils import timezone

from portail import ajout_seul
from portail.correlation import courante
from portail.models import Journal, Sceau

traces = logging.getLogger(__name__)

# Une transaction ne dure pas si longtemps : au-delà, plus aucune entrée ne peut apparaître dans la plage.
DELAI_AVANT_SCEAU = timedelta(minutes=5)
PAR_SCEAU = 5000
RETRAIT = "journal.retire"
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
    """Scelle les entrées assez anciennes, par plages qui se touchent ; rend le nombre d'entrées scellées.

    L'empreinte est aussi écrite dans les traces, hors de la base : qui referait toute la chaîne s'y trahirait.
    """
    dernier = Sceau.objects.order_by("-dernier").first()
    premier = dernier.dernier + 1 if dernier else 1
    entrees = Journal.objects.filter(le__lt=timezone.now() - DELAI_AVANT_SCEAU).order_by("pk")
    plage = list(entrees.filter(pk__gte=premier)[:PAR_SCEAU])
    if not plage:
        return 0
    precedent = dernier.empreinte if dernier else ""
    sceau = Sceau.objects.create(
        premier=premier,
        dernier=plage[-1].pk,
        nombre=len(plage),
        precedent=precedent,
        empreinte=empreinte(plage, precedent),
    )
    traces.info("journal scellé %s %s", sceau, sceau.empreinte)
    return len(plage)


def empreinte(plage: list[Journal], precedent: str) -> str:
    """SHA-256 des entrées d'une plage, chaîné à l'empreinte de la précédente."""
    somme = hashlib.sha256(precedent.encode())
    for entree in plage:
        valeurs = [getattr(entree, champ) for champ in CHAMPS]
        somme.update(json.dumps(valeurs, cls=DjangoJSONEncoder, sort_keys=True, ensure_ascii=False).encode())
    return somme.hexdigest()


def verifier() -> list[str]:
    """Les anomalies, en phrases ; vide si le journal est intact et n'a perdu que ce que ``retirer`` en a ôté."""
    anomalies, precedent, suivant = [], "", 1
    retire = (
        Journal.objects.filter(action=RETRAIT).order_by("-pk").values_list("apres__jusqu_a", flat=True).first() or 0
    )
    for sceau in Sceau.objects.order_by("pk").iterator():
        if (sceau.precedent, sceau.premier) != (precedent, suivant):
            anomalies.append(f"Le sceau {sceau} ne suit pas le précédent.")
        plage = list(Journal.objects.filter(pk__range=(sceau.premier, sceau.dernier)).order_by("pk"))
        if empreinte(plage, sceau.precedent) != sceau.empreinte and (plage or sceau.dernier > retire):
            anomalies.append(f"Les entrées {sceau} ne sont plus celles qui ont été scellées.")
        precedent, suivant = sceau.empreinte, sceau.dernier + 1
    return anomalies


@transaction.atomic
def retirer(*, avant: datetime) -> int:
    """Efface les plages scellées avant cet instant ; leurs sceaux restent, et une entrée dit jusqu'où.

    Rend le nombre d'entrées effacées : zéro s'il n'y avait rien à effacer, et rien n'est alors noté.
    """
    dernier = Sceau.objects.filter(scelle_le__lt=avant).order_by("-dernier").first()
    anciennes = Journal.objects.filter(pk__lte=dernier.dernier if dernier else 0)
    if dernier is None or not anciennes.exists():
        return 0
    with ajout_seul.levee():
        nombre, _ = anciennes.delete()
    noter(RETRAIT, sur=dernier, apres={"jusqu_a": dernier.dernier, "nombre": nombre})
    return nombre
