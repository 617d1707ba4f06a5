"""Les données de démonstration : deux communes, leurs services, et une facture dans chaque état."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from factures.etats import Moyen

MOT_DE_PASSE = "portail-demo-2026"
NUMCLI = "006382"
ADRESSE_A_ACTIVER = "nouveau@demo.example"
CLIENT_A_ACTIVER, CODE_A_ACTIVER = "DEMO-ACT-2", "7K4M-Q2XH-9RWT"


@dataclass(frozen=True)
class Modele:
    """Une facture de démonstration ; les jours sont comptés depuis aujourd'hui."""

    numero: str
    reference: str
    regie: str
    objet: str
    lignes: tuple[tuple[str, str, str, str], ...]
    emise: int = -20
    echeance: int = 25
    limite: int = 85
    prelevement: int | None = None
    paye: str = ""
    moyen: Moyen = Moyen.CARTE
    annulation: str = ""
    marquee: bool = False

    @property
    def montant(self) -> Decimal:
        """La somme des lignes, en euros."""
        return sum((Decimal(ligne[3]) for ligne in self.lignes), Decimal(0))


@dataclass(frozen=True)
class ModeleAnnonce:
    """Une annonce de démonstration, à toute la commune."""

    titre: str
    texte: str
    importante: bool = False


@dataclass(frozen=True)
class Commune:
    """Une commune de démonstration et ses services ; ``suspendues`` : le message de ceux qui ne se paient pas.

    ``moyens`` : comment ils se paient sans internet.
    """

    nom: str
    lien: str
    hote: str
    couleur: str
    regies: dict[str, str]
    mentions: dict[str, str]
    suspendues: dict[str, str] = field(default_factory=dict)
    moyens: dict[str, dict[str, Any]] = field(default_factory=dict)
    annonces: tuple[ModeleAnnonce, ...] = ()
    par_defaut: bool = False


_MAIRIE = {
    "guichet_adresse": "Mairie de Boé, rez-de-chaussée\n47550 Boé",
    "guichet_horaires": "du lundi au vendredi, de 9h à 12h et de 14h à 17h",
}
# Un compte d'exemple : sa clé est juste, sa banque n'existe pas.
MOYENS_DE_BOE: dict[str, dict[str, Any]] = {
    "EAU": {
        "cheque_ordre": "Régie de l'eau de Boé",
        "cheque_adresse": "Service de l'eau\nMairie de Boé\n47550 Boé",
        "virement_titulaire": "Régie de l'eau de Boé",
        "virement_iban": "FR12 9999 9000 0100 0000 0BOE 119",
        "tabac": True,
        "prelevement": "Demandez le formulaire au service de l'eau et rendez-le avec votre RIB.",
    },
    "CANTINE": {**_MAIRIE, "tabac": True},
    "CRECHE": {**_MAIRIE, "cheque_ordre": "Régie de la crèche de Boé", "cheque_adresse": "Mairie de Boé\n47550 Boé"},
}
HEBERGEUR = "Démonstration, hébergée sur la machine qui l'a lancée"
BOE = Commune(
    nom="Ville de Boé",
    lien="M470310001",
    hote="boe.localhost",
    couleur="#1d5c7a",
    regies={"EAU": "Eau et assainissement", "CANTINE": "Restauration scolaire", "CRECHE": "Crèche"},
    mentions={
        "adresse_postale": "Mairie de Boé\n47550 Boé",
        "courriel_contact": "mairie@boe.example",
        "directeur_publication": "le maire de Boé",
        "hebergeur": HEBERGEUR,
        "contact_dpo": "dpo@boe.example",
    },
    moyens=MOYENS_DE_BOE,
    suspendues={"CRECHE": "Le logiciel de la crèche est en maintenance. Vos factures restent exactes."},
    annonces=(
        ModeleAnnonce(
            "Vos factures se paient maintenant ici",
            "Le paiement par carte ou par prélèvement se fait sur le site des Finances publiques :\n"
            "https://www.payfip.gouv.fr\n\n"
            "Vos factures papier continuent d'arriver, sauf si vous y renoncez dans « Mes informations ».",
            importante=True,
        ),
        ModeleAnnonce(
            "Le guichet de l'eau déménage",
            "À partir de lundi, il vous accueille au rez-de-chaussée de la mairie, aux mêmes horaires.",
        ),
    ),
    par_defaut=True,
)
AUTRE = Commune(
    nom="Commune de Démonstration",
    lien="X990030101",
    hote="demo.localhost",
    couleur="#7a3a5c",
    regies={"EAU": "Eau et assainissement", "CANTINE": "Restauration scolaire"},
    mentions={
        "adresse_postale": "Mairie\n99003 Démonstration",
        "courriel_contact": "mairie@demonstration.example",
        "directeur_publication": "la maire de la commune",
        "hebergeur": HEBERGEUR,
        "contact_dpo": "dpo@demonstration.example",
    },
)

EAU = (
    ("Abonnement, 2e semestre", "1", "32,40 €", "32.40"),
    ("Consommation d'eau potable", "62 m³", "1,9500 €", "120.90"),
    ("Assainissement collectif", "62 m³", "1,2000 €", "74.40"),
    ("Redevances de l'agence de l'eau", "62 m³", "0,2485 €", "15.41"),
)
EAU_PASSEE = (
    ("Abonnement, 1er semestre", "1", "32,40 €", "32.40"),
    ("Consommation d'eau potable", "54 m³", "1,9500 €", "105.30"),
    ("Assainissement collectif", "54 m³", "1,2000 €", "64.80"),
)
EAU_2025 = (
    ("Abonnement, 2e semestre", "1", "32,40 €", "32.40"),
    ("Consommation d'eau potable", "50 m³", "1,9500 €", "97.50"),
    ("Assainissement collectif", "50 m³", "1,2000 €", "60.00"),
)


def _cantine(mois: str, repas: int) -> tuple[tuple[str, str, str, str], ...]:
    total = Decimal("3.60") * repas
    return ((f"Repas de {mois}, école Jean-Moulin", f"{repas} repas", "3,60 €", str(total)),)


def modeles_de_l_usager() -> list[Modele]:
    """Chaque état d'une facture, et un peu d'historique pour les filtres."""
    eau, cantine = "Consommation d'eau", "Restauration scolaire"
    return [
        Modele("2026-EAU-1317", "X0000301010000001317", "EAU", f"{eau}, 2e semestre 2026", EAU),
        Modele(
            "2026-EAU-1290", "X0000301010000001290", "EAU", f"{eau}, résidence secondaire",
            EAU_PASSEE, emise=-15, prelevement=12,
        ),
        Modele(
            "2026-CRE-0208", "X0000303010000000208", "CRECHE", "Crèche Les Canetons, octobre 2026",
            (("Accueil régulier, octobre", "84 h", "1,85 €", "155.40"),),
        ),
        Modele("2026-CAN-0911", "X0000302010000000911", "CANTINE", f"{cantine}, septembre 2026",
               _cantine("septembre", 16), emise=-50, echeance=-10, paye="57.60"),
        Modele("2026-CAN-0877", "X0000302010000000877", "CANTINE", f"{cantine}, juin 2026",
               _cantine("juin", 13), emise=-75, echeance=-30, limite=30),
        Modele("2026-CAN-0950", "X0000302010000000950", "CANTINE", f"{cantine}, régularisation",
               (("Régularisation de tarif", "", "", "0.85"),)),
        Modele("2026-CAN-0933", "X0000302010000000933", "CANTINE", f"{cantine}, octobre 2026 (erreur)",
               _cantine("octobre", 30), emise=-25, annulation="Nombre de repas erroné : une nouvelle facture suit."),
        Modele("2026-EAU-A012", "X0000301010000000012", "EAU", "Avoir sur la facture 2025-EAU-1122",
               (("Trop-facturé, fuite après compteur", "", "", "-38.20"),), emise=-40),
        Modele("2026-CAN-0940", "X0000302010000000940", "CANTINE", f"{cantine}, octobre 2026",
               _cantine("octobre", 15), emise=-12, paye="20.00", moyen=Moyen.ESPECES),
        Modele("2026-CAN-0812", "X0000302010000000812", "CANTINE", f"{cantine}, mai 2026",
               _cantine("mai", 12), emise=-160, echeance=-120, limite=-60),
        Modele("2026-CAN-0960", "X0000302010000000960", "CANTINE", "Accueil du mercredi, octobre 2026",
               (("Mercredis à la journée", "4", "11,50 €", "46.00"),), emise=-10, marquee=True),
        Modele("2026-EAU-0988", "X0000301010000000988", "EAU", f"{eau}, 1er semestre 2026",
               EAU_PASSEE, emise=-190, echeance=-150, limite=-90, paye="202.50", moyen=Moyen.PRELEVEMENT),
        Modele("2025-EAU-1122", "X0000301010000001122", "EAU", f"{eau}, 2e semestre 2025",
               EAU_2025, emise=-370, echeance=-330, limite=-280, paye="189.90", moyen=Moyen.CHEQUE),
        Modele("2025-CAN-0455", "X0000302010000000455", "CANTINE", f"{cantine}, novembre 2025",
               _cantine("novembre", 14), emise=-350, echeance=-320, limite=-270, paye="50.40"),
    ]  # fmt: skip


def modeles_du_voisin() -> list[Modele]:
    """Deux factures d'un autre habitant de la même commune."""
    return [
        Modele("2026-EAU-1402", "X0000301010000001402", "EAU", "Consommation d'eau, 2e semestre 2026", EAU_PASSEE),
        Modele("2026-CAN-0971", "X0000302010000000971", "CANTINE", "Restauration scolaire, octobre 2026",
               _cantine("octobre", 11)),
    ]  # fmt: skip


def modele_a_activer(numero: int) -> Modele:
    """La facture qui attend derrière une activation."""
    reference = f"X0000301010000001{numero:03}"
    return Modele(f"2026-EAU-1{numero:03}", reference, "EAU", "Consommation d'eau, 2e semestre 2026", EAU_PASSEE)


def modeles_de_l_autre_commune() -> list[Modele]:
    """Deux factures d'une habitante de l'autre commune, dont un numéro que Boé emploie aussi."""
    return [
        Modele("2026-EAU-1317", "X0000901010000001317", "EAU", "Consommation d'eau, 2e semestre 2026", EAU_PASSEE),
        Modele("2026-CAN-0101", "X0000902010000000101", "CANTINE", "Restauration scolaire, octobre 2026",
               _cantine("octobre", 9)),
    ]  # fmt: skip
