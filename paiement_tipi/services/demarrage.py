"""De la facture à la page de PayFiP."""

import logging
import time
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from comptes.models import Usager
from factures.argent import en_centimes
from factures.etats import Empechement
from factures.models import Facture
from paiement_tipi import protocole, protocole_url, references
from paiement_tipi.client import Guichet, GuichetIndisponible, GuichetRefuse, QuestionEcartee
from paiement_tipi.etats import EtatPaiement, MiseEnService
from paiement_tipi.models import ContratTipi, Paiement, PartPaiement, Transport
from paiement_tipi.services import echanges
from paiement_tipi.services.par_url import adresse_par_url
from paiement_tipi.services.transitions import passer, prochaine_lecture
from paiement_tipi.valeurs import nettoyer_objet
from portail.models import Collectivite

ESSAIS, PAUSE_SECONDES = 20, 0.2

journal = logging.getLogger(__name__)


class PaiementImpossible(Exception):
    """La facture ne se paie pas en ligne maintenant ; ``empechement`` dit pourquoi."""

    def __init__(self, empechement: Empechement) -> None:
        super().__init__(empechement)
        self.empechement = empechement


def demarrer_paiement(
    *, facture: Facture, usager: Usager | None, formulaire: UUID, guichet: Guichet, mel: str = ""
) -> str:
    """L'adresse de la page PayFiP de cette tentative, dont l'idop est enregistré avant que personne n'y aille.

    Sans ``usager`` elle vient du papier, et ``mel`` est l'adresse que la personne y a écrite.
    Le même ``formulaire`` envoyé deux fois (double clic) rend la même adresse tant que la tentative vient de partir.
    PaiementImpossible, GuichetIndisponible et GuichetRefuse ne laissent aucune tentative ouverte derrière eux.
    """
    adresse = meme_envoi(facture, usager, formulaire)
    if adresse is not None:
        return adresse
    try:
        paiement = _ouvrir(facture, usager, formulaire, mel)
    except PaiementImpossible:
        # L'autre clic a pu s'ouvrir juste avant nous.
        adresse = meme_envoi(facture, usager, formulaire)
        if adresse is None:
            raise
        return adresse
    return partir(paiement, facture.collectivite, guichet)


def partir(paiement: Paiement, collectivite: Collectivite, guichet: Guichet) -> str:
    """L'adresse où aller, une fois l'idop obtenu et enregistré ; par URL, il n'y a rien à obtenir."""
    try:
        idop = None if paiement.par_url else echanges.creer(paiement, guichet, _demande(paiement, collectivite))
        adresse = adresse_de(paiement, idop)
    except (GuichetIndisponible, GuichetRefuse, protocole.ChampInvalide) as erreur:
        journal.warning("Paiement %s non créé chez PayFiP : %s", paiement.uuid, erreur)
        cause = "jamais demandé" if isinstance(erreur, QuestionEcartee) else "refus à la création"
        passer(paiement, vers=EtatPaiement.ECHOUE, cause=cause, maintenant=timezone.now())
        raise
    _envoyer(paiement, idop)
    return adresse


def meme_envoi(facture: Facture, usager: Usager | None, formulaire: UUID) -> str | None:
    """L'adresse déjà obtenue par ce formulaire, en attendant au besoin que son premier envoi ait sa réponse.

    Le navigateur abandonne la réponse du premier clic : sans cela, un double clic perdrait la page de paiement.
    """
    for _essai in range(ESSAIS):
        envois = Paiement.objects.filter(formulaire=formulaire, usager=usager, parts__facture=facture)
        envoi = envois.order_by("-pk").first()
        if envoi is None or envoi.etat != EtatPaiement.DEMARRE:
            break
        time.sleep(PAUSE_SECONDES)
    if envoi is None or envoi.etat != EtatPaiement.ENVOYE or not envoi.vient_de_partir(timezone.now()):
        return None
    return adresse_de(envoi, envoi.idop)


def _ouvrir(facture: Facture, usager: Usager | None, formulaire: UUID, mel: str) -> Paiement:
    """La tentative et sa part. Le verrou ordonne deux appareils ; l'index unique tient quoi qu'il arrive."""
    try:
        with transaction.atomic():
            Facture.objects.select_for_update(of=("self",)).get(pk=facture.pk)
            lue = Facture.objects.avec_etat(facture.collectivite.aujourd_hui()).get(pk=facture.pk)
            if lue.empechement:
                raise PaiementImpossible(Empechement(lue.empechement))
            return _creer(lue, usager, formulaire, mel)
    except IntegrityError as erreur:
        raise PaiementImpossible(Empechement.PAIEMENT_EN_COURS) from erreur


def _creer(facture: Facture, usager: Usager | None, formulaire: UUID, mel: str) -> Paiement:
    contrat = ContratTipi.objects.select_related("regie").get(regie=facture.regie_id)
    exer, refdet = _reference(facture, contrat)
    paiement = Paiement.objects.create(
        collectivite_id=facture.collectivite_id,
        contrat=contrat,
        usager=usager,
        formulaire=formulaire,
        transport=contrat.transport,
        numcli=contrat.numcli,
        saisie=contrat.saisie,
        exer=exer,
        refdet=refdet,
        # PayFiP montre l'objet à qui paie : un papier trouvé n'apprend que le service.
        objet=nettoyer_objet(facture.objet if usager else contrat.regie.libelle),
        montant=facture.reste_du,
        mel=usager.email if usager else mel,
    )
    PartPaiement.objects.create(
        paiement=paiement, facture=facture, collectivite_id=facture.collectivite_id, montant=facture.reste_du
    )
    return paiement


def _reference(facture: Facture, contrat: ContratTipi) -> tuple[str, str]:
    """L'exercice et la référence ; d'un titre qui s'essaie, ceux que PayFiP réserve aux essais (payfip.md §4)."""
    if contrat.transport == Transport.URL_TITRE and contrat.etape != MiseEnService.PRODUCTION:
        return references.d_essai(contrat.regie.mode, dette_sur_13=contrat.dette_sur_13)
    return str(facture.exercice or facture.date_emission.year), facture.reference


def _demande(paiement: Paiement, collectivite: Collectivite) -> protocole.Demande:
    return protocole.Demande(
        numcli=paiement.numcli,
        exer=paiement.exer,
        refdet=paiement.refdet,
        objet=paiement.objet,
        montant=en_centimes(paiement.montant),
        mel=paiement.mel,
        saisie=protocole.Saisie(paiement.saisie),
        urlnotif=f"{collectivite.adresse}/paiement/notification/",
        urlredirect=f"{collectivite.adresse}/paiement/retour/{paiement.jeton}/",
    )


@transaction.atomic
def _envoyer(paiement: Paiement, idop: UUID | None) -> None:
    """Note le départ et l'idop ; GuichetIndisponible si la tentative, jamais montrée, a été close entre-temps."""
    maintenant = timezone.now()
    paiement.idop, paiement.envoye_le = idop, maintenant
    relire_le = prochaine_lecture(EtatPaiement.ENVOYE, maintenant, maintenant) if idop else None
    Paiement.objects.filter(pk=paiement.pk).update(idop=idop, envoye_le=maintenant, relire_le=relire_le)
    cause = "idop reçu" if idop else "parti par URL"
    if not passer(paiement, vers=EtatPaiement.ENVOYE, cause=cause, maintenant=maintenant):
        raise GuichetIndisponible("réponse trop tardive")


def adresse_de(paiement: Paiement, idop: UUID | None) -> str:
    """La page de PayFiP de cette tentative."""
    if paiement.par_url:
        return adresse_par_url(paiement)
    if idop is None:
        raise ValueError("Une tentative sans idop n'a pas de page.")
    return protocole_url.adresse_de_page(settings.PAYFIP_PAGE_URL, idop)
