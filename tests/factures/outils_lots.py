"""Déposer, analyser et publier de petits lots."""

import io

from factures.models import Facture, LigneImport, LotImport, RejetImport
from factures.services import lots
from tests.factures.outils_imports import ecrire_csv, rangee


def deposer(regie, *rangees, **options):
    return lots.deposer(
        regie=regie, fichier=io.BytesIO(ecrire_csv(*rangees)), **{"format": "csv", "libelle": "eau.csv", **options}
    )


def analyser(regie, *rangees, **options):
    lot = deposer(regie, *rangees, **options)
    lots.analyser(lot=lot)
    return relu(lot)


def publier(regie, *rangees, **options):
    lot = analyser(regie, *rangees, **options)
    assert lots.publier(lot=lot)
    return relu(lot)


def relu(lot):
    return LotImport.objects.get(pk=lot.pk)


def sorts(lot):
    return {ligne.numero: (ligne.sort, ligne.motif) for ligne in LigneImport.objects.filter(lot=lot)}


def phrases(lot):
    return [str(rejet) for rejet in RejetImport.objects.filter(lot=lot)]


def visibles():
    """Ce que des habitants pourraient voir, si on leur rattachait les redevables."""
    return sorted(Facture.objects.filter(publiee_le__isnull=False).values_list("numero", flat=True))


def par_date(facture):
    """La rangée qui redit exactement cette facture."""
    dates = ("date_emission", "date_echeance", "date_limite_en_ligne", "date_prelevement")
    redevable = facture.redevable
    identite = ("nom", "prenom", "adresse", "code_postal", "ville", "courriel")
    return rangee(
        facture.numero,
        source=redevable.source,
        code_redevable=redevable.code,
        reference=facture.reference,
        objet=facture.objet,
        exercice="",
        montant=str(facture.montant),
        **{nom: getattr(redevable, nom) for nom in identite},
        **{nom: f"{jour:%d/%m/%Y}" if (jour := getattr(facture, nom)) else "" for nom in dates},
    )
