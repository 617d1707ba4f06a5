"""Écrire une facture à la main : la créer, corriger son brouillon, lui joindre un document, en préparer une autre."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from comptes.models import Redevable
from factures import registre
from factures.argent import en_centimes
from factures.etats import Nature, Statut
from factures.imports import PARTIES
from factures.imports.bac import verifier_le_document
from factures.imports.documents import DocumentRefuse
from factures.models import Facture, LigneFacture
from factures.services.examen import examiner_le_document
from factures.services.rangement import ranger_le_document
from portail.journal import noter
from portail.models import Regie
from portail.versions import Conflit, tenir

CHAMPS = (
    *("regie", "redevable", "numero", "reference", "objet", "montant", "exercice", *PARTIES),
    *("date_emission", "date_echeance", "date_limite_en_ligne", "date_prelevement"),
)
# Le M des factures écrites à la main les distingue de celles que numérote le logiciel de facturation.
_NUMERO = "{annee}-{code}-M{rang:04d}"
_RANG = re.compile(r"M([0-9]{1,9})\Z")


class SaisieRefusee(Exception):
    """Ce qui est écrit ne peut pas entrer ; ``champ`` dit où."""

    def __init__(self, champ: str, phrase: str) -> None:
        super().__init__(phrase)
        self.champ = champ


@dataclass(frozen=True)
class LigneSaisie:
    """Une ligne telle qu'elle sera imprimée."""

    libelle: str
    quantite: str
    prix_unitaire: str
    montant: Decimal


@dataclass(frozen=True)
class Saisie:
    """Une facture écrite à la main ; son montant est la somme de ses lignes."""

    regie: Regie
    redevable: Redevable
    numero: str
    reference: str
    objet: str
    date_emission: date
    lignes: tuple[LigneSaisie, ...]
    exercice: int | None = None
    code_recette: str = ""
    periode: str = ""
    piece: str = ""
    ligne: str = ""
    dette: str = ""
    date_echeance: date | None = None
    date_limite_en_ligne: date | None = None
    date_prelevement: date | None = None

    @property
    def montant(self) -> Decimal:
        """En euros ; négatif pour un avoir."""
        return sum((ligne.montant for ligne in self.lignes), Decimal(0))

    @property
    def nature(self) -> Nature:
        """Ce que son signe en fait."""
        return Nature.FACTURE if self.montant > 0 else Nature.AVOIR


def proposer_numero(*, regie: Regie, annee: int) -> str:
    """Le suivant des numéros écrits à la main dans ce service cette année-là."""
    prefixe = _NUMERO.format(annee=annee, code=regie.code, rang=0)[:-4]
    numeros = Facture.objects.filter(regie=regie, numero__startswith=prefixe).values_list("numero", flat=True)
    rangs = [int(trouve[1]) for numero in numeros if (trouve := _RANG.search(numero))]
    return _NUMERO.format(annee=annee, code=regie.code, rang=max(rangs, default=0) + 1)


def proposer_reference(*, regie: Regie, numero: str, parties: dict[str, Any]) -> str:
    """La référence de paiement d'après le contrat du service ; vide s'il manque de quoi la composer."""
    return registre.composer_reference(regie, {**dict.fromkeys(PARTIES, ""), **parties, "numero": numero})


def deja_prise(saisie: Saisie, *, sauf: Facture | None = None) -> SaisieRefusee | None:
    """Le refus qu'aurait cette saisie si une autre facture du service a son numéro ou sa référence."""
    memes = Facture.objects.filter(Q(numero=saisie.numero) | Q(reference=saisie.reference), regie=saisie.regie)
    prise = memes.exclude(uuid=sauf.uuid).first() if sauf else memes.first()
    if prise is None:
        return None
    if prise.numero == saisie.numero:
        return SaisieRefusee("numero", _("Une autre facture de ce service a déjà ce numéro."))
    phrase = _("Cette référence est déjà celle de la facture %(numero)s.") % {"numero": prise.numero}
    return SaisieRefusee("reference", phrase)


def creer(*, saisie: Saisie, remplace: Facture | None = None, motif: str = "") -> Facture:
    """Le brouillon, que personne ne voit ; ``SaisieRefusee`` si son numéro ou sa référence sont pris.

    Publié, il annulera celle qu'il ``remplace``, avec ce motif que la personne lira.
    """
    facture = Facture(collectivite_id=saisie.regie.collectivite_id, remplace=remplace, motif_remplacement=motif)
    _enregistrer(facture, saisie, "facture.creee")
    return facture


@transaction.atomic
def corriger(*, facture: Facture, saisie: Saisie, version: int) -> None:
    """Récrit un brouillon ; ``Conflit`` s'il n'est plus celui qu'on a lu, ou n'en est plus un."""
    tenue = tenir(Facture.objects.all(), facture.pk, version=version)
    if tenue.statut != Statut.BROUILLON or tenue.lot_id:
        raise Conflit
    _enregistrer(tenue, saisie, "facture.brouillon_corrige")


def _enregistrer(facture: Facture, saisie: Saisie, action: str) -> None:
    _exiger_une_commune(facture, saisie)
    for champ in CHAMPS:
        setattr(facture, champ, getattr(saisie, champ))
    facture.nature, facture.reste_du = saisie.nature, max(saisie.montant, Decimal(0))
    facture.version += 1
    try:
        with transaction.atomic():
            facture.save()
            _ecrire_les_lignes(facture, saisie)
            noter(action, sur=facture, apres={"montant": en_centimes(saisie.montant), "lignes": len(saisie.lignes)})
    except IntegrityError:  # quelqu'un a pris ce numéro à l'instant
        raise deja_prise(saisie, sauf=facture) or Conflit from None  # ou en prépare une autre à la même place


def _exiger_une_commune(facture: Facture, saisie: Saisie) -> None:
    communes = {facture.collectivite_id, saisie.regie.collectivite_id, saisie.redevable.collectivite_id}
    if len(communes) > 1:
        raise ValueError("Une facture, son service et son redevable sont d'une même commune.")


def _ecrire_les_lignes(facture: Facture, saisie: Saisie) -> None:
    facture.lignes.all().delete()
    LigneFacture.objects.bulk_create(
        LigneFacture(
            facture=facture,
            collectivite_id=facture.collectivite_id,
            rang=rang,
            libelle=ligne.libelle,
            quantite=ligne.quantite,
            prix_unitaire=ligne.prix_unitaire,
            montant=ligne.montant,
        )
        for rang, ligne in enumerate(saisie.lignes, start=1)
    )


def joindre(*, facture: Facture, contenu: bytes, version: int) -> bool:
    """Garde ce document pour un brouillon ; faux s'il ne porte ni son numéro ni sa référence : est-ce bien le sien ?

    ``DocumentRefuse`` s'il n'est pas sûr, ou s'il est déjà celui d'une autre personne ;
    ``FichierRefuse`` si l'antivirus ne répond pas.
    """
    examiner_le_document(contenu)
    porte = verifier_le_document(contenu, facture.numero, facture.reference)  # long : avant le verrou
    _garder(facture, contenu, version)
    return porte


@transaction.atomic
def _garder(facture: Facture, contenu: bytes, version: int) -> None:
    tenue = tenir(Facture.objects.all(), facture.pk, version=version)
    if tenue.statut != Statut.BROUILLON:
        raise Conflit
    nom = ranger_le_document(tenue.regie_id, contenu)
    if Facture.objects.filter(pdf=nom).exclude(redevable=tenue.redevable_id).exists():
        raise DocumentRefuse(_("ce document est déjà celui d'une facture d'un autre redevable."))
    tenue.pdf.name, tenue.version = nom, tenue.version + 1
    tenue.save(update_fields=["pdf", "version"])
    noter("facture.documentee", sur=tenue)
