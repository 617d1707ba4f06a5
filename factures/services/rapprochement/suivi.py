"""Ce que le temps apporte : ce qui attend depuis trop longtemps devient un écart, ce qui est arrivé en clôt un."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from factures import registre
from factures.etats import Moyen, Sens, Statut
from factures.etats.rapprochement import (
    A_ENREGISTRER,
    D_UN_REGLEMENT,
    EtatDeclaration,
    EtatEcart,
    GenreEcart,
    SourceEcart,
)
from factures.imports.lecteur_pes_retour import Dette
from factures.models import A_REGLER, Declaration, Ecart, Facture, Reglement
from factures.services.rapprochement.actes import situer
from factures.services.rapprochement.comparaison import Vu, ouvrir_les_comptes
from factures.services.rapprochement.correspondance import trouver
from factures.services.rapprochement.declarations import confirmer_les_reglees
from factures.services.rapprochement.ecarts import clore, confirmation, ouverts, ouvrir, tenir_la_commune
from factures.services.rapprochement.retour import d_un_reglement
from portail.models import Collectivite


@transaction.atomic
def suivre(*, collectivite: Collectivite, maintenant: datetime) -> int:
    """Une passe sur une commune ; rend le nombre d'écarts nouveaux. Autant de fois qu'on veut."""
    tenir_la_commune(collectivite.pk)
    confirmer_les_reglees(collectivite)
    a_trancher = ouverts(collectivite)
    _retrouver([e for e in a_trancher if e.genre == GenreEcart.SANS_FACTURE], collectivite)
    for ecart in a_trancher:
        if comment := _dissipe(ecart):
            clore(ecart, vers=EtatEcart.REGLE, motif=comment)
    nouveaux = [*_prelevements(collectivite, maintenant), *_declarations(collectivite, maintenant)]
    return len(ouvrir(nouveaux))


def _prelevements(collectivite: Collectivite, maintenant: datetime) -> list[Ecart]:
    """Acceptés par PayFiP depuis trop longtemps sans que le Trésor les ait montrés : la banque a pu les rejeter."""
    en_ligne = Q(*(Q(origine__startswith=d) for d in registre.origines_en_ligne()), _connector=Q.OR)
    attendus = Reglement.objects.filter(
        en_ligne, collectivite=collectivite, sens=Sens.ENCAISSEMENT, moyen=Moyen.PRELEVEMENT,
        recu_le__lte=maintenant - timedelta(days=settings.PRELEVEMENT_CONFIRME_JOURS),
        reprise__isnull=True, confirmation__isnull=True,
    )  # fmt: skip
    attendus = attendus.exclude(ecarts__genre=GenreEcart.PRELEVEMENT)
    return [d_un_reglement(r, GenreEcart.PRELEVEMENT, source=SourceEcart.PORTAIL) for r in attendus]


def _declarations(collectivite: Collectivite, maintenant: datetime) -> list[Ecart]:
    """« J'ai déjà payé », et rien n'est arrivé."""
    depuis = maintenant - timedelta(days=settings.DECLARATION_VERIFIEE_JOURS)
    dues = Facture.objects.filter(A_REGLER, collectivite=collectivite)
    sans_suite = Declaration.objects.filter(
        collectivite=collectivite, etat=EtatDeclaration.DECLAREE, cree_le__lte=depuis, facture__in=dues
    )
    return [_de_la_declaration(declaration) for declaration in sans_suite.select_related("facture")]


def _de_la_declaration(declaration: Declaration) -> Ecart:
    return Ecart(
        collectivite_id=declaration.collectivite_id,
        cle=f"{GenreEcart.DECLARATION}:{declaration.pk}:{declaration.cree_le:%Y%m%d%H%M%S}",
        genre=GenreEcart.DECLARATION,
        source=SourceEcart.PORTAIL,
        facture=declaration.facture,
        declaration=declaration,
        montant_ici=declaration.facture.reste_du,
        jour=declaration.cree_le.date(),
    )


def _dissipe(ecart: Ecart) -> str:
    """Comment l'écart a disparu de lui-même ; vide s'il reste à trancher.

    La somme d'un fichier de règlements attend toujours un agent : ce qui arrive au paiement d'ici ne dit rien d'elle.
    """
    if ecart.source == SourceEcart.FICHIER:
        return ""
    if ecart.genre == GenreEcart.DECLARATION:
        return _plus_due(ecart)
    if ecart.genre in D_UN_REGLEMENT | {GenreEcart.REPRIS} and (comment := _suivi_du_reglement(ecart)):
        return comment
    return _arrive(ecart) if ecart.genre in A_ENREGISTRER else ""


def _retrouver(ecarts: list[Ecart], collectivite: Collectivite) -> None:
    """Leur facture a pu être publiée depuis."""
    dettes = {ecart.pk: Dette(**ecart.dette) for ecart in ecarts}
    trouvees = trouver(collectivite, dettes.values())
    for ecart in ecarts:
        siennes = trouvees[dettes[ecart.pk]]
        if len(siennes) == 1:
            situer(ecart, siennes[0])


def _plus_due(ecart: Ecart) -> str:
    """La facture a été payée, ou annulée."""
    du = ecart.facture is not None and ecart.facture.reste_du and ecart.facture.statut == Statut.PUBLIEE
    return "" if du else _("La facture n'est plus due")


def _suivi_du_reglement(ecart: Ecart) -> str:
    reglement = ecart.reglement
    if reglement is None:
        return ""
    if hasattr(reglement, "reprise"):
        return _("Le règlement a été repris")
    confirme = ecart.genre != GenreEcart.REPRIS and hasattr(reglement, "confirmation")
    return _("Le règlement est confirmé") if confirme else ""


def _arrive(ecart: Ecart) -> str:
    """Un règlement de la somme attendue est venu ici : c'est lui que le Trésor disait."""
    vu = Vu.de_l_ecart(ecart)
    if vu is None or ecart.facture is None or ecart.source != SourceEcart.TRESOR:
        return ""
    trouve = ouvrir_les_comptes([ecart.facture])[ecart.facture.pk].prendre(vu, exact=True)
    if trouve is None:
        return ""
    confirmation(trouve, ecart.cle, jour=ecart.jour, retour=ecart.retour).save(force_insert=True)
    return _("Un règlement est arrivé")
