"""Ce qu'un agent attend d'une commune d'un million de factures : ses listes, leurs filtres, ses recherches."""

import statistics
from collections.abc import Iterator

from django.db import connection

from bancs import requetes
from bancs.donnees import ranger
from bancs.mesure import Sujet, mesurer
from bancs.navigateur import obtenir
from factures.models import Facture
from paiement_tipi.management.demo import MOT_DE_PASSE
from portail.models import Affectation, Collectivite, Role

AGENT = "agent@demo.example"
TOURS, SECONDES = 4, 0.4
COURRIELS, FAITS = 300_000, 1_000_000
FACTURES = "factures/facture/"
LISTES = {
    "factures": FACTURES,
    "factures_derniere_page": f"{FACTURES}?p=200",
    "factures_triees_de_force": f"{FACTURES}?o=2.-5",
    "factures_a_regler": f"{FACTURES}?suivi=a-regler",
    "factures_trop_percues": f"{FACTURES}?suivi=trop-percu",
    "factures_echues": f"{FACTURES}?etat=echue",
    "factures_en_cours": f"{FACTURES}?etat=en-cours",
    "factures_avoirs": f"{FACTURES}?etat=avoir",
    "factures_annee": f"{FACTURES}?annee=2023&p=100",
    "factures_annee_payees": f"{FACTURES}?annee=2023&etat=payee",
    "redevables": "comptes/redevable/",
    "redevables_derniere_page": "comptes/redevable/?p=200",
    "usagers": "comptes/usager/",
    "courriels": "portail/courriel/",
    "courriels_abandonnes": "portail/courriel/?etat__exact=abandonne",
    "journal": "portail/journal/",
    "journal_derniere_page": "portail/journal/?p=200",
    "reglements_derniere_page": "factures/reglement/?p=200",
}


def mesurer_la_gestion(port: int) -> dict[str, dict[str, float]]:
    """Les durées de chaque page, seule puis à huit, dans la base de notre connexion, que sert ce port."""
    _remplir()
    visiteur = requetes.client(AGENT, MOT_DE_PASSE)
    session = "; ".join(f"{nom}={cookie.value}" for nom, cookie in visiteur.cookies.items())
    sujets = [
        *(Sujet.page(f"agent_{nom}", port, obtenir(port, f"/gestion/{page}", session)) for nom, page in LISTES.items()),
        *(_recherche(visiteur, nom, terme, port, session) for nom, terme in _termes()),
    ]
    mesurer(sujets, tours=TOURS, secondes=SECONDES)
    return {sujet.nom: _figures(sujet) for sujet in sujets}


def _remplir() -> None:
    """L'agent lit aussi le journal ; les courriels et les faits d'une commune de cette taille."""
    boe = Collectivite.objects.get(par_defaut=True)
    Affectation.objects.filter(usager__email=AGENT).update(role=Role.ADMINISTRATION)
    with connection.cursor() as curseur:
        curseur.execute(
            "INSERT INTO portail_courriel (collectivite_id, sorte, cle, destinataire, contexte, message_id, etat,"
            " cree_le, essais, clos_le, erreur) SELECT %s, 'banc', 'banc:' || n, 'habitant' || n || '@exemple.fr',"
            " '{}', '<' || n || '@banc>', 'envoye', now(), 1, now(), '' FROM generate_series(1, %s) n",
            [boe.pk, COURRIELS],
        )
        curseur.execute(
            "INSERT INTO portail_journal (le, collectivite, action, objet, identifiant, correlation)"
            " SELECT now() - id * interval '1 minute', %s, 'facture.corrigee', 'factures.facture', uuid, ''"
            " FROM factures_facture ORDER BY id LIMIT %s",
            [boe.pk, FAITS],
        )
    ranger()


def _termes() -> Iterator[tuple[str, str]]:
    """Une façon de chercher par ligne, sur une facture du milieu de la base."""
    derniere = Facture.objects.filter(numero__startswith="P").latest("pk")
    facture = Facture.objects.filter(pk__lte=derniere.pk // 2, numero__startswith="P").latest("pk")
    yield "nom_courant", "martin"
    yield "nom_et_prenom", "bernard cam"
    yield "numero", facture.numero
    yield "reference", f"{facture.reference[:8]} {facture.reference[8:]}"
    yield "code_client", facture.redevable.code
    yield "montant", str(facture.montant)
    yield "courriel", "usager@demo.example"
    yield "rien", "introuvable zzz"


def _recherche(visiteur: requetes.Client, nom: str, terme: str, port: int, session: str) -> Sujet:
    """La page où mène ce terme : des résultats, ou droit à la fiche."""
    page = visiteur.post("/gestion/recherche/", {"terme": terme})["Location"]
    statut = visiteur.get(page).status_code
    sujet = Sujet.page(f"recherche_{nom}", port, obtenir(port, page, session))
    sujet.attendu = str(statut).encode()
    return sujet


def _figures(sujet: Sujet) -> dict[str, float]:
    seules = [duree for tranche in sujet.seules for duree in tranche.durees]
    p95 = statistics.quantiles(seules, n=20)[-1] if len(seules) > 1 else seules[0]
    return {**sujet.figures(), "ms_seul_p95": 1000 * p95}
