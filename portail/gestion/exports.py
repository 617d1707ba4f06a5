"""Exporter une liste de la gestion : ce qu'elle montre filtrée, entière, en un fichier que rien ne garde ensuite."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from tempfile import TemporaryFile
from typing import IO, Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import get_fields_from_path, label_for_field
from django.core.exceptions import BadRequest, FieldDoesNotExist, PermissionDenied
from django.db import models, transaction
from django.http import FileResponse, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.functional import Promise
from django.utils.text import capfirst, slugify
from django.utils.translation import gettext as _

from portail import limites, services
from portail.gestion.droits import acces
from portail.reponses import VoirAilleurs
from portail.tableur import FORMATS, Format, Valeur

NOM = "exporter"
PLAFOND = 100_000
PAR_LECTURE = 2000


@dataclass(frozen=True)
class Colonne:
    """Une colonne qui n'est pas un champ : son nom (``champs_reserves``), son titre, comment la lire d'un objet."""

    admin_order_field: str
    titre: str | Promise
    lire: Callable[[Any], Any]


def peut_exporter(modele: Any, request: HttpRequest) -> bool:
    """Vrai si le rôle de la personne lui permet d'emporter cette liste (``portail.gestion.droits.ACTES``)."""
    droit = acces(request)
    return droit is not None and droit.peut(f"{modele.opts.label_lower}.{NOM}")


def exporter(modele: Any, request: Any) -> HttpResponseBase:
    """Le fichier de la liste que désignent les paramètres de l'adresse, noté au journal ; 403 sans le droit."""
    if not peut_exporter(modele, request):
        raise PermissionDenied
    choisi = FORMATS.get(request.POST.get("format", ""))
    if choisi is None:
        raise BadRequest("Format d'export inconnu.")
    limites.compter("exports", limites.demandeur(request))
    try:
        lignes = modele.pour_la_fiche(modele.get_changelist_instance(request).queryset, request)
    except IncorrectLookupParameters:
        return VoirAilleurs(modele.adresse_de_la_liste)
    if lignes.order_by().values("pk")[: PLAFOND + 1].count() > PLAFOND:
        return _refuser(modele, request)
    nom = f"{slugify(modele.pluriel)}-{request.collectivite.aujourd_hui()}.{choisi.nom}"
    fichier = _ecrire(modele, request, lignes, choisi)
    return FileResponse(fichier, as_attachment=True, filename=nom, content_type=choisi.genre)


def _refuser(modele: Any, request: HttpRequest) -> HttpResponseRedirect:
    plafond = f"{PLAFOND:,}".replace(",", "\N{NO-BREAK SPACE}")
    phrase = _(
        "Cette liste a plus de %(plafond)s lignes : filtrez-la, par service ou par dates, et exportez par parties."
    )
    messages.error(request, phrase % {"plafond": plafond})
    parametres = request.GET.urlencode()
    return VoirAilleurs(f"{modele.adresse_de_la_liste}?{parametres}" if parametres else modele.adresse_de_la_liste)


@transaction.atomic
def _ecrire(modele: Any, request: Any, lignes: models.QuerySet[Any], choisi: Format) -> IO[bytes]:
    """Sur le disque avant de partir : une panne est une page d'erreur et non un fichier coupé, le journal sait combien
    de lignes sont parties, et un visiteur lent ne retient pas la base.
    """
    fichier = TemporaryFile()  # noqa: SIM115  # la réponse le ferme, et il disparaît avec elle
    colonnes = _colonnes(modele, request)
    valeurs = _valeurs(modele, request, lignes, [colonne.lire for colonne in colonnes])
    nombre = choisi.ecrire(fichier, str(modele.pluriel), [str(colonne.titre) for colonne in colonnes], valeurs)
    services.noter_l_export(
        collectivite=request.collectivite,
        liste=modele.opts.label_lower,
        genre=choisi.nom,
        nombre=nombre,
        filtres=request.GET.dict(),
    )
    fichier.seek(0)
    return fichier


def _valeurs(
    modele: Any, request: Any, lignes: models.QuerySet[Any], lire: Sequence[Callable[[Any], Any]]
) -> Iterator[list[Valeur]]:
    """Par paquets : la mémoire ne dépend pas du nombre de lignes."""
    fuseau = ZoneInfo(request.collectivite.fuseau)
    suite = lignes.iterator(chunk_size=PAR_LECTURE)
    while paquet := list(islice(suite, PAR_LECTURE)):
        for objet in modele.completer(request, paquet):
            yield [_valeur(une(objet), fuseau) for une in lire]


def _valeur(brute: Any, fuseau: ZoneInfo) -> Valeur:
    """Un tableur ne connaît ni fuseau, ni objet."""
    if isinstance(brute, datetime):
        return brute.astimezone(fuseau).replace(tzinfo=None, microsecond=0)
    return brute if brute is None or isinstance(brute, Valeur) else str(brute)


def _colonnes(modele: Any, request: HttpRequest) -> list[Colonne]:
    return [nom if isinstance(nom, Colonne) else _colonne(modele, nom) for nom in modele.get_export(request)]


def _colonne(modele: Any, nom: str) -> Colonne:
    """Un champ, celui d'un objet lié (« redevable__code »), ou une méthode de la gestion."""
    try:
        champ: Any = get_fields_from_path(modele.model, nom)[-1]
    except FieldDoesNotExist:
        return Colonne(nom, capfirst(str(label_for_field(nom, modele.model, modele))), getattr(modele, nom))
    chemin, mots = nom.split("__"), dict(getattr(champ, "flatchoices", ()))
    if not mots:
        return Colonne(nom, capfirst(str(champ.verbose_name)), lambda objet: _suivre(objet, chemin))
    return Colonne(nom, capfirst(str(champ.verbose_name)), lambda objet: _nommer(_suivre(objet, chemin), mots))


def _suivre(objet: Any, chemin: Sequence[str]) -> Any:
    """Jusqu'au bout du chemin ; rien s'il s'interrompt."""
    for nom in chemin:
        objet = getattr(objet, nom, None)
    return objet


def _nommer(valeur: Any, mots: dict[Any, Any]) -> str:
    return str(mots.get(valeur, valeur))
