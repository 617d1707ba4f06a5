"""Les paiements sur l'accueil de la gestion : ce qui demande qu'on s'en occupe."""

from datetime import datetime

from django.db.models import Count, Min, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from paiement_tipi.admin.modeles import FiltreSuivi
from paiement_tipi.models import SANS_NOUVELLE, ContratTipi, CoupurePayfip, Paiement
from portail.gestion.registre import Carte, Chiffre, declarer_carte
from portail.models import Collectivite


def _chiffres(collectivite: Collectivite) -> list[Chiffre]:
    conditions = {nom.replace("-", "_"): condition for nom, (_libelle, condition) in FiltreSuivi.CONDITIONS.items()}
    a_suivre = Paiement.objects.filter(Q(*conditions.values(), _connector=Q.OR), collectivite=collectivite)
    comptes = {nom: Count("pk", filter=condition) for nom, condition in conditions.items()}
    lus = a_suivre.aggregate(
        **comptes,
        plus_ancien=Min("envoye_le", filter=SANS_NOUVELLE),
        plus_ancien_declare=Min("envoye_le", filter=conditions["a_confirmer"]),
    )
    liste = reverse("gestion:paiement_tipi_paiement_changelist")
    return [
        *_coupure(),
        Chiffre(_("En cours"), lus["en_cours"], f"{liste}?suivi=en-cours"),
        Chiffre(
            _("À confirmer"),
            lus["a_confirmer"],
            f"{liste}?suivi=a-confirmer",
            alerte=bool(lus["a_confirmer"]),
            precision=_depuis(lus["plus_ancien_declare"]) if lus["a_confirmer"] else "",
        ),
        Chiffre(
            _("Sans résultat depuis deux heures"),
            lus["oublie"],
            f"{liste}?suivi=oublie",
            alerte=bool(lus["oublie"]),
            precision=_depuis(lus["plus_ancien"]) if lus["oublie"] else "",
        ),
        Chiffre(_("Anomalies"), lus["anomalie"], f"{liste}?suivi=anomalie", alerte=bool(lus["anomalie"])),
        Chiffre(_("PayFiP ne répond pas"), lus["panne"], f"{liste}?suivi=panne", alerte=bool(lus["panne"])),
    ]


def _coupure() -> list[Chiffre]:
    """Rien tant que PayFiP répond."""
    coupures = CoupurePayfip.objects.filter(finie_le=None)
    return [Chiffre(_("PayFiP ne répond plus"), _depuis(coupure.debut), alerte=True) for coupure in coupures]


def _contrats(collectivite: Collectivite) -> list[Chiffre]:
    """Rien tant que PayFiP dit des contrats ce qu'il en disait."""
    alertes = ContratTipi.objects.filter(collectivite=collectivite).exclude(alerte="")
    return [
        Chiffre(
            _("PayFiP ne le reconnaît plus"),
            contrat,
            reverse("gestion:paiement_tipi_contrattipi_change", args=[contrat.pk]),
            alerte=True,
            objet=contrat,
            actes=("verifier",),
        )
        for contrat in alertes.select_related("regie").order_by("pk")
    ]


def _depuis(instant: datetime) -> str:
    return gettext("depuis le %(instant)s") % {
        "instant": date_format(timezone.localtime(instant), "SHORT_DATETIME_FORMAT")
    }


declarer_carte(Carte(_("Paiements en ligne"), "paiement_tipi.paiement", _chiffres))
declarer_carte(Carte(_("Contrats PayFiP"), "paiement_tipi.contrattipi", _contrats))
