"""Ce qu'un agent change de sa commune, et les chiffres qu'il en lit."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db.models import Count, Q
from django.forms import model_to_dict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portail import ouvertures, services
from portail.courriels import relancer
from portail.etats import MORTS, EtatCourriel
from portail.gestion.champs import ENCADREMENT
from portail.gestion.comptes import noms_des_comptes
from portail.gestion.registre import (
    Acte,
    ActeImpossible,
    Carte,
    Chiffre,
    Reservee,
    Tableau,
    declarer_acte,
    declarer_carte,
    declarer_tableau,
)
from portail.models import Collectivite, Courriel, Regie, Sceau, valider_couleur
from portail.models.courriels import A_ENVOYER

OUVERTURES, JOURS = 20, 30  # ce que la commune relit d'un coup ; ce que compte son accueil


class CollectiviteForm(forms.Form):
    """Comment joindre la commune, et sa couleur."""

    telephone = forms.CharField(label=_("Téléphone"), max_length=30)
    horaires = forms.CharField(label=_("Horaires"), max_length=200)
    couleur = forms.CharField(label=_("Couleur"), max_length=7, validators=[valider_couleur])


class LibelleForm(forms.Form):
    """Le nom d'un service."""

    libelle = forms.CharField(label=_("Nom du service"), max_length=80)


def _modifier_la_collectivite(collectivite: Collectivite, **saisie: str) -> Any:
    services.modifier_collectivite(collectivite=collectivite, **saisie)
    return _("C'est enregistré.")


def _renommer(regie: Regie, libelle: str) -> Any:
    services.modifier_regie(regie=regie, libelle=libelle)
    return _("C'est enregistré.")


def _refus_de_relancer(courriel: Courriel) -> Any:
    if courriel.etat not in MORTS:
        return _("Ce courriel n'est ni refusé ni abandonné.")
    return "" if courriel.destinataire else _("Son adresse a été oubliée, comme toutes celles d'il y a longtemps.")


def _relancer(courriel: Courriel) -> Any:
    if not relancer(courriel):
        raise ActeImpossible(_("Ce courriel est déjà reparti."))
    return _("Le courriel repartira dans un instant.")


declarer_acte(
    "portail.collectivite",
    Acte(
        "modifier",
        _("Modifier"),
        _("Le téléphone et les horaires sont sur toutes les pages que voient les habitants."),
        _modifier_la_collectivite,
        formulaire=CollectiviteForm,
        initial=lambda collectivite: model_to_dict(collectivite, CollectiviteForm.base_fields),
    ),
)
declarer_acte(
    "portail.regie",
    Acte(
        "renommer",
        _("Renommer"),
        _("Le nom du service est sur chaque facture, dans les filtres et sur les documents."),
        _renommer,
        formulaire=LibelleForm,
        initial=lambda regie: {"libelle": regie.libelle},
    ),
)


declarer_acte(
    "portail.courriel",
    Acte(
        "relancer",
        _("Envoyer de nouveau"),
        _("Le courriel repart dans la file, composé avec ce qui est vrai maintenant."),
        _relancer,
        refus=_refus_de_relancer,
    ),
)


def _hotes(collectivite: Collectivite) -> Tableau:
    return Tableau(_("Noms d'hôte réservés"), (_("Nom"),), [(hote.nom,) for hote in collectivite.hotes.all()])


def _ouvertures(collectivite: Collectivite) -> Tableau:
    faits = list(ouvertures.recentes(collectivite)[:OUVERTURES])
    noms = noms_des_comptes(fait.acteur for fait in faits)
    lignes = [
        (f.le, noms.get(f.acteur, ""), apres["motif"], datetime.fromisoformat(apres["au_plus_tard"]))
        for f in faits
        if (apres := f.apres)
    ]
    colonnes = (_("Le"), _("Par"), _("Motif"), _("Jusqu'au plus tard"))
    return Tableau(
        _("L'exploitant a ouvert l'accès aux factures"), tuple(Reservee(c, ENCADREMENT) for c in colonnes), lignes
    )


def _chiffres_du_journal(collectivite: Collectivite) -> list[Chiffre]:
    sceau = Sceau.objects.order_by("-pk").first()
    depuis = timezone.now() - timedelta(days=JOURS)
    nombre = ouvertures.recentes(collectivite).filter(le__gte=depuis).count()
    fiche = reverse("gestion:portail_collectivite_change", args=[collectivite.pk])
    libelle = _("Accès de l'exploitant aux factures, en %(jours)d jours") % {"jours": JOURS}
    return [
        Chiffre(libelle, nombre, fiche, alerte=bool(nombre)),
        Chiffre(_("Dernier sceau"), sceau.scelle_le if sceau else _("aucun")),
    ]


def _chiffres_des_courriels(collectivite: Collectivite) -> list[Chiffre]:
    liste = reverse("gestion:portail_courriel_changelist")
    courriels = Courriel.objects.filter(collectivite=collectivite)
    lus = courriels.aggregate(a_envoyer=Count("pk", filter=A_ENVOYER), morts=Count("pk", filter=Q(etat__in=MORTS)))
    abandonnes = f"{liste}?etat__exact={EtatCourriel.ABANDONNE}"
    return [
        Chiffre(_("À envoyer"), lus["a_envoyer"], f"{liste}?etat__exact={EtatCourriel.A_ENVOYER}"),
        Chiffre(_("Refusés ou abandonnés"), lus["morts"], abandonnes, alerte=bool(lus["morts"])),
    ]


declarer_tableau("portail.collectivite", _hotes)
declarer_tableau("portail.collectivite", _ouvertures)
declarer_carte(Carte(_("Courriels"), "portail.courriel", _chiffres_des_courriels))
declarer_carte(Carte(_("Journal"), "portail.journal", _chiffres_du_journal))
