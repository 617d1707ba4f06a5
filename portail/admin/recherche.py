"""Les courriels dans la recherche de la gestion."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format

from portail.gestion.recherche import Certitude, Chercheur, Piste, Reserve, declarer_chercheur
from portail.gestion.termes import Terme
from portail.models import Collectivite, Courriel


def _courriels(_collectivite: Collectivite, terme: Terme) -> Iterator[Piste]:
    """Par l'adresse entière du destinataire."""
    if terme.est_un_courriel:
        destinataire = Q(destinataire=terme.brut.lower())
        yield Piste(destinataire, Certitude.LIE, champs=("portail.courriel.destinataire",))


def _presenter_le_courriel(courriel: Courriel) -> tuple[Any, ...]:
    le = date_format(timezone.localtime(courriel.cree_le), "d/m/Y H:i")
    return courriel.sorte, courriel.get_etat_display(), Reserve("destinataire", courriel.destinataire), le


declarer_chercheur(Chercheur("portail.courriel", _courriels, _presenter_le_courriel))
