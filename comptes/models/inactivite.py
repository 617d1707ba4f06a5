"""Les comptes qui ne servent plus : la notice promet de prévenir, puis de fermer à vingt-quatre mois."""

from calendar import monthrange
from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce, Greatest

from comptes.models.usagers import Usager
from portail.models import Affectation

AVERTIR_MOIS, FERMER_MOIS = 23, 24
PREAVIS = timedelta(days=30)

# Le dernier signe : une connexion, ou un lien reçu à son adresse. Sans aucun, le compte attend encore d'être activé.
VU = Greatest(Coalesce("last_login", "courriel_confirme_le"), Coalesce("courriel_confirme_le", "last_login"))


def decaler(instant: datetime, mois: int) -> datetime:
    """La même heure du même jour, ``mois`` plus tard ou plus tôt ; le dernier jour d'un mois trop court."""
    annee, rang = divmod(instant.year * 12 + instant.month - 1 + mois, 12)
    jour = min(instant.day, monthrange(annee, rang + 1)[1])
    return instant.replace(year=annee, month=rang + 1, day=jour)


def inactifs(avant: datetime) -> QuerySet[Usager]:
    """Les habitants sans signe depuis cet instant (``vu``, le dernier).

    Jamais un agent, même suspendu, ni l'exploitant, ni un compte qu'il a fermé : celui-là attend qu'il décide.
    """
    agents = Affectation.objects.filter(usager=OuterRef("pk"))
    habitants = Usager.objects.filter(~Exists(agents), is_active=True, is_staff=False, is_superuser=False)
    return habitants.annotate(vu=VU).filter(vu__lte=avant).order_by("pk")


def a_prevenir(maintenant: datetime) -> QuerySet[Usager]:
    """Ceux dont aucun avis n'est parti depuis leur dernier signe."""
    muets = inactifs(decaler(maintenant, -AVERTIR_MOIS))
    return muets.filter(Q(prevenu_le=None) | Q(prevenu_le__lte=F("vu")))


def a_fermer(maintenant: datetime) -> QuerySet[Usager]:
    """Ceux dont l'avis a trente jours, et n'a ramené personne."""
    muets = inactifs(decaler(maintenant, -FERMER_MOIS))
    return muets.filter(prevenu_le__gt=F("vu"), prevenu_le__lte=maintenant - PREAVIS)
