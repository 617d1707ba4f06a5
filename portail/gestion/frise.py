"""« Qu'est-il arrivé à cette facture ? » : la vie d'un objet, par ordre du temps, racontée par toutes les apps.

Le journal en dit une part ; chaque app y ajoute ce qu'elle sait, par ``declarer_frise``, sans être connue du modèle.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from django.db.models import Model, Q
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from portail.etats import MORTS, EtatCourriel
from portail.gestion import faits
from portail.gestion.droits import acces
from portail.models import Collectivite, Courriel, Journal, Role

Texte = str | Promise
PAR_SOURCE = 200


@dataclass(frozen=True)
class Evenement:
    """Un moment : quand, une phrase simple, ce qui la précise, qui, l'objet qui en dit plus, et le ton du résultat.

    ``reserve`` : les rôles qui le lisent, s'ils ne le lisent pas tous.
    """

    le: datetime
    phrase: Texte
    details: tuple[Texte, ...] = ()
    qui: str = ""
    objet: Model | None = None
    ton: str = ""  # succes, attente, echec
    reserve: frozenset[Role] | None = None


Composer = Callable[[Any], Iterable[Evenement | Journal]]

_composeurs: dict[str, list[Composer]] = defaultdict(list)
_tus: dict[str, frozenset[str]] = defaultdict(frozenset)


def declarer_frise(modele: str, composer: Composer, *, tait: Iterable[str] = ()) -> None:
    """Ce qu'une app sait de la vie d'un objet de ce modèle ; ``tait`` : les actions du journal qu'elle dit mieux."""
    _composeurs[modele].append(composer)
    _tus[modele] |= frozenset(tait)


def courriels(collectivite: Collectivite, sujets: Mapping[str, Texte]) -> Iterator[Evenement]:
    """Le dépôt et le sort des courriels de ces clés, chacune avec ce que dit le courriel."""
    for courriel in Courriel.objects.filter(collectivite=collectivite, cle__in=sujets):
        sujet = sujets[courriel.cle]
        yield Evenement(courriel.cree_le, _("Courriel à envoyer : %(sujet)s") % {"sujet": sujet}, objet=courriel)
        if courriel.clos_le:
            sort = {"sort": EtatCourriel(courriel.etat).label, "sujet": sujet}
            ton = "echec" if courriel.etat in MORTS else "succes"
            yield Evenement(courriel.clos_le, _("Courriel %(sort)s : %(sujet)s") % sort, objet=courriel, ton=ton)


def raconter(modele: Any, request: Any, objet: Any) -> list[tuple[date, list[Evenement]]]:
    """Les événements que lit la personne, jour par jour."""
    nom = modele.opts.label_lower
    dits = [dit for composer in _composeurs[nom] for dit in composer(objet)]
    notes = [*_journal(modele, request, objet), *(dit for dit in dits if isinstance(dit, Journal))]
    notes = faits.completer(modele.admin_site, request, notes)
    evenements = [dit for dit in dits if isinstance(dit, Evenement)]
    evenements += [_evenement(modele, request, objet, fait) for fait in notes]
    lus = sorted((e for e in evenements if _est_lu(request, e)), key=lambda e: e.le)
    return [(jour, list(groupe)) for jour, groupe in groupby(lus, key=lambda e: localtime(e.le).date())]


def _journal(modele: Any, request: Any, objet: Any) -> list[Journal]:
    """Les derniers faits de cet objet dans cette commune, moins ceux qu'une app raconte mieux."""
    ici = Q() if modele.installation else Q(collectivite=request.collectivite.pk)
    identifiant = str(getattr(objet, faits.cle_au_journal(modele.model)))
    notes = Journal.objects.filter(ici, objet=modele.opts.label_lower, identifiant=identifiant)
    return list(notes.exclude(action__in=_tus[modele.opts.label_lower])[:PAR_SOURCE])


def _evenement(modele: Any, request: HttpRequest, objet: Any, fait: Any) -> Evenement:
    """Un fait du journal, sans ce que la personne ne lit pas de l'objet dont il parle."""
    lecteur = modele
    for autre in modele.admin_site._registry.values():
        if autre.opts.label_lower == fait.objet:
            lecteur = autre
    details = faits.changements(fait, permis=lambda nom: lecteur.lit(request, nom))
    champ = faits.precision(fait.action)
    if champ and lecteur is modele and lecteur.lit(request, champ):
        details.append(f"{faits.champs_de(fait.objet)[champ].verbose_name.capitalize()} : {getattr(objet, champ)}")
    ailleurs = fait.quoi if lecteur is not modele else None
    return Evenement(fait.le, faits.phrase(fait.action), tuple(details), fait.qui, ailleurs)


def _est_lu(request: HttpRequest, evenement: Evenement) -> bool:
    droit = acces(request)
    return evenement.reserve is None or (droit is not None and droit.lit(evenement.reserve))
