"""Le formulaire d'une facture écrite à la main : son redevable cherché, ses lignes, son total ; sans script."""

from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from comptes.models import Redevable
from factures.admin.champs import JourField
from factures.admin.lignes import LignesForm
from factures.imports import valeurs
from factures.models import Facture
from factures.services.saisie import LigneSaisie, Saisie, deja_prise, proposer_numero, proposer_reference
from portail.gestion.recherche import porte_le_numero
from portail.gestion.termes import Terme
from portail.models import Collectivite, ModeRegie, Regie

CANDIDATS = 20
# Les parties d'une référence, et le mode des services qui la composent ainsi.
PARTIES = {"code_recette": ModeRegie.ROLE, "dette": ModeRegie.ROLE, "piece": ModeRegie.TITRE, "ligne": ModeRegie.TITRE}


def chercher_un_redevable(terme: str, chez: Collectivite) -> QuerySet[Redevable]:
    """Ceux de la commune qui ont ce code, ou dont le nom commence ainsi, comme dans la recherche de la gestion."""
    lu = Terme.lire(terme)
    nommes = Q(noms__commencent=lu.mots) if lu.mots else Q(pk__in=())
    designes = (porte_le_numero(lu, "code") or Q(pk__in=())) | nommes
    return Redevable.objects.filter(designes, collectivite=chez).order_by("nom", "prenom", "pk")


class FactureForm(LignesForm):
    """Une facture entière ; ``cleaned_data`` n'a qu'une ``saisie``."""

    regie = forms.ModelChoiceField(Regie.objects.none(), label=gettext_lazy("Service"), empty_label=None)
    recherche = forms.CharField(
        label=gettext_lazy("Redevable"),
        max_length=80,
        help_text=gettext_lazy("Son code client, ou le début de son nom et de son prénom."),
    )
    redevable = forms.ChoiceField(label=gettext_lazy("Lequel ?"), required=False)
    objet = forms.CharField(
        label=gettext_lazy("Objet"),
        max_length=160,
        help_text=gettext_lazy("Le titre de la facture pour l'habitant : « Restauration scolaire, octobre 2026 »."),
    )
    date_emission = JourField(label=gettext_lazy("Datée du"))
    date_echeance = JourField(label=gettext_lazy("À régler avant le"), required=False)
    date_limite_en_ligne = JourField(
        label=gettext_lazy("Payable en ligne jusqu'au"),
        required=False,
        help_text=gettext_lazy("Vide : sans limite. Après ce jour, l'habitant est renvoyé au Trésor public."),
    )
    date_prelevement = JourField(
        label=gettext_lazy("Prélevée le"),
        required=False,
        help_text=gettext_lazy("Pour un prélèvement automatique seulement : elle ne se paiera pas en ligne."),
    )
    numero = forms.CharField(
        label=gettext_lazy("Numéro"),
        max_length=40,
        required=False,
        help_text=gettext_lazy("Vide : le suivant des factures écrites à la main dans ce service."),
    )
    reference = forms.CharField(
        label=gettext_lazy("Référence de paiement"),
        max_length=40,
        required=False,
        help_text=gettext_lazy("Vide : composée comme le veut le contrat du service avec PayFiP."),
    )
    code_recette = forms.CharField(label=gettext_lazy("Code recette (rôle)"), max_length=2, required=False)
    dette = forms.CharField(label=gettext_lazy("Numéro de dette (rôle)"), max_length=13, required=False)
    piece = forms.CharField(label=gettext_lazy("Numéro de titre"), max_length=8, required=False)
    ligne = forms.CharField(label=gettext_lazy("Ligne du titre"), max_length=6, required=False)

    chez: Collectivite
    existante: Facture | None = None

    def preparer(self, chez: Collectivite, existante: Facture | None = None) -> None:
        """Borne les choix à ceux de la commune, et montre les redevables entre lesquels choisir."""
        self.chez, self.existante = chez, existante
        services = Regie.objects.filter(collectivite=chez)
        champ = self.fields["regie"]
        champ.queryset = services  # type: ignore[attr-defined]  # un ModelChoiceField
        modes = {service.mode for service in services}
        for partie, mode in PARTIES.items():
            if mode not in modes:
                del self.fields[partie]
        self._proposer_les_redevables()

    def _proposer_les_redevables(self) -> None:
        terme = " ".join(str(self["recherche"].value() or "").split())
        candidats = list(chercher_un_redevable(terme, self.chez)[: CANDIDATS + 1]) if terme else []
        self.candidats = {str(candidat.pk): candidat for candidat in candidats}
        if 1 < len(candidats) <= CANDIDATS:
            choix = [(cle, f"{r} – {r.adresse}".strip(" –")) for cle, r in self.candidats.items()]
            self.fields["redevable"].choices = [("", _("Choisissez")), *choix]  # type: ignore[attr-defined]
        else:
            del self.fields["redevable"]

    def clean(self) -> dict[str, Any]:
        """La facture qu'on lit là ; chaque défaut est dit à sa place."""
        redevable, lignes = self._redevable(), self.lignes()
        if not lignes and not self.errors:
            self.add_error("libelle_0", _("Écrivez au moins une ligne, avec son montant."))
        self._verifier_les_dates()
        if self.errors or redevable is None:
            return self.cleaned_data
        saisie = self._saisie(redevable, lignes)
        self._verifier(saisie)
        return {"saisie": saisie}

    def _redevable(self) -> Redevable | None:
        if "recherche" in self.errors:
            return None
        if not self.candidats:
            self.add_error("recherche", _("Aucun redevable de la commune n'a ce code ni ce nom."))
        elif len(self.candidats) > CANDIDATS:
            self.add_error("recherche", _("Trop de redevables ont ce nom : ajoutez le prénom, ou écrivez le code."))
        elif len(self.candidats) == 1:
            return next(iter(self.candidats.values()))
        elif not (choisi := self.cleaned_data.get("redevable")):
            self.add_error("redevable", _("Plusieurs redevables correspondent : choisissez le bon."))
        else:
            return self.candidats[choisi]
        return None

    def _verifier_les_dates(self) -> None:
        emission = self.cleaned_data.get("date_emission")
        for nom in ("date_echeance", "date_limite_en_ligne", "date_prelevement"):
            jour = self.cleaned_data.get(nom)
            if emission and jour and jour < emission:
                self.add_error(nom, _("Ce jour est avant la date de la facture."))
        if emission and not valeurs.ANNEE_MINIMALE <= emission.year <= valeurs.ANNEE_MAXIMALE:
            self.add_error("date_emission", _("Cette année n'est pas possible."))

    def _saisie(self, redevable: Redevable, lignes: tuple[LigneSaisie, ...]) -> Saisie:
        lus = {nom: self.cleaned_data.get(nom) or "" for nom in ("numero", "reference", *PARTIES)}
        regie, annee = self.cleaned_data["regie"], self.cleaned_data["date_emission"].year
        parties = {"exercice": annee, **{nom: lus[nom] for nom in PARTIES}}
        numero = lus["numero"] or proposer_numero(regie=regie, annee=annee)
        reference = lus["reference"] or proposer_reference(regie=regie, numero=numero, parties=parties)
        self._montrer(numero=numero, reference=reference)
        dates = {nom: self.cleaned_data[nom] for nom in self.cleaned_data if nom.startswith("date_")}
        propre = {"objet": self.cleaned_data["objet"], "numero": numero, "reference": reference}
        return Saisie(regie=regie, redevable=redevable, lignes=lignes, **propre, **parties, **dates)

    def _montrer(self, **proposes: str) -> None:
        """Ce qui a été proposé s'écrit dans sa case : c'est lui, et pas un autre, qui sera confirmé."""
        self.data = {**self.data.dict(), **proposes}  # type: ignore[attr-defined]  # un QueryDict

    def _verifier(self, saisie: Saisie) -> None:
        if not saisie.montant:
            self.add_error("montant_0", _("Le total est nul : il n'y a rien à facturer."))
        if not saisie.reference:
            self.add_error("reference", _("Elle ne peut pas être composée : il manque de quoi, écrivez-la."))
        elif refus := deja_prise(saisie, sauf=self.existante):
            self.add_error(refus.champ, str(refus))


class RemplacementForm(FactureForm):
    """La facture qui en remplace une autre, du même service et du même redevable, et pourquoi."""

    motif = forms.CharField(
        label=gettext_lazy("Motif"),
        max_length=200,
        help_text=gettext_lazy("L'habitant le lira sur la facture annulée : « Nombre de repas erroné »."),
    )
    field_order = ("motif",)

    def clean(self) -> dict[str, Any]:
        motif = self.cleaned_data.get("motif")
        rendue = super().clean()
        saisie = rendue.get("saisie")
        if saisie and self.existante and saisie.nature != self.existante.nature:
            self.add_error("montant_0", _("Une facture en remplace une autre, un avoir remplace un avoir."))
        return rendue | {"motif": motif}
