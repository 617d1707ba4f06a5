"""Ce que la personne avait sous les yeux quand elle a ouvert une page, et ce qui s'est passé depuis."""

from dataclasses import dataclass
from typing import Any, Self

from django.db.models import QuerySet
from django.forms import BaseForm
from django.http import HttpRequest
from django.utils.translation import gettext as _

from portail.gestion import faits, registre
from portail.models import Journal
from portail.versions import Conflit

FAITS_MONTRES = 20


@dataclass(frozen=True)
class Lecture:
    """La version d'un objet, et le dernier fait que le journal en disait alors."""

    version: int
    dernier: int

    def __str__(self) -> str:
        return f"{self.version}-{self.dernier}"

    @classmethod
    def recue(cls, request: HttpRequest) -> Self | None:
        """Celle que la page portait ; rien si elle n'en portait pas."""
        version, _tiret, dernier = request.POST.get("lecture", "").partition("-")
        return cls(int(version), int(dernier)) if version.isdecimal() and dernier.isdecimal() else None


def lire(acte: registre.Acte, objet: Any) -> Lecture | None:
    """Ce qu'il y a à lire maintenant ; rien pour un acte que personne ne peut gêner."""
    if acte.version is None:
        return None
    dernier = _faits(objet).values_list("pk", flat=True).first()
    return Lecture(acte.version(objet), dernier or 0)


def exiger_la_meme(request: HttpRequest, lecture: Lecture | None) -> Lecture | None:
    """``lecture`` ; ``Conflit`` si la page envoyée en montrait une autre."""
    vue = Lecture.recue(request)
    if vue and lecture and vue.version != lecture.version:
        raise Conflit
    return lecture


def depuis(site: Any, request: HttpRequest, objet: Any) -> registre.Tableau:
    """Ce que les autres ont fait de cet objet depuis la lecture que porte la page envoyée, et qui."""
    lecture = Lecture.recue(request)
    notes = list(_faits(objet).filter(pk__gt=lecture.dernier if lecture else 0)[:FAITS_MONTRES])
    noms = faits.auteurs(site, request, {note.acteur for note in notes})
    lignes = [(note.le, faits.phrase(note.action), faits.nommer(noms, note.acteur)) for note in notes]
    return registre.Tableau(_("Depuis que vous avez ouvert cette page"), (_("Le"), _("Quoi"), _("Qui")), lignes)


def saisie(formulaire: BaseForm) -> list[tuple[Any, Any]]:
    """Ce que la personne avait écrit, pour qu'elle ne le perde pas."""
    champs = (champ for champ in formulaire.visible_fields() if not champ.field.widget.needs_multipart_form)
    return [(champ.label, champ.value()) for champ in champs if champ.value()]


def _faits(objet: Any) -> QuerySet[Journal]:
    identifiant = str(getattr(objet, faits.cle_au_journal(type(objet))))
    return Journal.objects.filter(objet=objet._meta.label_lower, identifiant=identifiant)
