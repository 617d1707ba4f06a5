"""Recevoir un retour du Trésor et le comparer : ce qui concorde est confirmé, le reste attend un agent."""

import hashlib
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any, BinaryIO

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from factures.etats import Statut
from factures.etats.rapprochement import GenreEcart, SourceEcart
from factures.imports.bac import lire_le_retour
from factures.imports.lecteur_pes_retour import Dette, Entete, Ligne
from factures.models import ConfirmationReglement, Ecart, Facture, Reglement, RetourTresor
from factures.services.examen import examiner_le_fichier
from factures.services.rapprochement.comparaison import Compte, Vu, confronter, ouvrir_les_comptes
from factures.services.rapprochement.correspondance import trouver
from factures.services.rapprochement.ecarts import confirmation, ouvrir, tenir_la_commune
from portail.journal import noter
from portail.models import Collectivite

PAR_ECRITURE = 500


class DejaCompare(Exception):
    """Ce contenu est déjà celui de ``retour``."""

    def __init__(self, retour: RetourTresor) -> None:
        super().__init__()
        self.retour = retour


def deposer(*, collectivite: Collectivite, fichier: BinaryIO, libelle: str) -> RetourTresor:
    """Le retour, comparé ; ``FichierRefuse`` s'il n'est pas lisible, ``DejaCompare`` si son contenu l'a déjà été."""
    examiner_le_fichier(fichier)
    fichier.seek(0)
    empreinte = hashlib.sha256(fichier.read()).hexdigest()
    _refuser_deja(collectivite, empreinte)
    entete, lignes = lire_le_retour(fichier)
    retour = RetourTresor(
        collectivite=collectivite, libelle=libelle[-120:], empreinte=empreinte, au=entete.au,
        stock=entete.stock,
    )  # fmt: skip
    try:
        with transaction.atomic():
            tenir_la_commune(collectivite.pk)
            retour.save(force_insert=True)
            _Comparaison(retour, entete).mener(lignes)
    except IntegrityError:
        _refuser_deja(collectivite, retour.empreinte)
        raise
    return retour


def _refuser_deja(collectivite: Collectivite, empreinte: str) -> None:
    if deja := RetourTresor.objects.filter(collectivite=collectivite, empreinte=empreinte).first():
        raise DejaCompare(deja)


class _Comparaison:
    """Un fichier entier, sous le verrou de la commune ; ce qui a déjà été vu ailleurs n'est pas recompté."""

    def __init__(self, retour: RetourTresor, entete: Entete) -> None:
        self.retour, self.entete = retour, entete
        self.confirmes: list[ConfirmationReglement] = []
        self.ecarts: list[Ecart] = []

    def mener(self, lignes: list[Ligne]) -> None:
        """Compare, écrit tout, et le dit au journal."""
        vus = [(dette, [Vu.du_tresor(dette, recu) for recu in recus]) for dette, recus in lignes]
        deja = self._deja_vus([vu.cle for _dette, siens in vus for vu in siens])
        trouvees = trouver(self.retour.collectivite, (dette for dette, _siens in vus))
        comptes = ouvrir_les_comptes({f.pk: f for toutes in trouvees.values() for f in toutes}.values())
        for dette, siens in vus:
            self._comparer(dette, [vu for vu in siens if vu.cle not in deja], trouvees[dette], comptes)
        if self.entete.stock and self.entete.au:
            self._manquants(comptes.values(), self.entete.au)
        ConfirmationReglement.objects.bulk_create(self.confirmes, batch_size=PAR_ECRITURE)
        nouveaux = ouvrir(self.ecarts)
        self.retour.lus = sum(len(siens) for _dette, siens in vus)
        self.retour.concordants, self.retour.deja_vus = len(self.confirmes), len(deja)
        self.retour.save(update_fields=["lus", "concordants", "deja_vus"])
        faits = {"lignes": self.retour.lus, "concordants": len(self.confirmes), "ecarts": len(nouveaux)}
        noter("retour.compare", sur=self.retour, apres=faits)

    def _deja_vus(self, cles: list[str]) -> set[str]:
        deja: set[str] = set()
        for debut in range(0, len(cles), PAR_ECRITURE):
            paquet = cles[debut : debut + PAR_ECRITURE]
            for modele in (ConfirmationReglement, Ecart):
                connues: Any = modele._default_manager.filter(collectivite=self.retour.collectivite_id, cle__in=paquet)
                deja.update(connues.values_list("cle", flat=True))
        return deja

    def _comparer(self, dette: Dette, vus: list[Vu], trouvees: list[Facture], comptes: dict[int, Compte]) -> None:
        if len(trouvees) != 1:
            self._sans_facture(dette, vus, plusieurs=bool(trouvees))
            return
        compte = comptes[trouvees[0].pk]
        for vu, genre, reglement in confronter(compte, vus):
            if genre is None and reglement is not None:
                self.confirmes.append(confirmation(reglement, vu.cle, jour=vu.jour, retour=self.retour))
            else:
                self._ouvrir(dette, vu, genre=genre or "", facture=compte.facture, reglement=reglement)

    def _sans_facture(self, dette: Dette, vus: Iterable[Vu], *, plusieurs: bool) -> None:
        """Le Trésor rend compte de tous les titres : seul un paiement en ligne inconnu, ou un doute, est à regarder."""
        for vu in vus:
            if vu.argent and (vu.en_ligne or plusieurs):
                detail = _("Plusieurs factures y répondent : %s.") if plusieurs else "%s"
                self._ouvrir(dette, vu, genre=GenreEcart.SANS_FACTURE, detail=detail % dette)

    def _ouvrir(self, dette: Dette, vu: Vu, *, reglement: Reglement | None = None, **champs: Any) -> None:
        facture = champs.get("facture")
        if facture is not None and facture.statut == Statut.ANNULEE:
            champs["detail"] = _("Cette facture est annulée.")
        self.ecarts.append(
            Ecart(
                collectivite_id=self.retour.collectivite_id,
                cle=vu.cle,
                source=SourceEcart.TRESOR,
                retour=self.retour,
                reglement=reglement,
                montant_ici=reglement.montant if reglement else 0,
                montant_la_bas=vu.montant,
                jour=vu.jour,
                moyen=vu.moyen,
                en_ligne=vu.en_ligne,
                reference=vu.reference,
                dette=asdict(dette),
                **champs,
            )
        )

    def _manquants(self, comptes: Iterable[Compte], au: date) -> None:
        """Un fichier qui dit tout, et se tait sur des règlements assez vieux."""
        avant = au - timedelta(days=settings.PRELEVEMENT_CONFIRME_JOURS)
        tus = (r for compte in comptes for r in compte.libres if r.recu_le.date() <= avant)
        self.ecarts += (d_un_reglement(r, GenreEcart.MANQUE_LA_BAS, retour=self.retour) for r in tus)


def d_un_reglement(reglement: Reglement, genre: GenreEcart, **champs: Any) -> Ecart:
    """L'écart de ce genre que fait un règlement d'ici, une seule fois."""
    defaut: dict[str, Any] = {"cle": f"{genre}:{reglement.pk}", "source": SourceEcart.TRESOR}
    defaut |= {"jour": reglement.recu_le.date(), "moyen": reglement.moyen}
    return Ecart(
        collectivite_id=reglement.collectivite_id, genre=genre, reglement=reglement,
        facture_id=reglement.facture_id, montant_ici=reglement.montant, **defaut | champs,
    )  # fmt: skip
