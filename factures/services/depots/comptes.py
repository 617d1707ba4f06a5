"""Où en est une facture pendant qu'on lui rapproche des lignes : son dû, l'argent qu'elle a, ses paiements en ligne."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from factures import registre
from factures.etats import Sens
from factures.etats.depots import EN_FACE, EtatDepot
from factures.models import Facture, LigneDepot, Reglement
from factures.services.rapprochement.comparaison import est_en_ligne
from factures.services.reglements import Recu


@dataclass
class EnLigne:
    """Un paiement en ligne d'une facture ; sans ``reglement``, PayFiP l'a seulement annoncé."""

    origine: str
    montant: Decimal
    jour: date
    moyen: str
    reglement: Reglement | None = None
    autres: int = 0  # les autres factures qu'il payait

    @property
    def rejete(self) -> bool:
        """Vrai s'il a été repris depuis."""
        return self.reglement is not None and hasattr(self.reglement, "reprise")


@dataclass
class Compte:
    """Une facture : ce qu'il lui reste dû, les clés de l'argent et des lignes déjà vus, ce qui attend sa ligne."""

    facture: Facture
    reste: Decimal
    origines: dict[str, bool] = field(default_factory=dict)
    lignes: dict[str, int] = field(default_factory=dict)
    dites: set[str] = field(default_factory=set)
    libres: list[EnLigne] = field(default_factory=list)
    en_face: dict[int, EnLigne] = field(default_factory=dict)


def recu(ligne: LigneDepot) -> Recu:
    """Le règlement que dit une ligne comprise."""
    if ligne.jour is None:
        raise ValueError("Une ligne fautive ne dit aucun règlement.")
    return Recu(ligne.moyen, ligne.montant, ligne.jour, ligne.bordereau, ligne.reference)


def comptes(factures: Iterable[Facture], declares: Iterable[registre.PaiementDeclare]) -> dict[int, Compte]:
    """Où en est chacune, lue maintenant."""
    ouverts = {facture.pk: Compte(facture, facture.reste_du) for facture in factures}
    redits = _redits(ouverts)
    encaissements = Reglement.objects.filter(facture__in=list(ouverts), sens=Sens.ENCAISSEMENT)
    for reglement in encaissements.select_related("reprise", "confirmation"):
        compte = ouverts[reglement.facture_id]
        compte.origines[reglement.origine] = hasattr(reglement, "reprise")
        if est_en_ligne(reglement) and reglement.pk not in redits:
            jour = compte.facture.collectivite.jour_de(reglement.recu_le)
            fait = EnLigne(reglement.origine, reglement.montant, jour, reglement.moyen, reglement)
            compte.libres.append(fait)
    for declare in declares:
        for cle in declare.parts.keys() & ouverts.keys():
            jour = ouverts[cle].facture.collectivite.jour_de(declare.le)
            annonce = EnLigne(declare.origine, declare.parts[cle], jour, declare.moyen, autres=len(declare.parts) - 1)
            ouverts[cle].libres.append(annonce)
    return ouverts


def _redits(ouverts: dict[int, Compte]) -> set[int]:
    """Les règlements qu'une ligne enregistrée redit ; chaque compte apprend les lignes qui n'ont plus rien à dire."""
    vues = LigneDepot.objects.filter(facture__in=list(ouverts), sort__in=EN_FACE, depot__etat=EtatDepot.ENREGISTRE)
    for ligne in vues:
        ouverts[ligne.facture_id or 0].dites.add(recu(ligne).cle)
    return {ligne.reglement_id for ligne in vues if ligne.reglement_id}
