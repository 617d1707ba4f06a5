"""L'accusé de réception d'un paiement, dû pour tout paiement fait sur un téléservice (CRPA, art. L112-11)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from comptes.models import Usager
from factures.models import Facture
from paiement_tipi.etats import EtatPaiement
from paiement_tipi.models import Paiement
from paiement_tipi.services.justificatif import adresse_du_justificatif
from portail.courriels import deposer
from portail.models import Collectivite, Regie
from portail.registre import Contenu, SorteDeCourriel

SUJETS: dict[EtatPaiement, Promise] = {
    EtatPaiement.PAYE: _("Votre paiement est enregistré"),
    EtatPaiement.PRELEVE: _("Votre demande de prélèvement est enregistrée"),
}


def accuser(paiement: Paiement) -> None:
    """Un seul courriel par paiement, à l'adresse donnée à PayFiP."""
    deposer(
        sorte=ACCUSE.nom,
        cle=cle_de_l_accuse(paiement),
        collectivite=paiement.collectivite,
        destinataire=paiement.mel,
        contexte={"paiement": str(paiement.uuid)},
    )


def cle_de_l_accuse(paiement: Paiement) -> str:
    """Celle du courriel, unique : un paiement n'est accusé qu'une fois."""
    return f"paiement:{paiement.uuid}"


def composer(collectivite: Collectivite, contexte: Mapping[str, Any]) -> Contenu | None:
    """Ce que dit l'accusé : quoi, quand, à quel service, où le relire. Jamais de montant dans un courriel.

    À qui a payé depuis le papier, ou fermé son compte depuis, rien que sa page ne lui ait montré.
    """
    paiements = Paiement.objects.filter(collectivite=collectivite, uuid=contexte["paiement"])
    paiement = paiements.select_related("contrat__regie", "usager").first()
    if paiement is None:
        return None
    conclu = paiement.transitions.filter(vers=paiement.etat).latest("pk")
    factures = [part.facture for part in paiement.parts.select_related("facture").order_by("facture_id")]
    le = paiement.date_payfip or conclu.le
    return _dire(paiement, le, paiement.contrat.regie, factures)


def _dire(paiement: Paiement, le: datetime, service: Regie, factures: list[Facture]) -> Contenu:
    etat = EtatPaiement(paiement.etat)
    valeurs = {"preleve": etat == EtatPaiement.PRELEVE, "le": le, "service": service, "factures": factures}
    valeurs |= {"papier": paiement.du_papier, "justificatif": adresse_du_justificatif(paiement)}
    return Contenu(SUJETS[etat], valeurs, {"service": str(service), "date": date_format(timezone.localtime(le))})


def _exemple(_collectivite: Collectivite) -> Contenu:
    paiement, facture = Paiement(etat=EtatPaiement.PAYE, usager=Usager()), Facture(numero="2026-0001")
    return _dire(paiement, timezone.now(), Regie(libelle=gettext("Eau et assainissement")), [facture])


ACCUSE = SorteDeCourriel(
    "paiement",
    "courriels/paiement.txt",
    "courriels/paiement.html",
    composer,
    libelle=_("À qui vient de payer en ligne"),
    emplacements={"service": _("le service payé"), "date": _("le jour du paiement")},
    exemple=_exemple,
)
