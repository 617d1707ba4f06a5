"""La vie d'une facture : publication, annulation, attente, délai, marque personnelle, première lecture."""

from collections.abc import Iterable
from datetime import date

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from comptes.models import Usager
from factures.etats import TRANSITIONS, Avis, Nature, Statut
from factures.etats.rapprochement import EtatDeclaration
from factures.models import Consultation, Declaration, Facture, FactureQuerySet
from factures.models.situation import engagee
from factures.services.avis import prevenir
from factures.services.reglements import reporter
from portail.journal import noter, noter_chacun
from portail.versions import Conflit

# Un brouillon d'un lot ne vit que le temps de la publication de celui-ci, qui compte les siens.
BROUILLON_D_UN_LOT = Q(lot__isnull=False, statut=Statut.BROUILLON)
# Ce que le journal en garde ; un motif peut nommer quelqu'un.
NOTES = ("statut", "date_limite_en_ligne")


@transaction.atomic
def publier(*, factures: Iterable[Facture], version: int | None = None, avis: str = Avis.RETENUS) -> int:
    """Rend visibles les brouillons parmi ``factures`` ; rend leur nombre.

    Celles que les nouvelles remplacent sont annulées au même instant, et l'argent qu'elles avaient reçu les suit. Les
    courriels, si ``avis`` les envoie, sont déposés avec elles ou pas du tout.
    """
    publiees = _passer(factures, version, vers=Statut.PUBLIEE, publiee_le=timezone.now())
    for nouvelle in publiees:
        if nouvelle.remplace is not None:
            annuler(factures=[nouvelle.remplace], motif=nouvelle.motif_remplacement)
            reporter(de=nouvelle.remplace, vers=nouvelle)
    if avis == Avis.ENVOYES:
        prevenir(factures=publiees)
    return len(publiees)


@transaction.atomic
def annuler(*, factures: Iterable[Facture], motif: str, version: int | None = None) -> int:
    """Annule les factures qui peuvent l'être, avec un motif que la personne lira ; rend leur nombre."""
    if not motif.strip():
        raise ValueError("Une annulation a un motif.")
    return len(_passer(factures, version, vers=Statut.ANNULEE, motif_annulation=motif, motif_attente=""))


def _passer(factures: Iterable[Facture], version: int | None, *, vers: Statut, **champs: object) -> list[Facture]:
    """Le seul endroit où le statut change."""
    depuis = [statut for statut, suivants in TRANSITIONS.items() if vers in suivants]
    return _changer(factures, version, f"facture.{vers}", Q(statut__in=depuis), statut=vers, **champs)


@transaction.atomic
def mettre_en_attente(*, factures: Iterable[Facture], motif: str, version: int | None = None) -> int:
    """Retire du paiement en ligne celles qui restent à payer, avec un motif que la personne lira ; rend leur nombre."""
    if not motif.strip():
        raise ValueError("Une mise en attente a un motif.")
    payables = Q(nature=Nature.FACTURE, statut=Statut.PUBLIEE, reste_du__gt=0, motif_attente="")
    return len(_changer(factures, version, "facture.mise_en_attente", payables, motif_attente=motif))


@transaction.atomic
def reprendre(*, factures: Iterable[Facture], version: int | None = None) -> int:
    """Rend au paiement en ligne celles qui étaient en attente ; rend leur nombre."""
    return len(_changer(factures, version, "facture.reprise", ~Q(motif_attente=""), motif_attente=""))


@transaction.atomic
def prolonger(*, factures: Iterable[Facture], jusqu_au: date, version: int | None = None) -> int:
    """Repousse le dernier jour du paiement en ligne de celles qui en ont un plus proche ; rend leur nombre."""
    plus_proche = Q(statut=Statut.PUBLIEE, reste_du__gt=0, date_limite_en_ligne__lt=jusqu_au)
    return len(_changer(factures, version, "facture.prolongee", plus_proche, date_limite_en_ligne=jusqu_au))


def _changer(
    factures: Iterable[Facture], version: int | None, action: str, condition: Q, **champs: object
) -> list[Facture]:
    """Change celles qui remplissent la condition et que nul ne paie ; ``Conflit`` si l'unique n'a plus sa version."""
    cles = [facture.pk for facture in factures]
    tenues = _tenir(Facture.objects.filter(Q(pk__in=cles) | Q(remplacantes__in=cles)))
    if version is not None and any(facture.version != version for facture in tenues if facture.pk in cles):
        raise Conflit
    en_paiement = Facture.objects.filter(engagee(), pk__in=[facture.pk for facture in tenues])
    occupees = list(en_paiement.values_list("pk", flat=True))
    libres = Facture.objects.filter(condition, pk__in=cles).exclude(BROUILLON_D_UN_LOT)
    libres = libres.exclude(Q(pk__in=occupees) | Q(remplace__in=occupees))
    changees = list(libres.select_related("remplace").order_by("pk"))
    apres = {nom: str(champs[nom]) for nom in NOTES if nom in champs}
    noter_chacun(action, sur=changees, apres=apres or None)
    Facture.objects.filter(pk__in=[f.pk for f in changees]).update(version=F("version") + 1, **champs)
    return changees


def _tenir(factures: FactureQuerySet) -> list[Facture]:
    """Verrouillées dans l'ordre de leurs clés : deux appels ne se bloquent pas l'un l'autre."""
    cles = list(factures.values_list("pk", flat=True))
    return list(Facture.objects.filter(pk__in=cles).select_for_update(of=("self",)).order_by("pk"))


@transaction.atomic
def marquer(*, facture: Facture, usager: Usager, reglee: bool) -> None:
    """Pose ou retire la marque personnelle « réglée » ; la poser deux fois revient à la poser une fois.

    La reposer après une réponse du service est une déclaration nouvelle, à vérifier de nouveau.
    """
    if reglee:
        _declaration, changee = Declaration.objects.get_or_create(
            facture=facture, usager=usager, defaults={"collectivite_id": facture.collectivite_id}
        )
        tranchees = Declaration.objects.filter(facture=facture, usager=usager).exclude(etat=EtatDeclaration.DECLAREE)
        changee |= bool(tranchees.update(etat=EtatDeclaration.DECLAREE, cree_le=timezone.now(), tranchee_le=None))
    else:
        changee = bool(Declaration.objects.filter(facture=facture, usager=usager).delete()[0])
    if changee:
        noter("facture.marquee" if reglee else "facture.demarquee", sur=facture, acteur=usager.pk)


def consulter(*, facture: Facture, usager: Usager) -> None:
    """Retient la première lecture de cette facture par cette personne ; les suivantes n'écrivent rien."""
    if not Consultation.objects.filter(facture=facture, usager=usager).exists():
        Consultation.objects.bulk_create(
            [Consultation(facture=facture, usager=usager, collectivite_id=facture.collectivite_id)],
            ignore_conflicts=True,
        )
