"""Fermer un compte pour de bon : il n'est plus à personne, son adresse mail redevient libre (docs/adr/030)."""

import logging
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import uuid4

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from comptes.etats import Cause, EtatRattachement
from comptes.models import Activation, Copie, DemandeAdresse, Rattachement, Session, Usager
from comptes.registre import fermetures
from comptes.services.rattachements import detacher
from portail.courriels import deposer
from portail.journal import noter
from portail.models import Affectation, Collectivite, LectureDAnnonce

traces = logging.getLogger(__name__)

COURRIEL = "comptes.compte_ferme"
NOM = "Compte fermé"


class FermetureRefusee(Exception):
    """Pas maintenant ; ses ``args`` sont les phrases qui disent pourquoi."""


@dataclass(frozen=True)
class Depart:
    """Ce qu'une personne doit savoir avant de fermer : ce qui l'en empêche, ce qui continuera sans elle.

    ``ailleurs`` : son compte sert dans une autre commune, et ne s'y ferme pas.
    """

    raisons: list[str]
    suites: list[str]
    ailleurs: bool


def preparer_le_depart(*, usager: Usager, chez: Collectivite) -> Depart:
    """Ce que dira la page, dans cette commune."""
    ailleurs = _sert_ailleurs(usager, chez)
    suites = [fermeture.suite(usager, chez) for fermeture in fermetures()]
    return Depart(_raisons(usager, chez if ailleurs else None), list(filter(None, suites)), ailleurs)


@transaction.atomic
def quitter(*, usager: Usager, chez: Collectivite, cause: Cause = Cause.PERSONNE) -> bool:
    """La personne ferme son compte dans cette commune ; vrai s'il n'est plus nulle part. FermetureRefusee.

    S'il sert dans une autre, il y reste entier : chacune est responsable de ses données.
    """
    tenu = _tenir(Usager.objects.filter(pk=usager.pk))
    if tenu is None:
        return True
    if not _sert_ailleurs(tenu, chez):
        _effacer(tenu, chez, cause)
        return True
    _refuser(tenu, chez)
    _laisser(tenu, collectivite=chez)
    noter("compte.quitte", sur=tenu, collectivite=chez.pk, apres={"fermeture": cause})
    _confirmer(tenu, chez, cause, ailleurs=True)
    transaction.on_commit(partial(_tracer, "quitté", tenu, chez.lien))
    return False


@transaction.atomic
def effacer(*, parmi: QuerySet[Usager], cause: Cause, motif: str = "") -> bool:
    """Ferme pour de bon, dans toutes les communes, le compte de ``parmi`` ; vrai pour l'unique appel qui le fait.

    Faux s'il l'était, ou s'il n'est plus de ``parmi`` une fois verrouillé. FermetureRefusee.
    """
    tenu = _tenir(parmi)
    if tenu is None:
        return False
    _effacer(tenu, commune_ou_ecrire(tenu), cause, motif)
    return True


def commune_ou_ecrire(usager: Usager) -> Collectivite:
    """Celle qui signe ce qu'on lui dit de son compte : la première où il a affaire, sinon celle de l'installation."""
    return usager.commune_pres_de(Collectivite.objects.order_by("-par_defaut", "pk")[0])


def _tenir(parmi: QuerySet[Usager]) -> Usager | None:
    """Ni connexion, ni rattachement, ni paiement ne s'y ajoute d'ici la fin de la transaction."""
    return parmi.filter(ferme_le=None).select_for_update(of=("self",)).first()


def _sert_ailleurs(usager: Usager, chez: Collectivite) -> bool:
    lit = Rattachement.objects.filter(usager=usager, etat=EtatRattachement.ACTIF).exclude(collectivite=chez)
    return lit.exists() or Affectation.objects.filter(usager=usager).exclude(collectivite=chez).exists()


def _raisons(usager: Usager, chez: Collectivite | None) -> list[str]:
    acces = Affectation.objects.filter(usager=usager, **({"collectivite": chez} if chez else {}))
    dites = [fermeture.empeche(usager, chez) for fermeture in fermetures()]
    if usager.is_superuser or acces.exists():
        dites.append(_("Ce compte sert aussi à la gestion. Demandez d'abord que votre accès d'agent soit retiré."))
    return list(filter(None, dites))


def _refuser(usager: Usager, chez: Collectivite | None) -> None:
    if raisons := _raisons(usager, chez):
        raise FermetureRefusee(*raisons)


def _effacer(usager: Usager, chez: Collectivite, cause: Cause, motif: str = "") -> None:
    _refuser(usager, None)
    for fermeture in fermetures():
        fermeture.effacer(usager)
    communes = Collectivite.objects.filter(rattachements__usager=usager).distinct().order_by("pk")
    _laisser(usager)
    DemandeAdresse.objects.filter(usager=usager).delete()
    _confirmer(usager, chez, cause, ailleurs=False)
    faits = {"fermeture": cause} | ({"motif": motif} if motif else {})
    for commune in list(communes) or [chez]:
        noter("compte.efface", sur=usager, collectivite=commune.pk, apres=faits)
    _rendre_anonyme(usager)
    transaction.on_commit(partial(_tracer, "effacé", usager, "partout"))


def _laisser(usager: Usager, **ou: Any) -> None:
    """Ce qu'il avait dans cette commune, ou partout : ses accès, ses sessions, ce qu'il avait commencé ou lu."""
    siens = Rattachement.objects.filter(usager=usager, **ou)
    for rattachement in siens.filter(etat=EtatRattachement.ACTIF).select_related("redevable__collectivite"):
        detacher(rattachement=rattachement)  # et ses factures redeviennent du papier
    siens.update(nom_donne="")
    Copie.objects.filter(usager=usager, **ou).delete()  # le ménage efface les fichiers que plus rien ne nomme
    Activation.objects.filter(courriel=usager.email, **ou).delete()
    LectureDAnnonce.objects.filter(usager=usager, **ou).delete()
    Session.objects.filter(usager=usager, **ou).delete()


def _confirmer(usager: Usager, chez: Collectivite, cause: Cause, *, ailleurs: bool) -> None:
    """À l'adresse qu'il avait ; une fermeture refaite après une restauration a déjà été dite."""
    if cause == Cause.REJEU:
        return
    contexte = {"cause": cause, "ailleurs": ailleurs}
    cle = f"{COURRIEL}:{uuid4()}"
    deposer(sorte=COURRIEL, cle=cle, collectivite=chez, destinataire=usager.email, contexte=contexte)


def _rendre_anonyme(usager: Usager) -> None:
    """La ligne reste : des paiements et des demandes la désignent, et le journal son numéro."""
    vide: dict[str, Any] = {
        "email": f"ferme-{usager.pk}@compte.invalid",
        "civilite": "",
        "prenom": "",
        "nom": NOM,
        "password": make_password(None),
        "is_active": False,
        "ferme_le": timezone.now(),
        "courriel_confirme_le": None,
        "last_login": None,
        "prevenu_le": None,
    }
    for champ, valeur in vide.items():
        setattr(usager, champ, valeur)
    usager.save(update_fields=[*vide, "noms"])


def _tracer(quoi: str, usager: Usager, commune: str) -> None:
    """Hors de la base : la liste que relit ``rejeu``. Restaurée, elle peut redonner un numéro, jamais la même heure."""
    traces.info("compte %s %d %s %s", quoi, usager.pk, usager.cree_le.isoformat(), commune)
