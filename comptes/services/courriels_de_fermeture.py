"""Ce que disent l'avis d'un compte qui ne sert plus, et la confirmation d'un compte fermé."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from comptes.etats import Cause
from comptes.models import AVERTIR_MOIS, Usager, decaler
from comptes.services import effacement, inactivite
from portail.models import Collectivite
from portail.registre import Contenu, SorteDeCourriel


def compte_inactif(collectivite: Collectivite, contexte: Mapping[str, Any]) -> Contenu | None:
    """Depuis quand, quand il se fermera, et comment le garder ; rien à qui vient de se reconnecter."""
    usager = Usager.objects.filter(pk=contexte["usager"], is_active=True).first()
    if usager is None or usager.vu_le is None or usager.prevenu_le is None or usager.prevenu_le <= usager.vu_le:
        return None
    return _avertir(collectivite, usager.vu_le, inactivite.jour_de_fermeture(usager.vu_le, usager.prevenu_le))


def _avertir(collectivite: Collectivite, vu_le: datetime, ferme_le: datetime) -> Contenu:
    valeurs = {"vu_le": vu_le, "ferme_le": ferme_le, "connexion": f"{collectivite.adresse}{reverse('account_login')}"}
    jour = date_format(timezone.localtime(ferme_le))
    return Contenu(_("Votre compte va être fermé"), valeurs, {"date": jour})


def compte_ferme(collectivite: Collectivite, contexte: Mapping[str, Any]) -> Contenu:
    """Pourquoi, où vont les factures, et comment revenir ; à l'adresse que le compte avait."""
    valeurs = {
        "par_la_personne": contexte["cause"] == Cause.PERSONNE,
        "inactif": contexte["cause"] == Cause.INACTIVITE,
        "ailleurs": contexte["ailleurs"],
        "activation": f"{collectivite.adresse}{reverse('activation')}",
    }
    return Contenu(_("Votre compte est fermé"), valeurs)


def _exemple_d_avis(collectivite: Collectivite) -> Contenu:
    maintenant = timezone.now()
    vu_le = decaler(maintenant, -AVERTIR_MOIS)
    return _avertir(collectivite, vu_le, inactivite.jour_de_fermeture(vu_le, maintenant))


def _exemple_de_fermeture(collectivite: Collectivite) -> Contenu:
    return compte_ferme(collectivite, {"cause": Cause.PERSONNE, "ailleurs": False})


SORTES = (
    SorteDeCourriel(
        inactivite.COURRIEL,
        "courriels/compte_inactif.txt",
        "courriels/compte_inactif.html",
        compte_inactif,
        libelle=_("À qui n'est pas venu depuis deux ans, avant de fermer son compte"),
        emplacements={"date": _("le jour où le compte se fermera")},
        exemple=_exemple_d_avis,
    ),
    SorteDeCourriel(
        effacement.COURRIEL,
        "courriels/compte_ferme.txt",
        "courriels/compte_ferme.html",
        compte_ferme,
        libelle=_("À qui avait un compte, qui vient de se fermer"),
        exemple=_exemple_de_fermeture,
    ),
)
