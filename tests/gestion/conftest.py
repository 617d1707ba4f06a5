"""Deux communes qui ont de tout, aux mêmes numéros, et chaque personne qui frappe à la porte de la gestion."""

from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import factories
import pytest
from django.contrib import admin
from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from comptes.models import Activation, ChoixEnvoi, CodeActivation, Rattachement, Visite
from contact.models import ReponseType
from factures.models import Consultation, DepotReglements, LotImport, RetourTresor
from factures.services import encaisser, marquer
from factures.services.depots import relire
from paiement_tipi.models import EchangePayfip, NotificationTipi, Paiement, TransitionPaiement
from portail.journal import noter
from portail.models import Affectation, Collectivite, Courriel, Journal, Role, Sceau
from portail.taches import lancer
from tests.factures.outils_bac import bac_en_un_fil, vrai_bac  # noqa: F401  # pour tous les essais d'ici

# Ce que porte tout objet de l'autre commune : le lire dans une page de Boé est une fuite.
MARQUE = "ETRANGERE"

PERSONNES = (
    "anonyme", "ada", "sans_affectation", "agent_d_ailleurs", "lectrice", "agente", "administratrice", "exploitant",
    "exploitant_ouvert",
)  # fmt: skip


def peupler(commune: Collectivite, marque: str) -> dict[str, Any]:
    """Un objet de chaque modèle ; mêmes numéros dans les deux communes, ``marque`` dans tous les textes."""
    regie = factories.regie(commune, code="EAU", libelle=f"Eau {marque}")
    contrat = factories.contrat(regie)
    habitante = factories.usager(email=f"h{marque.lower()}@exemple.fr", nom=f"NOM{marque}", prenom=f"Prénom{marque}")
    redevable = factories.redevable(commune, habitante, code="R-1", nom=f"DUPONT{marque}", prenom=marque)
    code = CodeActivation.objects.create(
        collectivite=commune, redevable=redevable, empreinte=f"empreinte {marque}", expire_le=timezone.now()
    )
    lot = LotImport.objects.create(collectivite=commune, regie=regie, libelle=f"Lot {marque}")
    facture = factories.facture(
        redevable, regie, lot=lot, numero="2026-1", reference="REF0000001", objet=f"Objet {marque}",
        lignes=[(f"Ligne {marque}", Decimal("243.11"))],
    )  # fmt: skip
    encaisser(facture=facture, montant=Decimal(1), moyen="carte", origine=f"essai {marque}", recu_le=timezone.now())
    marquer(facture=facture, usager=habitante, reglee=True)
    depot = DepotReglements.objects.create(collectivite=commune, regie=regie, libelle=f"{marque}.csv", empreinte="x")
    recu = {"montant": "1", "date": "01/02/2026", "moyen": "cheque", "bordereau": marque, "reference": "", "piece": ""}
    for rang, numero in enumerate(("2026-1", f"inconnu {marque}"), start=2):
        depot.lignes.create(collectivite=commune, rang=rang, sort="fautive", cellules={"numero": numero, **recu})
    relire(depot=depot)
    Consultation.objects.create(collectivite=commune, facture=facture, usager=habitante)
    retour = RetourTresor.objects.create(collectivite=commune, libelle=f"Retour {marque}", empreinte="x")
    ecart = retour.ecarts.create(
        collectivite=commune, cle=f"tresor:{marque}", genre="manque-ici", source="tresor", facture=facture,
        montant_la_bas=Decimal("243.11"), jour="2026-01-02", moyen="cheque", detail=f"Précision {marque}",
    )  # fmt: skip
    paiement = Paiement.objects.create(
        collectivite=commune, contrat=contrat, usager=habitante, formulaire=uuid4(), numcli=contrat.numcli, saisie="W",
        exer="2026", refdet=f"REF{marque}", objet=f"Objet {marque}", montant=Decimal("242.11"), mel=habitante.email,
        idop=uuid4(), envoye_le=timezone.now(), etat="expire", anomalie=f"Anomalie {marque}",
    )  # fmt: skip
    part = paiement.parts.create(facture=facture, collectivite=commune, montant=Decimal("242.11"), ouverte=False)
    transition = TransitionPaiement.objects.create(
        paiement=paiement, collectivite=commune, de="envoye", vers="expire", cause=f"cause {marque}"
    )
    notification = NotificationTipi.objects.create(paiement=paiement, collectivite=commune, corps=f"corps {marque}")
    echange = EchangePayfip.objects.create(
        paiement=paiement, collectivite=commune, operation="lire", code="P5", texte=f"texte {marque}",
        le=timezone.now(), dernier_le=timezone.now(),
    )  # fmt: skip
    agent = factories.usager(email=f"agent{marque.lower()}@exemple.fr", nom=f"AGENT{marque}", is_staff=True)
    affectation = Affectation.objects.create(usager=agent, collectivite=commune, role=Role.FACTURATION)
    noter(f"essai.{marque}", sur=facture)
    lancer("portail.tasks.sceller_le_journal")
    choix = ChoixEnvoi.objects.create(
        collectivite=commune, redevable=redevable, mode="papier", moyen="service", reference=f"Raison {marque}"
    )
    fait = Journal.objects.latest("pk")
    demande = factories.demande(habitante, commune, regie=regie, facture=facture, objet=f"Demande {marque}")
    demande.messages.create(collectivite=commune, genre="note", par=agent, texte=f"Note {marque}")
    demande.messages.first().pieces.create(
        uuid=UUID(int=2 if marque else 1), collectivite=commune, nom=f"piece{marque}.pdf", genre="application/pdf",
        taille=5, fichier=ContentFile(b"%PDF-", name="x.pdf"),
    )  # fmt: skip
    return {
        "portail.collectivite": commune,
        "portail.hote": commune.hotes.get(),
        "portail.regie": regie,
        "portail.annonce": factories.annonce(commune, regie=regie, titre=f"Titre {marque}", texte=f"Texte {marque}"),
        "portail.affectation": affectation,
        "portail.journal": fait,
        "portail.courriel": Courriel.objects.create(
            collectivite=commune,
            sorte="essai",
            cle=f"essai:{marque}",
            destinataire=habitante.email,
            message_id=f"<{marque}@essai>",
            etat="refuse",
            prochain_essai=None,
            clos_le=timezone.now(),
        ),
        "portail.sceau": Sceau.objects.create(premier=fait.pk, dernier=fait.pk, nombre=1, precedent=marque),
        "django_tasks_database.dbtaskresult": DBTaskResult.objects.first(),
        "comptes.usager": habitante,
        "comptes.redevable": redevable,
        "comptes.choixenvoi": choix,
        "comptes.visite": Visite.objects.create(
            collectivite=commune,
            agent=agent,
            usager=habitante,
            motif=f"Motif {marque}",
            jusqu_a=timezone.now() + timedelta(minutes=15),
        ),
        "comptes.rattachement": Rattachement.objects.get(usager=habitante),
        "comptes.codeactivation": code,
        "comptes.activation": Activation.objects.create(collectivite=commune, courriel=habitante.email, code=code),
        "factures.facture": facture,
        "factures.lignefacture": facture.lignes.get(),
        "factures.lotimport": lot,
        "factures.depotreglements": depot,
        "factures.reglement": facture.reglements.get(),
        "factures.retourtresor": retour,
        "factures.ecart": ecart,
        "factures.declaration": facture.declarations.get(),
        "factures.consultation": facture.consultations.get(),
        "paiement_tipi.contrattipi": contrat,
        "paiement_tipi.paiement": paiement,
        "paiement_tipi.partpaiement": part,
        "paiement_tipi.transitionpaiement": transition,
        "paiement_tipi.notificationtipi": notification,
        "paiement_tipi.echangepayfip": echange,
        "contact.demande": demande,
        "contact.reponsetype": ReponseType.objects.create(
            collectivite=commune, titre=f"Réponse {marque}", texte=f"Texte {marque}"
        ),
    }


@pytest.fixture
def ici(boe) -> dict[str, Any]:
    return peupler(boe, "")


@pytest.fixture
def la_bas(ailleurs) -> dict[str, Any]:
    """La même chose dans l'autre commune."""
    ailleurs.nom = f"Commune {MARQUE}"
    ailleurs.save()
    return peupler(ailleurs, MARQUE)


def agent_de(commune: Collectivite, role: str) -> Any:
    personne = factories.usager(is_staff=True)
    Affectation.objects.create(usager=personne, collectivite=commune, role=role)
    return personne


@pytest.fixture
def comptes(boe, ada, agente, ici, la_bas) -> dict[str, Any]:
    exploitants = [factories.usager(is_staff=True, is_superuser=True) for _ in range(2)]
    return {
        "anonyme": None,
        "ada": ada,
        "sans_affectation": factories.usager(is_staff=True),
        "agent_d_ailleurs": la_bas["portail.affectation"].usager,
        "lectrice": agent_de(boe, Role.LECTURE),
        "agente": agente,
        "administratrice": agent_de(boe, Role.ADMINISTRATION),
        "exploitant": exploitants[0],
        "exploitant_ouvert": exploitants[1],
    }


class Navigateurs(dict[str, Client]):
    """Chacun se connecte par la vraie page la première fois qu'on le demande, l'agent d'ailleurs chez lui."""

    def __init__(self, comptes: dict[str, Any], connecter: Any, boe: Collectivite, ailleurs: Collectivite) -> None:
        super().__init__()
        self.comptes, self.connecter, self.boe, self.ailleurs = comptes, connecter, boe, ailleurs

    def __missing__(self, nom: str) -> Client:
        compte = self.comptes[nom]
        chez = self.ailleurs if nom == "agent_d_ailleurs" else self.boe
        self[nom] = self.connecter(compte, chez=chez) if compte else anonyme(chez)
        if nom == "exploitant_ouvert":
            ouvrir_le_contenu(self[nom])
        return self[nom]


def anonyme(chez: Collectivite) -> Client:
    return Client(HTTP_HOST=chez.hotes.get().nom)


def ouvrir_le_contenu(client: Client, motif: str = "Ticket 1234, essai") -> None:
    assert client.post("/gestion/contenu/", {"motif": motif}).status_code == 303


def adresse(objet: Any, page: str = "change") -> str:
    """L'adresse d'une page de cet objet."""
    meta = objet._meta
    return f"/gestion/{meta.app_label}/{meta.model_name}/{objet.pk}/{page}/"


def rechercher(client: Client, terme: str) -> str:
    """De quoi réduire une liste à ce terme : « recherche=<clé> »."""
    reponse = client.post("/gestion/recherche/", {"terme": terme})
    return f"recherche={reponse['Location'].rstrip('/').rpartition('/')[2]}"


def listes() -> list[str]:
    """L'adresse de chaque liste."""
    return [f"/gestion/{a.opts.app_label}/{a.opts.model_name}/" for a in admin.site._registry.values()]


@pytest.fixture
def monde(boe, ailleurs, ici, la_bas, comptes, connecter) -> SimpleNamespace:
    chez = Navigateurs(comptes, connecter, boe, ailleurs)
    return SimpleNamespace(boe=boe, ailleurs=ailleurs, ici=ici, la_bas=la_bas, chez=chez)
