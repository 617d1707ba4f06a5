"""Des objets sans hasard : chaque appel numérote, et tout ce qui compte pour un test s'écrit dans le test."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import uuid4

from django.utils import timezone

from comptes.models import Rattachement, Redevable, Usager
from contact.models import Demande, Message
from factures.etats import Moyen, Nature, Statut
from factures.models import Facture, LigneFacture, Reglement
from paiement_tipi.models import ContratTipi
from paiement_tipi.protocole import Saisie
from portail.models import Affectation, Annonce, Collectivite, Hote, Regie, Role

MOT_DE_PASSE = "une phrase de passe"
_numeros = count(1)


def collectivite(**champs: Any) -> Collectivite:
    n = next(_numeros)
    valeurs = {
        "nom": f"Commune {n}",
        "lien": f"M{n:09d}",
        "adresse": f"http://commune-{n}.localhost",
        "telephone": "05 61 00 19 30",
        "horaires": "du lundi au vendredi, de 7h à 22h",
        "ouverte_le": timezone.now(),
        **champs,
    }
    creee = Collectivite.objects.create(**valeurs)
    Hote.objects.create(collectivite=creee, nom=f"commune-{n}.localhost")
    return creee


def regie(chez: Collectivite, *, suspendue: bool = False, **champs: Any) -> Regie:
    n = next(_numeros)
    creee = Regie.objects.create(collectivite=chez, **{"code": f"SERVICE-{n}", "libelle": f"Service {n}", **champs})
    return suspendre(creee) if suspendue else creee


def suspendre(service: Regie, **champs: Any) -> Regie:
    """Depuis longtemps, même pour une horloge de test que la base ignore ; ``fin``, ``message``…"""
    for nom, valeur in {"debut": datetime(2020, 1, 1, tzinfo=UTC), **champs}.items():
        setattr(service, f"suspension_{nom}", valeur)
    service.save()
    return service


def annonce(chez: Collectivite, **champs: Any) -> Annonce:
    """En ligne depuis longtemps et pour longtemps, à toute la commune."""
    valeurs = {
        "titre": f"Annonce {next(_numeros)}",
        "texte": "Le guichet déménage.",
        "debut": datetime(2020, 1, 1, tzinfo=UTC),
        "fin": datetime(2100, 1, 1, tzinfo=UTC),
        "auteur": 0,
        **champs,
    }
    creee = Annonce.objects.create(collectivite=chez, **valeurs)
    Collectivite.objects.filter(pk=chez.pk).update(annonces_version=uuid4())
    return creee


def contrat(de: Regie, **champs: Any) -> ContratTipi:
    valeurs = {"numcli": "006382", "saisie": Saisie.PRODUCTION, **champs}
    return ContratTipi.objects.create(collectivite=de.collectivite, regie=de, **valeurs)


def usager(**champs: Any) -> Usager:
    n = next(_numeros)
    valeurs = {"email": f"personne-{n}@exemple.fr", "civilite": "Madame", "nom": f"NOM{n}", "prenom": "Ada", **champs}
    return Usager.objects.create_user(password=valeurs.pop("password", MOT_DE_PASSE), **valeurs)


def administratrice(chez: Collectivite, **champs: Any) -> Usager:
    """Une agente qui nomme les autres."""
    personne = usager(is_staff=True, **champs)
    Affectation.objects.create(usager=personne, collectivite=chez, role=Role.ADMINISTRATION)
    return personne


def redevable(chez: Collectivite, *usagers: Usager, **champs: Any) -> Redevable:
    """Un redevable, rattaché à chacun des ``usagers``."""
    n = next(_numeros)
    valeurs = {
        "source": "TEST",
        "code": f"R{n}",
        "civilite": "Madame",
        "nom": f"NOM{n}",
        "prenom": "Ada",
        "adresse": "1 rue des Tests",
        "code_postal": "47550",
        "ville": "Boé",
        **champs,
    }
    cree = Redevable.objects.create(collectivite=chez, **valeurs)
    for personne in usagers:
        Rattachement.objects.create(collectivite=chez, usager=personne, redevable=cree)
    return cree


def facture(pour: Redevable, de: Regie, **champs: Any) -> Facture:
    """Une facture publiée de 243,11 €, payable ; ``lignes`` : des couples (libellé, montant) ; ``reste_du`` : en partie
    réglée."""
    n = next(_numeros)
    lignes = champs.pop("lignes", [])
    emise = champs.get("date_emission", date.today() - timedelta(days=10))
    valeurs = {
        "numero": f"F{n}",
        "reference": f"X{n:019d}",
        "objet": "Consommation d'eau",
        "montant": Decimal("243.11"),
        "date_emission": emise,
        "date_echeance": date.today() + timedelta(days=20),
        "date_limite_en_ligne": date.today() + timedelta(days=60),
        "statut": Statut.PUBLIEE,
        "publiee_le": "2026-01-01T00:00:00Z",
        **champs,
    }
    valeurs.setdefault("nature", Nature.FACTURE if valeurs["montant"] > 0 else Nature.AVOIR)
    valeurs.setdefault("reste_du", max(valeurs["montant"], Decimal(0)))
    creee = Facture.objects.create(collectivite=pour.collectivite, redevable=pour, regie=de, **valeurs)
    if recu := max(creee.montant, Decimal(0)) - creee.reste_du:
        Reglement.objects.create(
            facture=creee, collectivite=pour.collectivite, moyen=Moyen.ESPECES, montant=recu, origine=f"essai:{n}",
            recu_le=timezone.now(),
        )  # fmt: skip
    for rang, (libelle, montant) in enumerate(lignes, start=1):
        LigneFacture.objects.create(
            facture=creee, collectivite=pour.collectivite, rang=rang, libelle=libelle, montant=montant
        )
    return creee


def demande(de: Usager, chez: Collectivite, *, texte: str = "Bonjour, une question.", **champs: Any) -> Demande:
    """Une demande neuve, et son premier message ; ``attend_depuis`` suit ``cree_le``."""
    cree_le = champs.pop("cree_le", timezone.now())
    valeurs = {"objet": "Ma question", "cree_le": cree_le, "change_le": cree_le, "attend_depuis": cree_le, **champs}
    creee = Demande.objects.create(collectivite=chez, usager=de, **valeurs)
    Message.objects.create(demande=creee, collectivite=chez, genre="usager", par=de, texte=texte, cree_le=cree_le)
    return creee
