"""« Voir comme l'habitant », depuis sa fiche ou celle de son compte client ; et ce que les agents ont vu ainsi."""

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from comptes.etats import EtatRattachement
from comptes.intergiciel import CLE
from comptes.models import Redevable, Usager, Visite
from comptes.services import visites
from portail.gestion.champs import ENCADREMENT
from portail.gestion.faits import Mot, declarer_actions, declarer_mots
from portail.gestion.modele import AdminParCommune, Rubrique
from portail.gestion.registre import Acte, ActeImpossible, Texte, declarer_acte
from portail.reponses import VoirAilleurs

LE_VOTRE = _("Ce compte est le vôtre : il ne se voit pas ainsi.")


class VoirForm(forms.Form):
    """Pourquoi."""

    motif = forms.CharField(
        label=_("Motif"),
        min_length=10,
        max_length=200,
        help_text=_("Noté au journal de la commune. Par exemple : « Appel du 12 novembre, facture introuvable »."),
    )


class VoirUnCompteForm(VoirForm):
    """Pourquoi, et lequel des comptes rattachés."""

    compte = forms.ModelChoiceField(label=_("Compte"), queryset=Usager.objects.none(), empty_label=None)
    field_order = ("compte", "motif")


def _comptes(redevable: Redevable) -> Any:
    lus = {"rattachements__redevable": redevable, "rattachements__etat": EtatRattachement.ACTIF}
    return Usager.objects.filter(is_active=True, **lus).order_by("pk")


def _proposer(formulaire: Any, redevable: Redevable) -> None:
    comptes = _comptes(redevable)
    formulaire.fields["compte"].queryset, formulaire.fields["compte"].initial = comptes, comptes.first()


def _voir(usager: Usager, request: Any, motif: str) -> VoirAilleurs:
    """La session de l'agent change de clé : ce qui en aurait été copié avant ne voit pas l'habitant."""
    try:
        visite = visites.commencer_une_visite(agent=request.user, usager=usager, chez=request.collectivite, motif=motif)
    except visites.VisiteImpossible as refus:
        raise ActeImpossible(_("Ce compte est le vôtre, ou il est fermé : il ne se voit pas ainsi.")) from refus
    request.session[CLE] = visite.pk
    request.session.cycle_key()
    return VoirAilleurs("/")


def _voir_par_le_compte_client(_redevable: Redevable, request: Any, motif: str, compte: Usager) -> VoirAilleurs:
    return _voir(compte, request, motif)


VOIR = (
    "voir",
    _("Voir comme l'habitant"),
    _(
        "Vous verrez pendant un quart d'heure ce que voit cette personne, dans cette commune seulement. Rien ne "
        "pourra être modifié ni payé. Votre nom, ce motif et les factures que vous ouvrirez sont notés au journal."
    ),
)
declarer_acte(
    "comptes.usager",
    Acte(
        *VOIR,
        _voir,
        formulaire=VoirForm,
        refus=lambda usager: "" if usager.is_active else _("Ce compte est fermé : la personne n'entre plus."),
        refus_a=lambda usager, agent: LE_VOTRE if usager == agent else "",
        recoit_la_requete=True,
    ),
)
declarer_acte(
    "comptes.redevable",
    Acte(
        *VOIR,
        _voir_par_le_compte_client,
        formulaire=VoirUnCompteForm,
        preparer=_proposer,
        refus=lambda r: "" if _comptes(r).exists() else _("Personne ne lit ce compte client en ligne."),
        refus_a=lambda redevable, agent: LE_VOTRE if set(_comptes(redevable)) == {agent} else "",
        recoit_la_requete=True,
    ),
)


@admin.register(Visite)
class VisiteAdmin(AdminParCommune):
    """Qui a vu le portail comme qui, et pourquoi."""

    rubrique = Rubrique.PERSONNES
    confidentiel = True
    lecteurs = ENCADREMENT
    list_display = ("commencee_le", "par", "usager", "finie_le", "fin")
    list_select_related = ("agent", "usager")
    list_filter = ("fin",)
    fiche = ("par", "usager", "motif", "commencee_le", "jusqu_a", "finie_le", "fin")

    @admin.display(description=_("agent"))
    def par(self, visite: Visite) -> str:
        """Son nom, et non un lien : un agent n'est pas un usager de sa commune."""
        return str(visite.agent)


def _dire_la_page(page: str) -> Texte:
    return {"detail": _("à l'écran"), "pdf": _("en PDF")}.get(page, page)


declarer_actions(
    "visites",
    _("Visites : voir comme l'habitant"),
    {
        "visite.commencee": _("Un agent voit le portail comme un habitant"),
        "visite.facture": _("Facture vue comme un habitant"),
        "visite.finie": _("L'agent ne voit plus le portail comme un habitant"),
    },
)
declarer_mots({"page": Mot(_("vue"), _dire_la_page), "facture": Mot(_("facture"))})
