"""Ce que l'exploitant règle : une commune nouvelle, son code, son adresse et ses noms d'hôte."""

from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from portail.journal import noter
from portail.models import Collectivite, Hote
from portail.services.modification import verrouiller
from portail.versions import verifier


@dataclass(frozen=True)
class Adresse:
    """Où une commune répond : rien d'elle n'est joignable sans cela."""

    lien: str
    adresse: str
    hotes: tuple[str, ...] = ()
    par_defaut: bool = False

    @classmethod
    def de(cls, collectivite: Collectivite) -> "Adresse":
        """Celle d'aujourd'hui."""
        hotes = tuple(collectivite.hotes.order_by("nom").values_list("nom", flat=True))
        return cls(collectivite.lien, collectivite.adresse, hotes, collectivite.par_defaut)


@transaction.atomic
def creer_une_commune(*, ou: Adresse, **champs: str) -> Collectivite:
    """En préparation : ses habitants n'y entreront que lorsque son administrateur l'ouvrira."""
    collectivite = Collectivite(**champs)
    _ecrire(collectivite, ou)
    apres = {"nom": collectivite.nom, **_dire(ou)}
    noter("collectivite.creee", sur=collectivite, collectivite=collectivite.pk, apres=apres)
    return collectivite


@transaction.atomic
def changer_d_adresse(*, collectivite: Collectivite, vers: Adresse, lu: str = "") -> bool:
    """Les liens envoyés et à venir mènent là ; faux si rien ne change."""
    actuelle = verrouiller(collectivite)
    avant = Adresse.de(actuelle)
    verifier(_dire(avant), lu=lu)
    if avant == vers:
        return False
    _ecrire(actuelle, vers)
    faits = {"avant": _dire(avant), "apres": _dire(vers)}
    noter("collectivite.adresse", sur=actuelle, collectivite=actuelle.pk, **faits)
    return True


def _ecrire(collectivite: Collectivite, ou: Adresse) -> None:
    _verifier_les_hotes(collectivite, ou)
    if ou.par_defaut:
        _ceder_la_place(collectivite)
    collectivite.lien, collectivite.adresse, collectivite.par_defaut = ou.lien, ou.adresse, ou.par_defaut
    regles = {"lien", "adresse", "par_defaut"}
    collectivite.full_clean(exclude=set() if collectivite._state.adding else _champs() - regles)
    collectivite.save()
    collectivite.hotes.exclude(nom__in=ou.hotes).delete()
    connus = set(collectivite.hotes.values_list("nom", flat=True))
    Hote.objects.bulk_create(Hote(collectivite=collectivite, nom=nom) for nom in ou.hotes if nom not in connus)


def _verifier_les_hotes(collectivite: Collectivite, ou: Adresse) -> None:
    """Un nom n'est qu'à une commune, ou à toutes ; et l'adresse publique doit mener ici."""
    partages = set(settings.HOTES_PARTAGES)
    pris = Hote.objects.filter(nom__in=ou.hotes).exclude(collectivite=collectivite.pk).values_list("nom", flat=True)
    if ailleurs := sorted({*pris} | {*ou.hotes} & partages):
        raise ValidationError({"hotes": _("Déjà pris : %(noms)s.") % {"noms": ", ".join(ailleurs)}})
    if urlsplit(ou.adresse).hostname not in partages | {*ou.hotes}:
        raise ValidationError(
            {"adresse": _("Cette adresse ne mène pas ici : réservez d'abord son nom d'hôte à la commune.")}
        )


def _ceder_la_place(collectivite: Collectivite) -> None:
    for autre in Collectivite.objects.select_for_update().filter(par_defaut=True).exclude(pk=collectivite.pk):
        Collectivite.objects.filter(pk=autre.pk).update(par_defaut=False)
        noter("collectivite.adresse", sur=autre, collectivite=autre.pk, apres={"par_defaut": False})


def _champs() -> set[str]:
    return {champ.name for champ in Collectivite._meta.fields}


def _dire(ou: Adresse) -> dict[str, Any]:
    """Les noms d'hôte un par ligne, comme la personne les écrit."""
    return {**asdict(ou), "hotes": "\n".join(ou.hotes)}
