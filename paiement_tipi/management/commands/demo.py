from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from comptes.models import Redevable, Usager
from factures.services import tenir_le_bilan
from paiement_tipi.management import creation
from paiement_tipi.management.a_la_main import montrer_a_la_main
from paiement_tipi.management.demo import (
    ADRESSE_A_ACTIVER,
    AUTRE,
    BOE,
    CLIENT_A_ACTIVER,
    CODE_A_ACTIVER,
    MOT_DE_PASSE,
    Modele,
    modele_a_activer,
    modeles_de_l_autre_commune,
    modeles_de_l_usager,
    modeles_du_voisin,
)
from paiement_tipi.management.livraison import livrer_un_lot
from portail.ajout_seul import levee
from portail.models import Affectation, Collectivite, Role
from portail.registre import demonstrations

COMPTES = (
    ("usager@demo.example", "Madame SISTEC560 Test, habitante de Boé"),
    ("voisin@demo.example", "Monsieur VOISIN Camille, un autre habitant de Boé"),
    ("usager2@demo.example", "Madame AUTRE Dominique, habitante de l'autre commune (/?LIEN=X990030101)"),
    ("agent@demo.example", "agent de la facturation de Boé"),
    ("mairie@demo.example", "administratrice de Boé : elle nomme les agents"),
    ("admin@demo.example", "exploitant"),
)


class Command(BaseCommand):
    help = "Crée les données de démonstration qui manquent, sans rien réinitialiser (--a-neuf efface tout d'abord)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--a-neuf", action="store_true", help="Efface toute la base avant de recréer la démonstration."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("Cette commande n'existe que pour la démonstration (DEMO=1).")
        if options["a_neuf"]:
            with levee():
                call_command("flush", interactive=False, verbosity=0)
        with transaction.atomic():
            self._creer()
            for raconter in demonstrations():
                raconter()
        self.stdout.write(f"Comptes de démonstration (mot de passe : {MOT_DE_PASSE})")
        for email, personne in COMPTES:
            self.stdout.write(f"  {email:<22} {personne}")
        self.stdout.write("Comptes à activer (« J'active mon compte »)")
        self.stdout.write(f"  {ADRESSE_A_ACTIVER:<22} adresse mail que le service connaît")
        self.stdout.write(f"  {CLIENT_A_ACTIVER:<22} code client, avec le code d'activation {CODE_A_ACTIVER}")

    def _creer(self) -> None:
        agent = creation.creer_usager(
            "agent@demo.example", civilite="", nom="FACTURATION", prenom="Agent", is_staff=True
        )
        boe = creation.creer_collectivite(BOE, settings.PORT, agent=agent)
        autre = creation.creer_collectivite(AUTRE, settings.PORT, agent=agent)
        creation.creer_annonces(BOE, boe, agent=agent)
        usager = creation.creer_usager("usager@demo.example", civilite="Madame", nom="SISTEC560", prenom="Test")
        voisin = creation.creer_usager("voisin@demo.example", civilite="Monsieur", nom="VOISIN", prenom="Camille")
        usager2 = creation.creer_usager("usager2@demo.example", civilite="Madame", nom="AUTRE", prenom="Dominique")
        _factures(usager, boe, "DEMO-1", "12 chemin des Canetons", "Boé", modeles_de_l_usager())
        montrer_a_la_main(_factures(voisin, boe, "DEMO-2", "14 chemin des Canetons", "Boé", modeles_du_voisin()))
        _factures(usager2, autre, "DEMO-3", "3 place du Marché", "Démonstration", modeles_de_l_autre_commune())
        _a_activer(boe, 411, code="DEMO-ACT-1", nom="NOUVEAU", courriel=ADRESSE_A_ACTIVER)
        _a_activer(boe, 412, code=CLIENT_A_ACTIVER, nom="PAPIER", code_activation=CODE_A_ACTIVER)
        Affectation.objects.get_or_create(usager=agent, collectivite=boe, defaults={"role": Role.FACTURATION})
        mairie = creation.creer_usager(
            "mairie@demo.example", civilite="", nom="MAIRIE", prenom="Administratrice", is_staff=True
        )
        Affectation.objects.get_or_create(usager=mairie, collectivite=boe, defaults={"role": Role.ADMINISTRATION})
        creation.inviter_un_agent(boe)
        livrer_un_lot(boe)
        creation.creer_usager(
            "admin@demo.example", civilite="", nom="EXPLOITANT", prenom="Admin", is_staff=True, is_superuser=True
        )
        for collectivite in (boe, autre):
            tenir_le_bilan(collectivite=collectivite)


def _a_activer(boe: Collectivite, numero: int, **valeurs: str) -> None:
    redevable = creation.creer_redevable_a_activer(boe, **valeurs)
    modele = modele_a_activer(numero)
    creation.creer_facture(modele, redevable=redevable, usager=None, aujourd_hui=boe.aujourd_hui())


def _factures(
    usager: Usager, collectivite: Collectivite, code: str, adresse: str, ville: str, modeles: list[Modele]
) -> Redevable:
    redevable = creation.creer_redevable(usager, code=code, collectivite=collectivite, adresse=adresse, ville=ville)
    for modele in modeles:
        creation.creer_facture(modele, redevable=redevable, usager=usager, aujourd_hui=collectivite.aujourd_hui())
    return redevable
