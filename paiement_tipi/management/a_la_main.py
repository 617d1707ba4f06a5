"""Ce que fait un agent à la main, montré par la démonstration : brouillon, attente, remplacement, fichier."""

from datetime import timedelta
from decimal import Decimal
from io import BytesIO

from comptes.models import Redevable
from factures.etats import Moyen
from factures.models import DepotReglements, Facture
from factures.services import creer, depots, enregistrer, mettre_en_attente, publier
from factures.services.reglements import Recu
from factures.services.saisie import LigneSaisie, Saisie, proposer_numero, proposer_reference
from portail.models import Regie

FICHIER = "guichet-novembre.csv"
LIGNES = """numero;montant;date;moyen;bordereau;piece
2026-EAU-1402;100,00;{jour};cheque;B-2026-118;0004512
2026-EAU-1402;150,00;{jour};especes;B-2026-118;
2026-CAN-9999;12,00;{jour};cheque;B-2026-118;0004513
2026-EAU-1402;20;1/2/26;virement;;
"""


def montrer_a_la_main(redevable: Redevable) -> None:
    """Une fois : ce qui y est déjà n'est pas touché."""
    regies = {regie.code: regie for regie in Regie.objects.filter(collectivite=redevable.collectivite)}
    if DepotReglements.objects.filter(regie=regies["EAU"]).exists():
        return
    _ecrire(regies["EAU"], redevable, "Raccordement au réseau d'eau", ("Branchement neuf", "1", "", "420.00"))
    _faire_attendre(regies["CANTINE"], redevable)
    _remplacer(regies["CANTINE"], redevable)
    jour = redevable.collectivite.aujourd_hui() - timedelta(days=3)
    contenu = LIGNES.format(jour=f"{jour:%d/%m/%Y}").encode()
    depots.deposer(regie=regies["EAU"], fichier=BytesIO(contenu), libelle=FICHIER)


def _faire_attendre(regie: Regie, redevable: Redevable) -> None:
    facture = _ecrire(regie, redevable, "Centre de loisirs, toussaint", ("Journées", "5", "11,50 €", "57.50"))
    publier(factures=[facture])
    mettre_en_attente(factures=[facture], motif="Nombre de journées en cours de vérification")


def _remplacer(regie: Regie, redevable: Redevable) -> None:
    """Vingt euros reçus sur l'ancienne, reportés sur la nouvelle."""
    objet = "Restauration scolaire, octobre 2026"
    ancienne = _ecrire(regie, redevable, objet, ("Repas", "21", "3,60 €", "75.60"))
    publier(factures=[ancienne])
    jour = redevable.collectivite.aujourd_hui()
    enregistrer(facture=ancienne, recu=Recu(Moyen.ESPECES, Decimal(20), jour, "B-2026-117"))
    nouvelle = _ecrire(regie, redevable, objet, ("Repas", "12", "3,60 €", "43.20"), remplace=ancienne)
    publier(factures=[nouvelle])


def _ecrire(
    regie: Regie, redevable: Redevable, objet: str, ligne: tuple[str, str, str, str], remplace: Facture | None = None
) -> Facture:
    jour = redevable.collectivite.aujourd_hui()
    numero = proposer_numero(regie=regie, annee=jour.year)
    libelle, quantite, prix, montant = ligne
    saisie = Saisie(
        regie=regie,
        redevable=redevable,
        numero=numero,
        reference=proposer_reference(regie=regie, numero=numero, parties={"exercice": jour.year}),
        objet=objet,
        date_emission=jour,
        date_echeance=jour + timedelta(days=30),
        date_limite_en_ligne=jour + timedelta(days=90),
        exercice=jour.year,
        lignes=(LigneSaisie(libelle, quantite, prix, Decimal(montant)),),
    )
    return creer(saisie=saisie, remplace=remplace, motif="Nombre de repas erroné" if remplace else "")
