"""Ce qu'une facture a reçu ici, en face de ce que le Trésor en a reçu : retrouvé, ou en quoi cela diffère."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, field
from datetime import date
from decimal import Decimal

from factures import registre
from factures.argent import en_centimes
from factures.etats import Moyen, Sens
from factures.etats.rapprochement import GenreEcart
from factures.imports.lecteur_pes_retour import EN_LIGNE, RECUS, Dette, Encaissement
from factures.models import Ecart, Facture, Reglement

# Les seuls modes dont le sens est sûr ; l'agent dit les autres.
MOYENS = {"01": Moyen.ESPECES, "08": Moyen.PRELEVEMENT}

Issue = tuple["Vu", GenreEcart | None, Reglement | None]


@dataclass(frozen=True)
class Vu:
    """Une somme vue là-bas. ``en_ligne`` : None si le fichier ne le dit pas ; ``argent`` : faux si rien n'est reçu."""

    cle: str
    jour: date
    montant: Decimal
    en_ligne: bool | None
    argent: bool = True
    moyen: str = Moyen.TRESOR
    reference: str = ""

    @classmethod
    def du_tresor(cls, dette: Dette, recu: Encaissement) -> "Vu":
        """La même clé pour le même encaissement, dans quelque fichier qu'il revienne."""
        traits = (*astuple(dette), recu.jour, en_centimes(recu.montant), *recu.en_json()[2:])
        empreinte = hashlib.sha256("|".join(map(str, traits)).encode()).hexdigest()
        en_ligne = recu.origine == EN_LIGNE if recu.origine else None
        moyen = Moyen.CARTE if en_ligne else MOYENS.get(recu.mode, Moyen.TRESOR)
        reference = recu.identifiant or f"PES-{empreinte[:12]}"
        argent = recu.origine in RECUS
        return cls(f"tresor:{empreinte[:40]}", recu.jour, recu.montant, en_ligne, argent, moyen, reference)

    @classmethod
    def de_l_ecart(cls, ecart: Ecart) -> "Vu | None":
        """Ce que l'écart disait d'une somme vue là-bas."""
        if not ecart.montant_la_bas or ecart.jour is None:
            return None
        return cls(ecart.cle, ecart.jour, ecart.montant_la_bas, ecart.en_ligne)


@dataclass
class Compte:
    """Les règlements d'une facture : ceux que rien n'a encore confirmés, et ceux qui ont été repris."""

    facture: Facture
    libres: list[Reglement] = field(default_factory=list)
    repris: list[Reglement] = field(default_factory=list)
    actifs: list[Reglement] = field(default_factory=list)

    def prendre(self, vu: Vu, *, exact: bool) -> Reglement | None:
        """Le règlement le plus proche, retiré des libres ; à une somme différente, il doit être de la même sorte."""
        possibles = [r for r in self.libres if (r.montant == vu.montant or not exact) and _va(r, vu, exact=exact)]
        if not possibles:
            return None
        choisi = min(possibles, key=lambda r: (est_en_ligne(r) != bool(vu.en_ligne), abs(r.recu_le.date() - vu.jour)))
        self.libres.remove(choisi)
        return choisi

    def reprise_de(self, vu: Vu) -> Reglement | None:
        """L'écriture contraire d'ici qui répond à celle du Trésor ; ce qu'elle reprend peut alors être confirmé."""
        for reglement in self.repris:
            if reglement.montant == -vu.montant:
                self.repris.remove(reglement)
                self.libres.append(reglement)
                return reglement.reprise
        return None


def est_en_ligne(reglement: Reglement) -> bool:
    """Vrai si une app de paiement l'a encaissé."""
    return reglement.origine.startswith(tuple(registre.origines_en_ligne()))


def _va(reglement: Reglement, vu: Vu, *, exact: bool) -> bool:
    """Un paiement en ligne n'est jamais ce que le Trésor dit reçu autrement ; l'inverse, si la somme est la même."""
    if vu.en_ligne is None:
        return True
    return est_en_ligne(reglement) == vu.en_ligne or (vu.en_ligne and exact)


def ouvrir_les_comptes(factures: Iterable[Facture]) -> dict[int, Compte]:
    """Où en est chacune, lue maintenant."""
    comptes = {facture.pk: Compte(facture) for facture in factures}
    encaisses = Reglement.objects.filter(facture__in=list(comptes), sens=Sens.ENCAISSEMENT).exclude(moyen=Moyen.REPORT)
    for reglement in encaisses.select_related("reprise__confirmation", "confirmation").order_by("recu_le", "pk"):
        compte, repris = comptes[reglement.facture_id], hasattr(reglement, "reprise")
        if not repris:
            compte.actifs.append(reglement)
        if not hasattr(reglement, "confirmation"):
            (compte.repris if repris else compte.libres).append(reglement)
    return comptes


def confronter(compte: Compte, vus: list[Vu]) -> Iterator[Issue]:
    """Chaque somme vue là-bas : le règlement qui la confirme, ou le genre de l'écart et le règlement en cause."""
    restes = []
    for vu in sorted(vus, key=lambda vu: vu.montant):  # les reprises d'abord : elles libèrent ce qu'elles reprennent
        if not vu.argent:
            yield vu, GenreEcart.AUTREMENT, None
        elif vu.montant < 0:
            yield _reprise(compte, vu)
        elif trouve := compte.prendre(vu, exact=True):
            yield vu, None, trouve
        else:
            restes.append(vu)
    for vu in restes:
        yield _reste(compte, vu)


def _reprise(compte: Compte, vu: Vu) -> Issue:
    if contraire := compte.reprise_de(vu):
        return vu, None, contraire
    cause = next((r for r in compte.actifs if r.montant == -vu.montant), None)
    return vu, GenreEcart.REPRIS, cause


def _reste(compte: Compte, vu: Vu) -> Issue:
    """Aucun règlement de cette somme."""
    if autre := compte.prendre(vu, exact=False):
        return vu, GenreEcart.MONTANT, autre
    paye = not compte.facture.reste_du
    return vu, GenreEcart.DOUBLE if paye else GenreEcart.MANQUE_ICI, None
