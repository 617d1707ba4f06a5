"""Les courriels et le journal : ce qu'un agent en fait, et les chiffres qu'il en lit."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portail import ouvertures
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
from portail.models import Collectivite, Courriel, Sceau

OUVERTURES, JOURS = 20, 30  # ce que la commune relit d'un coup ; ce que compte son accueil


def _refus_de_relancer(courriel: Courriel) -> Any:
    if courriel.etat not in MORTS:
        return _("Ce courriel n'est ni refusé ni abandonné.")
    return "" if courriel.destinataire else _("Son adresse a été oubliée, comme toutes celles d'il y a longtemps.")


def _relancer(courriel: Courriel) -> Any:
    if not relancer(courriel):
        raise ActeImpossible(_("Ce courriel est déjà reparti."))
    return _("Le courriel repartira dans un instant.")


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
    suivis = {
        EtatCourriel.A_ENVOYER: _("À envoyer"),
        EtatCourriel.REFUSE: _("Refusés par l'adresse"),
        EtatCourriel.ABANDONNE: _("Abandonnés après trop d'essais"),
    }
    courriels = Courriel.objects.filter(collectivite=collectivite, etat__in=suivis)
    lus = courriels.aggregate(**{etat.name: Count("pk", filter=Q(etat=etat)) for etat in suivis})
    return [
        Chiffre(libelle, lus[etat.name], f"{liste}?etat__exact={etat}", alerte=etat in MORTS and bool(lus[etat.name]))
        for etat, libelle in suivis.items()
    ]


declarer_tableau("portail.collectivite", _ouvertures)
declarer_carte(Carte(_("Courriels"), "portail.courriel", _chiffres_des_courriels, rang=2))
declarer_carte(Carte(_("Journal"), "portail.journal", _chiffres_du_journal, rang=2))
