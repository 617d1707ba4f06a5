"""Les lignes d'une facture écrite à la main : dix à la fois, leur montant calculé quand on ne le donne pas."""

import re
from decimal import ROUND_HALF_UP, Decimal
from itertools import chain
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from factures.admin.champs import EurosField
from factures.services.saisie import LigneSaisie

LIGNES, LIGNES_MAXIMUM = 10, 200
COLONNES = ("libelle", "quantite", "prix", "montant")
_NOMBRE = re.compile(r"\s*([0-9][0-9\s]*(?:[.,][0-9]+)?)")


def produit(quantite: str, prix: str) -> Decimal | None:
    """« 62 m³ » × « 1,9500 € », au centime ; rien si l'un des deux ne commence pas par un nombre."""
    nombres = [_NOMBRE.match(texte) for texte in (quantite, prix)]
    lus = [Decimal("".join(lu[1].split()).replace(",", ".")) for lu in nombres if lu]
    return (lus[0] * lus[1]).quantize(Decimal("0.01"), ROUND_HALF_UP) if len(lus) == len(nombres) else None


class LignesForm(forms.Form):
    """Dix lignes, et dix de plus à chaque fois qu'on en demande : rien n'est alors vérifié ni perdu."""

    nombre = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: Any = None, files: Any = None, **options: Any) -> None:
        initial = options.pop("initial", None) or {}
        if data and "plus" in data:
            initial, data, files = initial | data.dict(), None, None
        self.rangs = range(self._combien(data or initial, de_plus="plus" in initial))
        super().__init__(data, files, initial=initial | {"nombre": len(self.rangs)}, **options)
        for rang in self.rangs:
            self.fields |= _champs_d_une_ligne(rang)

    def _combien(self, valeurs_recues: Any, *, de_plus: bool) -> int:
        dit = str(valeurs_recues.get("nombre") or "")
        nombre = int(dit) if dit.isdecimal() and len(dit) < len(str(LIGNES_MAXIMUM)) + 1 else LIGNES
        return min(nombre + LIGNES * de_plus, LIGNES_MAXIMUM)

    @property
    def rangees(self) -> list[list[forms.BoundField]]:
        """Les lignes, à montrer en tableau."""
        return [[self[f"{colonne}_{rang}"] for colonne in COLONNES] for rang in self.rangs]

    @property
    def entete(self) -> list[forms.BoundField]:
        """Les autres champs."""
        de_ligne = {champ.name for champ in chain.from_iterable(self.rangees)}
        return [champ for champ in self.visible_fields() if champ.name not in de_ligne]

    def lignes(self) -> tuple[LigneSaisie, ...]:
        """Celles qui disent quelque chose ; ce qui leur manque est dit à leur place."""
        return tuple(ligne for rang in self.rangs if (ligne := self._ligne(rang)))

    def _ligne(self, rang: int) -> LigneSaisie | None:
        libelle, quantite, prix, montant = (self.cleaned_data.get(f"{nom}_{rang}") for nom in COLONNES)
        if not any((libelle, quantite, prix, montant is not None)) or f"montant_{rang}" in self.errors:
            return None
        if montant is None:
            montant = produit(quantite or "", prix or "")
        for nom, absent in (("libelle", not libelle), ("montant", montant is None)):
            if absent:
                self.add_error(f"{nom}_{rang}", _("Il manque sur la ligne %(rang)d.") % {"rang": rang + 1})
        return LigneSaisie(libelle or "", quantite or "", prix or "", montant or Decimal(0))


def _champs_d_une_ligne(rang: int) -> dict[str, forms.Field]:
    libelles = (gettext_lazy("Désignation"), gettext_lazy("Quantité"), gettext_lazy("Prix unitaire"))
    longueurs = (200, 30, 30)
    champs: dict[str, forms.Field] = {
        f"{nom}_{rang}": forms.CharField(label=_nomme(libelle, rang), max_length=longueur, required=False)
        for nom, libelle, longueur in zip(COLONNES, libelles, longueurs, strict=False)
    }
    montant = EurosField(label=_nomme(gettext_lazy("Montant"), rang), required=False, nul=True, signe=True)
    champs[f"montant_{rang}"] = montant
    for champ in champs.values():
        champ.widget.attrs["aria-label"] = champ.label
    return champs


def _nomme(libelle: Any, rang: int) -> str:
    return _("%(colonne)s, ligne %(rang)d") % {"colonne": libelle, "rang": rang + 1}
