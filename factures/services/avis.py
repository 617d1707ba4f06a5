"""« Une facture est disponible » : à qui le dire, et le dire une fois des factures écrites à la main."""

from collections import defaultdict
from collections.abc import Iterable

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from comptes.etats import EtatRattachement
from comptes.models import Rattachement, Usager
from factures.etats import Statut
from factures.models import Facture, FactureQuerySet
from portail.courriels import Lettre, deposer_tous
from portail.journal import noter_chacun
from portail.models import Collectivite

SORTE = "factures.disponible"
ACTIF = EtatRattachement.ACTIF


def lecteurs(factures: FactureQuerySet, *, chez: Collectivite) -> QuerySet[Usager]:
    """Les comptes actifs, à l'adresse confirmée, de qui lit l'une de ces factures une fois publiée."""
    lues = factures.filter(statut=Statut.PUBLIEE, redevable=OuterRef("redevable"))
    siens = Rattachement.objects.filter(Exists(lues), usager=OuterRef("pk"), collectivite=chez, etat=ACTIF)
    return Usager.objects.filter(Exists(siens), is_active=True, courriel_confirme_le__isnull=False).order_by("pk")


@transaction.atomic
def prevenir(*, factures: Iterable[Facture]) -> int:
    """Dépose un courriel par lecteur, pour toutes ces factures à la fois ; rend le nombre de lecteurs.

    Sauf celles d'un lot, qui prévient des siennes, celles dont les lecteurs l'ont été et celles que nul ne lit encore.
    """
    cles = [facture.pk for facture in factures]
    muettes = Facture.objects.filter(pk__in=cles, lot=None, statut=Statut.PUBLIEE, prevenue_le=None)
    par_commune: dict[Collectivite, list[Facture]] = defaultdict(list)
    for facture in muettes.select_for_update(of=("self",)).select_related("collectivite").order_by("pk"):
        par_commune[facture.collectivite].append(facture)
    return sum(_prevenir(commune, siennes) for commune, siennes in par_commune.items())


def _prevenir(commune: Collectivite, factures: list[Facture]) -> int:
    celles_ci = Facture.objects.filter(pk__in=[facture.pk for facture in factures])
    personnes = dict(lecteurs(celles_ci, chez=commune).values_list("pk", "email"))
    rattaches = {"redevable__rattachements__usager__in": personnes, "redevable__rattachements__etat": ACTIF}
    lues = list(celles_ci.filter(**rattaches).distinct().order_by("pk"))
    if not lues:
        return 0
    cles = [facture.pk for facture in lues]
    # La première nomme la lettre : marquée à l'instant, elle n'en fera plus partir d'autre.
    lettres = (
        Lettre(f"avis:f{cles[0]}:{usager}", email, {"factures": cles, "usager": usager})
        for usager, email in personnes.items()
    )
    deposer_tous(sorte=SORTE, collectivite=commune, lettres=lettres)
    Facture.objects.filter(pk__in=cles).update(prevenue_le=timezone.now())
    noter_chacun("facture.avis_envoyes", sur=lues)
    return len(personnes)
