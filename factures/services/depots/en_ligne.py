"""Le relevé d'une régie redit aussi ce qui a été payé en ligne : la ligne le confirme, sans rien compter de plus."""

from collections.abc import Iterable

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from factures import registre
from factures.etats import Moyen
from factures.etats.depots import EN_FACE, SortReglement
from factures.etats.rapprochement import EtatEcart, GenreEcart, SourceEcart
from factures.models import ConfirmationReglement, DepotReglements, Ecart, LigneDepot, Reglement
from factures.services.depots.comptes import Compte, EnLigne, recu
from factures.services.rapprochement.ecarts import confirmation, ouvrir
from factures.services.rapprochement.retour import d_un_reglement
from portail.montants import en_euros

# Un relevé nomme les autres comme il veut : PayFiP prend la carte, le prélèvement et le virement.
HORS_LIGNE = frozenset({Moyen.ESPECES, Moyen.CHEQUE})


class DeclareChange(Exception):
    """Un paiement annoncé a été confirmé, ou infirmé, entre-temps."""


def apparier(lignes: list[LigneDepot], ouverts: dict[int, Compte]) -> None:
    """En face de chaque ligne, le paiement en ligne qu'elle redit ; les sommes égales avant celles qui diffèrent."""
    for exact in (True, False):
        for ligne in lignes:
            compte = ouverts[ligne.facture_id or 0]
            possibles = [] if ligne.rang in compte.en_face else [p for p in compte.libres if _va(ligne, p, exact=exact)]
            if possibles:
                choisi = min(possibles, key=lambda p, li=ligne: _eloignement(li, p))  # type: ignore[misc]
                compte.libres.remove(choisi)
                compte.en_face[ligne.rang] = choisi


def _va(ligne: LigneDepot, paiement: EnLigne, *, exact: bool) -> bool:
    """Une autre somme n'est à rapprocher que d'un paiement qui tient encore."""
    if ligne.moyen in HORS_LIGNE or _jours(ligne, paiement) > settings.PRELEVEMENT_CONFIRME_JOURS:
        return False
    return ligne.montant == paiement.montant if exact else not paiement.rejete


def _eloignement(ligne: LigneDepot, paiement: EnLigne) -> tuple[bool, bool, int]:
    return paiement.rejete, paiement.moyen != ligne.moyen, _jours(ligne, paiement)


def _jours(ligne: LigneDepot, paiement: EnLigne) -> int:
    """Entre le paiement et sa ligne ; au-delà du délai où un prélèvement que rien ne montre alerte, c'est un autre."""
    return abs((recu(ligne).jour - paiement.jour).days)


def juger(ligne: LigneDepot, paiement: EnLigne) -> None:
    """Ce que la ligne fait du paiement en face d'elle, et sa phrase."""
    faits = {"somme": en_euros(paiement.montant), "jour": date_format(paiement.jour, "SHORT_DATE_FORMAT")}
    if paiement.rejete:
        ligne.sort = SortReglement.A_TRANCHER
        phrase = _("Payée en ligne le %(jour)s, puis rejetée : rien n'est encaissé, vous direz ce qu'est cette somme.")
    elif paiement.montant != ligne.montant:
        ligne.sort, annonce = SortReglement.A_TRANCHER, _("PayFiP a annoncé %(somme)s le %(jour)s")
        debut = _("Payée en ligne %(somme)s le %(jour)s") if paiement.reglement else annonce
        phrase = debut + _(" : rien n'est encaissé, vous direz ce qu'est cette autre somme.")
    elif paiement.reglement is None:
        ligne.sort = SortReglement.DECLARE
        phrase = _("PayFiP avait annoncé ce paiement le %(jour)s : la ligne le prouve, il est encaissé.")
        phrase += _et_les_autres(paiement.autres)
    else:
        ligne.sort, ligne.reglement = SortReglement.EN_LIGNE, paiement.reglement
        phrase = _("Payée en ligne le %(jour)s : la ligne le confirme, rien n'est compté deux fois.")
    ligne.motif = phrase % faits


def _et_les_autres(nombre: int) -> str:
    """Une banque verse un paiement groupé en entier, ou pas du tout."""
    if not nombre:
        return ""
    phrase = ngettext("Il paie aussi %(n)d autre facture.", "Il paie aussi %(n)d autres factures.", nombre)
    return f" {phrase % {'n': nombre}}"


def appliquer(depot: DepotReglements, lignes: list[LigneDepot], ouverts: dict[int, Compte]) -> dict[str, int]:
    """Confirme, encaisse ce que PayFiP avait annoncé, ouvre les écarts ; leur nombre. Sous le verrou de la commune."""
    en_face = [(ligne, ouverts[ligne.facture_id or 0]) for ligne in lignes if ligne.sort in EN_FACE]
    _encaisser_les_declares(depot, en_face)
    redits = [ligne for ligne, _compte in en_face if ligne.reglement]
    LigneDepot.objects.bulk_update(redits, ["reglement"], batch_size=500)
    confirmes = [_confirmation(depot, li) for li in redits if not hasattr(li.reglement, "confirmation")]
    ConfirmationReglement.objects.bulk_create(confirmes, batch_size=500)
    a_trancher = [(ligne, compte) for ligne, compte in en_face if ligne.sort == SortReglement.A_TRANCHER]
    nouveaux = ouvrir(_ecart(depot, ligne, compte) for ligne, compte in a_trancher)
    return {"confirmations": len(confirmes), "ecarts": len(nouveaux)}


def _encaisser_les_declares(depot: DepotReglements, en_face: Iterable[tuple[LigneDepot, Compte]]) -> None:
    declares = {li: compte.en_face[li.rang].origine for li, compte in en_face if li.sort == SortReglement.DECLARE}
    for origine in dict.fromkeys(declares.values()):  # un paiement groupé a une ligne par facture
        if not registre.confirmer_le_declare(origine, _("fichier « %s »") % depot.libelle):
            raise DeclareChange
    encaisses = Reglement.objects.filter(origine__in=set(declares.values())).select_related("confirmation")
    par_cle = {(reglement.facture_id, reglement.origine): reglement for reglement in encaisses}
    for ligne, origine in declares.items():
        ligne.reglement = par_cle[ligne.facture_id or 0, origine]


def _confirmation(depot: DepotReglements, ligne: LigneDepot) -> ConfirmationReglement:
    if ligne.reglement is None:
        raise ValueError("Une ligne sans règlement ne confirme rien.")
    cle = f"{recu(ligne).cle}{ligne.facture_id}:{depot.pk}"
    return confirmation(ligne.reglement, cle, jour=ligne.jour, depot=depot)


def _ecart(depot: DepotReglements, ligne: LigneDepot, compte: Compte) -> Ecart:
    """La même ligne, redite par un autre fichier, est le même écart."""
    paiement, ici = compte.en_face[ligne.rang], GenreEcart.MANQUE_ICI
    fait = None if paiement.rejete else paiement.reglement
    sans = ici if compte.facture.reste_du else GenreEcart.DOUBLE
    return Ecart(
        collectivite_id=depot.collectivite_id,
        cle=f"{recu(ligne).cle}{ligne.facture_id}",
        genre=GenreEcart.MONTANT if fait else sans,
        source=SourceEcart.FICHIER,
        facture=compte.facture,
        reglement=fait,
        ligne=ligne,
        montant_ici=fait.montant if fait else 0,
        montant_la_bas=ligne.montant,
        jour=ligne.jour,
        moyen=ligne.moyen,
        reference=ligne.reference,
        detail=ligne.motif,
    )


def defaire(depot: DepotReglements) -> dict[str, int]:
    """Le fichier n'a plus rien dit : ses confirmations et ses écarts ouverts s'effacent. Sous le verrou de la commune.

    Ce qu'il a fait encaisser reste, la personne en a l'accusé : un écart demande d'en décider. Un prélèvement dont
    l'attente avait alerté alerte de nouveau.
    """
    ecarts, _par_modele = Ecart.objects.filter(ligne__depot=depot, etat=EtatEcart.OUVERT).delete()
    confirmations, _par_modele = depot.confirmations.all().delete()
    redits = depot.lignes.filter(reglement__isnull=False, reglement__reprise__isnull=True)
    redits = redits.select_related("reglement__confirmation").prefetch_related("reglement__ecarts")
    ouvrir(ecart for ligne in redits if (ecart := _de_nouveau(depot, ligne)))
    return {"confirmations": confirmations, "ecarts": ecarts}


def _de_nouveau(depot: DepotReglements, ligne: LigneDepot) -> Ecart | None:
    """Ce que la confirmation avait dissipé, ou ce que le fichier a fait encaisser."""
    reglement = ligne.reglement
    if reglement is None or hasattr(reglement, "confirmation"):
        return None
    attendu = any(e.genre == GenreEcart.PRELEVEMENT and e.etat == EtatEcart.REGLE for e in reglement.ecarts.all())
    if ligne.sort != SortReglement.DECLARE and not attendu:
        return None
    genre = GenreEcart.MANQUE_LA_BAS if ligne.sort == SortReglement.DECLARE else GenreEcart.PRELEVEMENT
    detail = _("Le fichier « %s », qui le montrait, est annulé.") % depot.libelle
    cle = f"{genre}:{reglement.pk}:{depot.pk}"
    return d_un_reglement(reglement, genre, cle=cle, source=SourceEcart.PORTAIL, detail=detail)
