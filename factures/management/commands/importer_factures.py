import sys
import tempfile
from argparse import ArgumentTypeError
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandParser
from django.utils.formats import number_format

from factures.argent import depuis_centimes
from factures.etats import EtatLot, SortLigne
from factures.imports import FichierRefuse
from factures.imports.bac import Convention, ouvrir_lecture
from factures.imports.documents import rassembler
from factures.imports.formats import JOINTES, LECTEURS, reconnaitre
from factures.models import LotImport
from factures.services import lots
from portail.models import Regie

FAIT, REJETE, REFUSE = 0, 1, 2
PHRASES_MAXIMUM = 100


def fichier(chemin: str) -> Path:
    """Un fichier qui existe et se lit."""
    try:
        with Path(chemin).open("rb"):
            return Path(chemin)
    except OSError as erreur:
        raise ArgumentTypeError(f"« {chemin} » ne se lit pas ({erreur.strerror}).") from erreur


class Command(BaseCommand):
    help = (
        "Analyse les factures exportées par un logiciel de facturation, dit ce que leur publication ferait et, avec "
        "--publier, les publie toutes ou aucune. Code de sortie : 0 fait, 1 une ligne rejetée et rien de publié, "
        "2 un fichier refusé."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "fichiers", nargs="+", type=fichier, metavar="FICHIER", help="Les factures, et au plus un ZIP de documents."
        )
        parser.add_argument("--collectivite", required=True, metavar="LIEN", help="Le code LIEN de la commune.")
        parser.add_argument("--regie", required=True, metavar="CODE", help="Le code du service.")
        parser.add_argument("--format", choices=sorted(LECTEURS), help="Sans lui, le format se reconnaît au contenu.")
        suite = parser.add_mutually_exclusive_group()
        suite.add_argument("--a-blanc", action="store_true", help="Dit ce qui serait fait, et n'en garde rien.")
        suite.add_argument("--publier", action="store_true", help="Publie si aucune ligne n'est rejetée.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            code = self._importer(options)
        except FichierRefuse as refus:
            self.stderr.write(str(refus))
            code = REFUSE
        if code:
            sys.exit(code)

    def _importer(self, options: dict[str, Any]) -> int:
        regie = Regie.objects.filter(collectivite__lien=options["collectivite"], code=options["regie"]).first()
        if regie is None:
            raise FichierRefuse(
                f"La commune {options['collectivite']} n'a pas de service {options['regie']} sur cette installation."
            )
        with ExitStack() as pile:
            factures, archive = _trier(options["fichiers"], options["format"], pile)
            deposes = [
                self._deposer(regie, chemin, nom, archive or _documents_voisins(chemin, nom, pile), pile)
                for chemin, nom in factures
            ]
        codes = [self._raconter(lot) for lot, _ in deposes]
        if options["a_blanc"]:
            _oublier(deposes)
            self.stdout.write("À blanc : rien n'est publié ni gardé.")
            return max(codes)
        return self._conclure([lot for lot, _ in deposes], max(codes), publier=options["publier"])

    def _deposer(
        self, regie: Regie, chemin: Path, nom: str, archive: BinaryIO | None, pile: ExitStack
    ) -> tuple[LotImport, bool]:
        """Le lot analysé, et s'il est nouveau ; un dépôt interrompu reprend, un aperçu se refait."""
        contenu = pile.enter_context(chemin.open("rb"))
        try:
            lot = lots.deposer(regie=regie, fichier=contenu, libelle=chemin.name, format=nom, archive=archive)
        except lots.DejaDepose as deja:
            if deja.lot.etat == EtatLot.A_VERIFIER:
                lots.reprendre(lot=deja.lot)
            _analyser(deja.lot)
            return deja.lot, False
        _analyser(lot)
        return lot, True

    def _raconter(self, lot: LotImport) -> int:
        """Ce que dit l'analyse ; le code de sortie qu'elle mérite."""
        if lot.etat == EtatLot.REFUSE:
            self.stderr.write(f"{lot.libelle} est refusé. {lot.motif}")
            return REFUSE
        bilan = lot.bilan
        self.stdout.write(f"{lot.libelle} (lot {lot.pk}) : {bilan['lignes']} ligne(s)")
        for sort in SortLigne:
            compte = bilan[sort]
            euros = number_format(depuis_centimes(compte["centimes"]), 2, use_l10n=True, force_grouping=True)
            self.stdout.write(f"  {sort.label} : {compte['nombre']} ({euros}\u00a0€)")
        self.stdout.write(f"  rejetée : {bilan['rejetees']}")
        self.stdout.write(
            f"  redevables : {bilan['redevables_nouveaux']} nouveau(x), {bilan['redevables_modifies']} modifié(s)"
        )
        self.stdout.write(
            f"  documents : {bilan['documents']}, dont {bilan['documents_douteux']} sans le numéro de leur facture ; "
            f"que rien ne nomme : {bilan['orphelins']['nombre']}"
        )
        if any((caches := bilan.get("non_dits", {})).values()):
            self.stdout.write(
                f"  classeur : {caches['rangees_cachees']} ligne(s) cachée(s), lues ; non lues, "
                f"{caches['feuilles_cachees']} feuille(s) cachée(s) et {caches['autres_feuilles']} autre(s)"
            )
        phrases = _phrases(lot)
        for phrase in phrases[:PHRASES_MAXIMUM]:
            self.stderr.write(phrase)
        if len(phrases) > PHRASES_MAXIMUM:
            self.stderr.write(f"… et {len(phrases) - PHRASES_MAXIMUM} autre(s).")
        return REJETE if phrases and lot.etat != EtatLot.PUBLIE else FAIT

    def _conclure(self, tous: list[LotImport], code: int, *, publier: bool) -> int:
        if code:
            self.stderr.write("Rien n'est publié.")
            return code
        if publier:
            return max(self._publier(lot) for lot in tous)
        for lot in tous:
            fait = lot.etat == EtatLot.PUBLIE
            self.stdout.write(f"Lot {lot.pk} : {'déjà publié' if fait else 'prêt, ajoutez --publier pour le publier'}.")
        return FAIT

    def _publier(self, lot: LotImport) -> int:
        try:
            nouveau = lots.publier(lot=lot)
        except (lots.PublicationImpossible, lots.LotIndisponible) as erreur:
            self.stderr.write(str(erreur))
            return REJETE
        self.stdout.write(f"Lot {lot.pk} publié." if nouveau else f"Lot {lot.pk} déjà publié : rien à faire.")
        return FAIT


def _trier(chemins: list[Path], format_voulu: str | None, pile: ExitStack) -> tuple[list[tuple[Path, str]], Any]:
    """Les fichiers de factures avec leur format, et l'archive de documents s'il y en a une."""
    factures, archives = [], []
    for chemin in chemins:
        contenu = pile.enter_context(chemin.open("rb"))
        nom = reconnaitre(contenu)
        if nom == "zip":
            archives.append(contenu)
        else:
            factures.append((chemin, format_voulu or nom))
    if len(archives) > 1 or not factures:
        raise FichierRefuse("Donnez au moins un fichier de factures, et au plus un ZIP de documents.")
    return factures, next(iter(archives), None)


def _documents_voisins(chemin: Path, nom: str, pile: ExitStack) -> BinaryIO | None:
    """Les documents que ce fichier nomme et qui sont dans son dossier, en un ZIP ; rien s'il n'en nomme aucun."""
    if nom in JOINTES:
        return None
    try:
        noms = _noms_des_documents(chemin, nom)
    except FichierRefuse:  # l'analyse le dira, et refusera le lot
        return None
    if not noms:
        return None
    archive = pile.enter_context(tempfile.TemporaryFile())  # noqa: SIM115  # la pile le fermera
    rassembler(chemin.parent, noms, archive)
    return archive


def _noms_des_documents(chemin: Path, nom: str) -> set[str]:
    with chemin.open("rb") as contenu:
        bac, lecture = ouvrir_lecture(contenu, nom)
        with bac:
            lues = lecture.lignes(Convention(brut=True))
            return {comprise.cellules.get("fichier_pdf", "").strip() for comprise in lues} - {""}


def _analyser(lot: LotImport) -> None:
    if lot.etat in {EtatLot.DEPOSE, EtatLot.EN_ANALYSE}:
        lots.analyser(lot=lot)
    lot.refresh_from_db()


def _phrases(lot: LotImport) -> list[str]:
    conflits = lot.lignes.filter(sort=SortLigne.CONFLIT)
    rangees = [(rejet.rang, rejet.motif) for rejet in lot.rejets.all()] + [(c.rang, c.motif) for c in conflits]
    return [f"Ligne {rang} : {motif}" for rang, motif in sorted(rangees, key=lambda rangee: rangee[0])]


def _oublier(deposes: list[tuple[LotImport, bool]]) -> None:
    for lot, nouveau in deposes:
        if nouveau and lot.etat == EtatLot.A_VERIFIER:
            lots.renoncer(lot=lot)
