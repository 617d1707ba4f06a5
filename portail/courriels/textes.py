"""Les mots qu'une commune met dans ses courriels : les changer, les voir avant, s'en envoyer un essai."""

from typing import Any
from uuid import uuid4

from django.db import transaction

from portail.courriels.depot import deposer
from portail.courriels.redaction import EXEMPLE, composer
from portail.journal import noter
from portail.models import Collectivite, TexteDeCourriel
from portail.registre import SorteDeCourriel
from portail.versions import verifier

CHAMPS = ("sujet", "introduction", "signature")


def sortes_changees(collectivite: Collectivite) -> set[str]:
    """Celles où la commune a mis ses mots."""
    return set(TexteDeCourriel.objects.filter(collectivite=collectivite).values_list("sorte", flat=True))


def mots_de(collectivite: Collectivite, sorte: SorteDeCourriel) -> dict[str, str]:
    """Ce que la commune a écrit pour cette sorte ; vide, ce qui est d'origine."""
    ecrits = TexteDeCourriel.objects.filter(collectivite=collectivite, sorte=sorte.nom).values(*CHAMPS).first()
    return dict(ecrits) if ecrits else dict.fromkeys(CHAMPS, "")


@transaction.atomic
def changer_les_mots(*, collectivite: Collectivite, sorte: SorteDeCourriel, mots: dict[str, str], lu: str = "") -> bool:
    """Les prochains courriels de cette sorte les porteront ; faux si c'étaient déjà ceux-là. Tout vide : l'origine.

    Un courriel déjà composé repart tel quel. Le journal dit quels textes changent, sans les répéter.
    """
    Collectivite.objects.select_for_update().get(pk=collectivite.pk)
    avant = mots_de(collectivite, sorte)
    verifier(avant, lu=lu)
    if avant == mots:
        return False
    ecrits = TexteDeCourriel.objects.filter(collectivite=collectivite, sorte=sorte.nom)
    if any(mots.values()):
        ecrits.update_or_create(collectivite=collectivite, sorte=sorte.nom, defaults=mots)
    else:
        ecrits.delete()
    faits = {"avant": _dire(sorte, avant), "apres": _dire(sorte, mots)}
    noter("courriel.texte", sur=collectivite, collectivite=collectivite.pk, **faits)
    return True


def _dire(sorte: SorteDeCourriel, mots: dict[str, str]) -> dict[str, Any]:
    return {"sorte": sorte.nom, **{nom: "de la commune" if mot else "d'origine" for nom, mot in mots.items()}}


def apercu(collectivite: Collectivite, sorte: SorteDeCourriel, mots: dict[str, str]) -> dict[str, str]:
    """Le courriel que cela ferait, sur un exemple qui ne parle de personne."""
    if sorte.exemple is None:
        raise LookupError(sorte.nom)
    return composer(sorte, collectivite, TexteDeCourriel(**mots), sorte.exemple) or {}


@transaction.atomic
def essayer(*, collectivite: Collectivite, sorte: SorteDeCourriel, destinataire: str) -> None:
    """Le même exemple, par le vrai chemin, à qui le demande."""
    deposer(
        sorte=sorte.nom,
        cle=f"essai:{uuid4()}",
        collectivite=collectivite,
        destinataire=destinataire,
        contexte=EXEMPLE,
    )
    noter("courriel.essai", sur=collectivite, collectivite=collectivite.pk, apres={"sorte": sorte.nom})
