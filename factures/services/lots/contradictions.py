"""Ce qu'un fichier dit deux fois : la première ligne est gardée, les suivantes sont rejetées et disent laquelle."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.db.models import F, Min, Q, Window
from django.db.models.functions import FirstValue

from factures.imports import COLONNES, PARTIES, Ligne
from factures.models import LigneImport, LotImport, RejetImport

PAR_PAQUET = 1000


def ecarter_les_contradictions(lot: LotImport) -> None:
    """Numéro ou référence répétés, redevable à deux noms, document de deux personnes."""
    _rejeter(_repetees(lot, "numero"), "numero", "le numéro « {0.numero} » est déjà à la ligne {0.premier}.")
    _rejeter(
        _repetees(lot, "reference"), "reference", "la référence « {0.reference} » est déjà à la ligne {0.premier}."
    )
    _rejeter(
        _discordantes(lot, "nom", par=("source", "code_redevable")),
        "nom",
        "le redevable « {0.source} {0.code_redevable} » s'appelle « {0.attendu} » à la ligne {0.premier}.",
    )
    _rejeter(
        _discordantes(lot, "code_redevable", par=("pdf",)).exclude(pdf=""),
        "fichier_pdf",
        "ce document est déjà celui d'une autre personne, à la ligne {0.premier}.",
    )


def _repetees(lot: LotImport, champ: str) -> Any:
    lignes = LigneImport.objects.filter(lot=lot).annotate(premier=Window(Min("rang"), partition_by=[champ]))
    return lignes.filter(rang__gt=F("premier"))


def _discordantes(lot: LotImport, champ: str, *, par: tuple[str, ...]) -> Any:
    """Celles qui ne disent pas de ``champ`` ce qu'en dit la première ligne de même ``par``."""
    fenetre: dict[str, Any] = {"partition_by": list(par), "order_by": "rang"}
    lignes = LigneImport.objects.filter(lot=lot).annotate(
        premier=Window(FirstValue("rang"), **fenetre), attendu=Window(FirstValue(champ), **fenetre)
    )
    return lignes.filter(~Q(**{champ: F("attendu")}))


def _rejeter(lignes: Any, champ: str, motif: str) -> None:
    suite: Iterator[Any] = lignes.iterator(chunk_size=PAR_PAQUET)
    while paquet := list(islice(suite, PAR_PAQUET)):
        RejetImport.objects.bulk_create(
            RejetImport(
                lot_id=ligne.lot_id,
                collectivite_id=ligne.collectivite_id,
                rang=ligne.rang,
                champ=champ,
                motif=motif.format(ligne),
                cellules=cellules(ligne),
            )
            for ligne in paquet
        )
        LigneImport.objects.filter(pk__in=[ligne.pk for ligne in paquet]).delete()


def cellules(ligne: LigneImport | Ligne) -> dict[str, str]:
    """La ligne comme le fichier l'aurait écrite."""
    valeurs = {nom: getattr(ligne, nom) for nom in COLONNES + PARTIES}
    dates = {nom: valeur.strftime("%d/%m/%Y") for nom, valeur in valeurs.items() if nom.startswith("date_") and valeur}
    montant = str(ligne.montant).replace(".", ",")
    return {nom: str(valeur or "") for nom, valeur in valeurs.items()} | dates | {"montant": montant}
