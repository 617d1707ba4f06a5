"""« J'ai déjà payé » : confirmé quand un règlement arrive, sinon tranché par un agent ; la personne est prévenue."""

from django.db import transaction
from django.utils import timezone

from factures.etats import Statut
from factures.etats.rapprochement import EtatDeclaration
from factures.models import Declaration
from portail.courriels import deposer
from portail.journal import noter
from portail.models import Collectivite

SORTE = "factures.declaration"
LIENS = ("facture", "usager", "collectivite")


def confirmer_les_reglees(collectivite: Collectivite) -> int:
    """Celles dont la facture est payée depuis ; rend leur nombre."""
    reglees = Declaration.objects.filter(
        collectivite=collectivite, etat=EtatDeclaration.DECLAREE, facture__reste_du=0, facture__statut=Statut.PUBLIEE
    )
    return sum(_trancher(declaration, EtatDeclaration.CONFIRMEE) for declaration in reglees.select_related(*LIENS))


def repondre_que_non(declaration: Declaration) -> bool:
    """Le service n'a rien trouvé ; faux si la déclaration était déjà tranchée."""
    return _trancher(declaration, EtatDeclaration.NON_CONFIRMEE)


@transaction.atomic
def _trancher(declaration: Declaration, vers: EtatDeclaration) -> bool:
    """Vrai pour le seul appel qui l'emporte : lui seul prévient la personne."""
    encore = Declaration.objects.filter(pk=declaration.pk, etat=EtatDeclaration.DECLAREE)
    if not encore.update(etat=vers, tranchee_le=timezone.now()):
        return False
    noter(f"declaration.{vers}", sur=declaration.facture)
    deposer(
        sorte=SORTE,
        cle=f"declaration:{declaration.pk}:{declaration.cree_le:%Y%m%d%H%M%S}:{vers}",
        collectivite=declaration.collectivite,
        destinataire=declaration.usager.email,
        contexte={"declaration": declaration.pk, "etat": vers},
    )
    return True
