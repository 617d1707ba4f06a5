"""Payer depuis le papier : le code d'une facture, celle qu'il désigne, et sa révocation (docs/adr/026)."""

import re

from django.db import transaction
from django.db.models import F
from django.utils.crypto import constant_time_compare, salted_hmac

from comptes import codes
from factures.etats import Statut
from factures.models import Facture
from portail.journal import noter

SECRET, GROUPE = 18, 6  # 18 signes parmi 24 : 82 bits
_BASE = len(codes.ALPHABET)
# Le rang de la facture, puis le secret ; un rang plus long que douze signes n'est pas de chez nous.
_CODE = re.compile(rf"([{codes.ALPHABET}]{{1,12}})([{codes.ALPHABET}]{{{SECRET}}})")


def adresse_du_papier(facture: Facture) -> str:
    """« https://factures.boe.fr/p/3F7K-… » : ce que porte son document, et qui ne sert qu'à la payer."""
    secret = _secret(facture.pk, facture.papier)
    groupes = [secret[debut : debut + GROUPE] for debut in range(0, SECRET, GROUPE)]
    return f"{facture.collectivite.adresse}/p/{'-'.join([_en_signes(facture.pk), *groupes])}"


def facture_du_papier(saisie: str) -> Facture | None:
    """La facture publiée de ce code, avec son état du jour ; rien pour un code faux ou révoqué."""
    code = _CODE.fullmatch(codes.relire(saisie))
    if code is None:
        return None
    publiees = Facture.objects.filter(publiee_le__isnull=False).exclude(statut=Statut.BROUILLON)
    facture = publiees.select_related("collectivite").filter(pk=_en_nombre(code[1])).first()
    if facture is None or not constant_time_compare(code[2], _secret(facture.pk, facture.papier)):
        return None
    du_jour = Facture.objects.avec_etat(facture.collectivite.aujourd_hui())
    return du_jour.select_related("collectivite", "regie__contrat_tipi").get(pk=facture.pk)


@transaction.atomic
def revoquer_le_papier(*, facture: Facture, motif: str) -> None:
    """Les codes déjà imprimés ne mènent plus à rien ; le prochain document en porte un autre."""
    Facture.objects.filter(pk=facture.pk).update(papier=F("papier") + 1)
    noter("facture.papier_revoque", sur=facture, apres={"motif": motif})


def _secret(cle: int, revocations: int) -> str:
    empreinte = salted_hmac("paiement_tipi.papier", f"{cle}:{revocations}", algorithm="sha256").digest()
    return _en_signes(int.from_bytes(empreinte) % _BASE**SECRET).rjust(SECRET, codes.ALPHABET[0])


def _en_signes(nombre: int) -> str:
    signes = ""
    while nombre:
        nombre, rang = divmod(nombre, _BASE)
        signes = codes.ALPHABET[rang] + signes
    return signes


def _en_nombre(signes: str) -> int:
    nombre = 0
    for signe in signes:
        nombre = nombre * _BASE + codes.ALPHABET.index(signe)
    return nombre
