"""Un acte refusé : pourquoi, avant même de le demander ; ou la phrase, sans rien perdre de ce qui a été écrit."""

from collections.abc import Iterable
from operator import attrgetter
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from portail.gestion.registre import Acte, Texte
from portail.versions import DejaModifie


def pourquoi_pas(acte: Acte, objet: Any, personne: Any) -> Texte:
    """Pourquoi cette personne ne peut pas le faire de cet objet ; vide si elle le peut."""
    return acte.refus(objet) or acte.refus_a(objet, personne)


def trier(actes: Iterable[Acte], objet: Any, personne: Any) -> tuple[list[Acte], list[str]]:
    """Ceux qu'elle peut, les dangereux à la fin ; et pourquoi d'autres, qui ont lieu d'être, se refusent à elle."""
    possibles = [acte for acte in actes if not acte.refus(objet)]
    refus = {acte.nom: str(acte.refus_a(objet, personne)) for acte in possibles}
    permis = sorted((acte for acte in possibles if not refus[acte.nom]), key=attrgetter("danger"))
    return permis, list(dict.fromkeys(filter(None, refus.values())))


def refuser(formulaire: Any, refus: Exception) -> None:
    """Le formulaire remontré dit pourquoi l'acte n'est pas fait."""
    if isinstance(refus, DejaModifie):
        formulaire.add_error(None, _conflit(formulaire, refus.actuelles))
        # Confirmer de nouveau, cette fois en connaissance de cause.
        formulaire.data = {**formulaire.data.dict(), "lu": refus.lu}
    else:
        formulaire.add_error(None, refus if isinstance(refus, ValidationError) else str(refus))


def _conflit(formulaire: Any, actuelles: dict[str, Any]) -> str:
    """Ce que l'autre personne a enregistré et que celle-ci n'a pas écrit."""
    autres = [
        (formulaire.fields[nom].label, valeur)
        for nom, valeur in actuelles.items()
        if nom in formulaire.fields and valeur != formulaire.cleaned_data.get(nom)
    ]
    dits = ", ".join(f"{libelle} « {'' if valeur is None else valeur} »" for libelle, valeur in autres)
    if not dits:
        return _("Quelqu'un vient de changer la même chose. Rien n'est fait ; confirmez de nouveau pour la remplacer.")
    return _(
        "Quelqu'un vient d'enregistrer autre chose : %(dits)s. Rien n'est changé ; relisez, puis confirmez de nouveau "
        "pour le remplacer."
    ) % {"dits": dits}
