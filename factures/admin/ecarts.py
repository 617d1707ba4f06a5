"""La file des écarts : ce qui ne concorde pas, ce qu'on propose, et ce qu'un agent décide."""

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from factures.admin.champs import MOYENS
from factures.admin.listes import court
from factures.admin.reglements import RejetForm
from factures.etats.rapprochement import A_ENREGISTRER, D_UN_REGLEMENT, SUGGESTIONS, EtatEcart, GenreEcart
from factures.imports.lecteur_pes_retour import Dette
from factures.models import Ecart
from factures.services import rapprochement
from portail.gestion.listes import FiltreLie, colonne
from portail.gestion.modele import AdminParCommune, Rubrique
from portail.gestion.registre import Acte, ActeImpossible, Texte, declarer_acte, declarer_acte_en_nombre
from portail.montants import en_euros

MODELE = "factures.ecart"
G = GenreEcart


def _somme(euros: Any) -> str:
    """Vide s'il n'y a rien de ce côté-là."""
    return en_euros(euros) if euros else ""


@admin.register(Ecart)
class EcartAdmin(AdminParCommune):
    """Ce qui diffère entre nos comptes et ceux du Trésor ou de PayFiP, et ce qui attend depuis trop longtemps."""

    rubrique = Rubrique.FACTURES
    confidentiel = True
    list_display = (
        *("genre", "facture", colonne("montant_ici", _("ici"), ecrire=_somme)),
        *(colonne("montant_la_bas", _("là-bas"), ecrire=_somme), colonne("jour", _("jour"), ecrire=court)),
        *("source", "etat"),
    )
    list_filter = ("etat", "genre", "source", ("facture__regie", FiltreLie))
    list_select_related = ("facture",)
    question: Any = _("Qu'a-t-on fait de cet écart ?")
    fiche = (
        *("genre", "suggestion", "etat", "facture", "reglement", "montant_ici", "montant_la_bas", "jour", "moyen"),
        *("en_ligne", "reference", "titre", "detail", "source", "retour", "fichier", "cree_le", "clos_le", "motif"),
    )

    @admin.display(description=_("que faire"))
    def suggestion(self, ecart: Ecart) -> Texte:
        """Tant qu'il reste à trancher."""
        return SUGGESTIONS[GenreEcart(ecart.genre)] if ecart.etat == EtatEcart.OUVERT else ""

    @admin.display(description=_("chez le Trésor"))
    def titre(self, ecart: Ecart) -> str:
        """L'exercice et les numéros du fichier."""
        return str(Dette(**ecart.dette)) if ecart.dette else ""

    @admin.display(description=_("fichier de règlements"))
    def fichier(self, ecart: Ecart) -> Texte:
        """Le fichier de la régie, et sa ligne."""
        mots = {"fichier": ecart.ligne.depot, "rang": ecart.ligne.rang} if ecart.ligne else {}
        return _("%(fichier)s, ligne %(rang)d") % mots if mots else ""

    def pour_la_fiche(self, objets: Any, request: Any) -> Any:
        return objets.select_related("facture", "reglement", "retour", "declaration", "ligne__depot")


class MoyenForm(forms.Form):
    """Comment l'argent est venu : le fichier ne le dit pas toujours."""

    moyen = forms.ChoiceField(label=_("Moyen"), choices=MOYENS)


class NumeroForm(forms.Form):
    """Une facture."""

    numero = forms.CharField(label=_("Numéro ou référence de la facture"), max_length=40)


class ClasserForm(forms.Form):
    """Pourquoi il n'y a plus rien à faire."""

    motif = forms.CharField(label=_("Motif"), max_length=200, help_text=_("Par exemple : « Titre d'un autre budget »."))


def si(*genres: GenreEcart) -> Callable[[Ecart], Texte]:
    """L'acte n'a lieu d'être que pour un écart ouvert, de l'un de ces genres s'il y en a."""

    def refus(ecart: Ecart) -> Texte:
        if ecart.etat != EtatEcart.OUVERT:
            return _("Cet écart est déjà tranché.")
        return "" if not genres or ecart.genre in genres else _("Cet écart ne se tranche pas ainsi.")

    return refus


def _refus_d_enregistrer(ecart: Ecart) -> Texte:
    sans = "" if rapprochement.s_enregistre(ecart) else _("PayFiP redit une somme déjà encaissée.")
    return si(*A_ENREGISTRER)(ecart) or sans


def _refus_de_rejeter(ecart: Ecart) -> Texte:
    sans = "" if ecart.reglement_id else _("Aucun règlement d'ici n'y répond.")
    return si(*D_UN_REGLEMENT, G.REPRIS)(ecart) or sans


def mener(service: Callable[..., None], phrase: Texte) -> Callable[..., Texte]:
    """L'acte que fait ce service, dont le refus se lit au-dessus du formulaire."""

    def faire(ecart: Ecart, **saisie: Any) -> Texte:
        try:
            service(ecart=ecart, **saisie)
        except rapprochement.EcartIndisponible as refus:
            raise ActeImpossible(str(refus)) from refus
        return phrase

    return faire


def _rappel(ecart: Ecart) -> Texte:
    mots = {"somme": en_euros(ecart.montant_la_bas), "jour": court(ecart.jour), "facture": ecart.facture}
    return _("%(somme)s reçus le %(jour)s pour la facture %(facture)s.") % mots


CONFIRMER = (
    "confirmer",
    _("Confirmer ce règlement"),
    _("Vous l'avez vu sur le relevé du compte, ou le comptable vous l'a dit : il n'est plus attendu."),
)
CLASSER = ("classer", _("Classer"), _("Aucun argent ne bouge. L'écart ne reviendra pas, même si un fichier le redit."))

for _acte in (
    Acte(
        "enregistrer",
        _("Enregistrer le règlement manquant"),
        _("La somme vue là-bas devient un règlement, à son jour. L'habitant le verra ; le surplus sera à rendre."),
        mener(rapprochement.enregistrer_le_manquant, _("Le règlement est enregistré.")),
        formulaire=MoyenForm,
        initial=lambda ecart: {"moyen": ecart.moyen},
        refus=_refus_d_enregistrer,
        rappel=_rappel,
    ),
    Acte(*CONFIRMER, mener(rapprochement.confirmer, _("Le règlement est confirmé.")), refus=si(*D_UN_REGLEMENT)),
    Acte(
        "rejeter",
        _("Rejeter ce règlement"),
        _(
            "La banque l'a refusé, ou le Trésor l'a repris : la somme redevient due, et un paiement en ligne de "
            "plusieurs factures est repris sur toutes. Rien n'est effacé."
        ),
        mener(rapprochement.rejeter_le_reglement, _("Le règlement est repris ; la facture est de nouveau à payer.")),
        formulaire=RejetForm,
        initial=lambda _ecart: {"motif": gettext("Prélèvement rejeté par la banque")},
        refus=_refus_de_rejeter,
        danger=True,
    ),
    Acte(
        "designer",
        _("Désigner la facture"),
        _("Rien n'est encore enregistré : vous verrez ensuite la somme en face de cette facture."),
        mener(rapprochement.designer, _("La facture est désignée.")),
        formulaire=NumeroForm,
        refus=si(G.SANS_FACTURE),
    ),
    Acte(
        "infirmer",
        _("Répondre que rien n'est arrivé"),
        _("La personne reçoit un courriel, sans montant, et la facture lui est de nouveau montrée à payer."),
        mener(rapprochement.infirmer, _("La personne est prévenue.")),
        refus=si(G.DECLARATION),
    ),
    Acte(*CLASSER, mener(rapprochement.classer, _("L'écart est classé.")), formulaire=ClasserForm, refus=si()),
):
    declarer_acte(MODELE, _acte)


def _en_nombre(service: Callable[..., None]) -> Callable[..., Texte]:
    """Le même service, un écart à la fois ; celui qu'un autre vient de trancher est laissé."""

    def faire(ecarts: Sequence[Ecart], **saisie: Any) -> Texte:
        faits = 0
        for ecart in ecarts:
            try:
                service(ecart=ecart, **saisie)
            except rapprochement.EcartIndisponible:
                continue
            faits += 1
        return ngettext("%(n)d écart tranché.", "%(n)d écarts tranchés.", faits) % {"n": faits}

    return faire


for _acte in (
    Acte(*CONFIRMER, _en_nombre(rapprochement.confirmer), refus=si(*D_UN_REGLEMENT)),
    Acte(*CLASSER, _en_nombre(rapprochement.classer), formulaire=ClasserForm, refus=si()),
):
    declarer_acte_en_nombre(MODELE, _acte)
