"""Les factures dans la copie qu'une personne demande de ses données : ce qu'en dit leur page, et leurs documents."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from django.utils.translation import gettext_lazy as _

from comptes.models import Usager
from comptes.registre import Piece, Rubrique
from factures.etats import EtatFacture, Statut
from factures.models import Consultation, Declaration, Facture
from factures.services.documents import a_composer, nom_du_document, ouvrir_document
from portail.models import Collectivite

PAR_PAQUET = 200
# Composer un document prend un dixième de seconde : ce qu'une passe a lu ne doit pas vieillir.
DOCUMENTS_PAR_PAQUET = 50
LIGNE = ("libelle", "quantite", "prix_unitaire", "montant")
Lignes = Iterator[dict[str, Any]]


def _factures(usager: Usager, chez: Collectivite) -> Lignes:
    siennes = Facture.objects.de(usager, chez=chez).avec_etat(chez.aujourd_hui(), pour=usager)
    lues = siennes.select_related("redevable").prefetch_related("lignes", "reglements").order_by("pk")
    for facture in lues.iterator(chunk_size=PAR_PAQUET):
        yield {
            "numero": facture.numero,
            "reference": facture.reference,
            "nature": facture.get_nature_display(),
            "service": facture.regie.libelle,
            "code_client": facture.redevable.code,
            "adressee_a": facture.redevable.nom_complet,
            "objet": facture.objet,
            "etat": EtatFacture(facture.etat).label,
            "montant": facture.montant,
            "reste_du": facture.reste_du,
            "trop_percu": facture.trop_percu,
            "date_emission": facture.date_emission,
            "date_echeance": facture.date_echeance,
            "date_limite_en_ligne": facture.date_limite_en_ligne,
            "date_prelevement": facture.date_prelevement,
            "publiee_le": facture.publiee_le,
            "motif": facture.motif_annulation if facture.statut == Statut.ANNULEE else facture.motif_attente,
            "lignes": [{champ: getattr(ligne, champ) for champ in LIGNE} for ligne in facture.lignes.all()],
            "reglements": list(_reglements(facture)),
            "document": _nom(facture),
        }


def _reglements(facture: Facture) -> Lignes:
    """Sans leur origine : elle peut désigner le paiement d'un autre titulaire."""
    for reglement in facture.reglements.all():
        yield {
            "le": reglement.recu_le,
            "sens": reglement.get_sens_display(),
            "moyen": reglement.get_moyen_display(),
            "montant": reglement.montant,
            "motif": reglement.motif,
        }


def _documents(usager: Usager, chez: Collectivite, apres: int) -> Iterator[Piece]:
    """Celui du service, sinon celui que nous composons."""
    siennes = a_composer(Facture.objects.de(usager, chez=chez).filter(pk__gt=apres), chez).order_by("pk")
    for facture in siennes.iterator(chunk_size=DOCUMENTS_PAR_PAQUET):
        yield Piece(facture.pk, _nom(facture), partial(ouvrir_document, facture, relue=True))


def _nom(facture: Facture) -> str:
    """Rangées par date ; deux services peuvent avoir le même numéro."""
    return f"factures/{facture.date_emission}-{facture.uuid.hex[:8]}-{nom_du_document(facture)}"


def _lectures(usager: Usager, chez: Collectivite) -> Lignes:
    lectures = Consultation.objects.filter(usager=usager, collectivite=chez).select_related("facture").order_by("pk")
    for lecture in lectures.iterator(chunk_size=PAR_PAQUET):
        yield {"facture": lecture.facture.numero, "lue_le": lecture.lue_le}


def _deja_payees(usager: Usager, chez: Collectivite) -> Lignes:
    marques = Declaration.objects.filter(usager=usager, collectivite=chez).select_related("facture").order_by("pk")
    for marque in marques.iterator(chunk_size=PAR_PAQUET):
        yield {
            "facture": marque.facture.numero,
            "le": marque.cree_le,
            "etat": marque.get_etat_display(),
            "verifiee_le": marque.tranchee_le,
        }


RUBRIQUES = (
    Rubrique("factures", _("vos factures, leurs lignes et leurs règlements"), _factures, _documents),
    Rubrique("factures_lues", _("quand vous avez lu chaque facture pour la première fois"), _lectures),
    Rubrique("factures_deja_payees", _("les factures que vous avez marquées « J'ai déjà payé »"), _deja_payees),
)
