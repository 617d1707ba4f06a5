"""Ce que contient la base mesurée : la démonstration, une population, et trois personnes de 24 à 3 000 factures."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import count, islice
from typing import Any, TypeVar
from uuid import uuid4

from django.contrib.auth.hashers import make_password
from django.db import connection, models

from comptes.models import Rattachement, Redevable, Usager
from factures.etats import Moyen, Nature, Statut
from factures.models import Declaration, Facture, LigneFacture, Reglement
from paiement_tipi.etats import EtatPaiement
from paiement_tipi.models import ContratTipi, Paiement, PartPaiement
from portail.models import Collectivite, Regie

MOT_DE_PASSE = "mesurer n'est pas payer"
TAILLES = (24, 300, 3000)
HABITANTS = 2000
FACTURES_PAR_HABITANT = 10
PAR_LOT = 1000
MONTANT = Decimal("243.11")
ACOMPTE = Decimal("20.00")
ABONNEMENT = Decimal("0.40")

M = TypeVar("M", bound=models.Model)
_numeros = count(1)


@dataclass(frozen=True)
class Commune:
    """La commune peuplée et ses trois services."""

    collectivite: Collectivite
    regies: dict[str, Regie]

    def facture(self, redevable: Redevable, rang: int, **champs: Any) -> Facture:
        """La facture de ce rang, de la plus récente à la plus ancienne ; payable si rien n'est précisé."""
        numero = next(_numeros)
        emise = self.collectivite.aujourd_hui() - timedelta(days=rang // 2)
        valeurs = {
            "regie": self.regies["CANTINE" if rang % 2 else "EAU"],
            "numero": f"BANC-{numero}",
            "reference": f"B{numero:019d}",
            "objet": f"Consommation d'eau, période {rang + 1}",
            "montant": MONTANT,
            "reste_du": MONTANT,
            "date_emission": emise,
            "date_echeance": emise + timedelta(days=45),
            "date_limite_en_ligne": emise + timedelta(days=105),
            "statut": Statut.PUBLIEE,
            "publiee_le": a_midi(emise),
            **champs,
        }
        return Facture(collectivite=self.collectivite, redevable=redevable, **valeurs)


def a_midi(jour: date) -> datetime:
    """Un instant de ce jour."""
    return datetime.combine(jour, time(12), tzinfo=UTC)


def courriel(nom: object) -> str:
    """L'adresse d'une personne du banc."""
    return f"banc-{nom}@exemple.fr"


def peupler(habitants: int = HABITANTS, tailles: Sequence[int] = TAILLES) -> None:
    """Remplit la base (la démonstration y est déjà), puis calcule les statistiques dont dépendent les plans."""
    collectivite = Collectivite.objects.get(par_defaut=True)
    commune = Commune(collectivite, {regie.code: regie for regie in collectivite.regies.all()})
    redevables = _habitants(collectivite, [*range(habitants), *(f"liste-{taille}" for taille in tailles)])
    factures = [
        commune.facture(redevable, rang * 60, **({} if rang == 0 else {"reste_du": 0}))
        for redevable in redevables[:habitants]
        for rang in range(FACTURES_PAR_HABITANT)
    ]
    for redevable, taille in zip(redevables[habitants:], tailles, strict=True):
        factures += [
            commune.facture(redevable, rang, **champs) for rang, champs in enumerate(_melange(commune, taille))
        ]
    creer(Facture, factures)
    _raconter(factures)
    ranger()


def ranger() -> None:
    """Les statistiques dont dépendent les plans, et la carte de ce qui est lisible sans retourner aux tables."""
    with connection.cursor() as curseur:
        curseur.execute("SET statement_timeout = 0")
        curseur.execute("VACUUM (ANALYZE)")
        curseur.execute("RESET statement_timeout")


def _habitants(collectivite: Collectivite, noms: Iterable[object]) -> list[Redevable]:
    """Un compte client par nom, rattaché à une personne qui peut se connecter."""
    hache = make_password(MOT_DE_PASSE)  # le même pour tous : le calculer deux mille fois prendrait une minute
    usagers = [Usager(email=courriel(nom), civilite="Madame", nom="BANC", prenom="Ada", password=hache) for nom in noms]
    redevables = [
        Redevable(collectivite=collectivite, source="BANC", code=str(n), civilite="Madame", nom="BANC", prenom="Ada")
        for n, _ in enumerate(usagers)
    ]
    creer(Usager, usagers)
    creer(Redevable, redevables)
    liens = zip(usagers, redevables, strict=True)
    creer(Rattachement, (Rattachement(collectivite=collectivite, usager=u, redevable=r) for u, r in liens))
    return redevables


def _melange(commune: Commune, taille: int) -> Iterator[dict[str, Any]]:
    """Huit factures dues, chacune dans un état différent, puis des payées parmi lesquelles des avoirs et annulées."""
    jour = commune.collectivite.aujourd_hui()
    hier, demain = jour - timedelta(days=1), jour + timedelta(days=1)
    dues: list[dict[str, Any]] = [
        {},
        {"date_echeance": hier},
        {"date_prelevement": demain},
        {"regie": commune.regies["CRECHE"]},
        {"date_echeance": hier, "date_limite_en_ligne": hier},
        {"objet": "Marquée réglée"},
        {"reste_du": MONTANT - ACOMPTE},
        {"montant": Decimal("0.85"), "reste_du": Decimal("0.85")},
    ]
    yield from dues
    for rang in range(len(dues), taille):
        if rang % 12 == 9:
            yield {"nature": Nature.AVOIR, "montant": -ACOMPTE, "reste_du": 0}
        elif rang % 12 == 10:
            yield {"statut": Statut.ANNULEE, "motif_annulation": "Erreur de relevé"}
        else:
            yield {"reste_du": 0}


def _raconter(factures: list[Facture]) -> None:
    """Les lignes, les règlements et les marques de ces factures."""
    creer(LigneFacture, (ligne for facture in factures for ligne in _lignes(facture)))
    soldees = (
        f for f in factures if f.nature == Nature.FACTURE and f.statut == Statut.PUBLIEE and f.reste_du < f.montant
    )
    creer(Reglement, map(_reglement, soldees))
    tenter([facture for facture in factures if facture.nature == Nature.FACTURE])
    marquees = [f for f in factures if f.objet == "Marquée réglée"]
    personnes = dict(Rattachement.objects.filter(redevable__source="BANC").values_list("redevable_id", "usager_id"))
    creer(
        Declaration,
        (
            Declaration(facture=f, collectivite_id=f.collectivite_id, usager_id=personnes[f.redevable_id])
            for f in marquees
        ),
    )


def tenter(factures: list[Facture]) -> None:
    """Une tentative PayFiP sur chacune : payée, ou sinon refusée le plus souvent, ouverte une fois sur vingt."""
    contrats = {contrat.regie_id: contrat for contrat in ContratTipi.objects.all()}
    personnes = dict(Rattachement.objects.values_list("redevable_id", "usager_id"))
    paiements = [
        Paiement(
            collectivite_id=facture.collectivite_id,
            contrat=contrats[facture.regie_id],
            usager_id=personnes[facture.redevable_id],
            formulaire=uuid4(),
            etat=_issue(facture, rang),
            montant=facture.montant,
            idop=uuid4(),
            envoye_le=a_midi(facture.date_emission),
        )
        for rang, facture in enumerate(factures)
    ]
    creer(Paiement, paiements)
    parts = (
        PartPaiement(
            paiement=paiement,
            facture=facture,
            collectivite_id=facture.collectivite_id,
            montant=facture.montant,
            ouverte=paiement.est_ouvert,
        )
        for paiement, facture in zip(paiements, factures, strict=True)
    )
    creer(PartPaiement, parts)


def _issue(facture: Facture, rang: int) -> EtatPaiement:
    if not facture.reste_du:
        return EtatPaiement.PAYE
    return EtatPaiement.REFUSE if rang % 20 else EtatPaiement.ENVOYE


def _lignes(facture: Facture) -> Iterator[LigneFacture]:
    montants = {"Abonnement": ABONNEMENT, "Consommation": facture.montant - ABONNEMENT}
    for rang, (libelle, montant) in enumerate(montants.items(), start=1):
        yield LigneFacture(
            facture=facture, collectivite_id=facture.collectivite_id, rang=rang, libelle=libelle, montant=montant
        )


def _reglement(facture: Facture) -> Reglement:
    return Reglement(
        facture=facture,
        collectivite_id=facture.collectivite_id,
        moyen=Moyen.PRELEVEMENT if facture.regie.code == "EAU" else Moyen.CARTE,
        montant=facture.montant - facture.reste_du,
        recu_le=a_midi(facture.date_emission),
        origine="banc",
    )


def creer(modele: type[M], objets: Iterable[M]) -> None:
    suite = iter(objets)
    while lot := list(islice(suite, PAR_LOT)):
        modele._default_manager.bulk_create(lot)  # l'API publique de Django, malgré son nom
