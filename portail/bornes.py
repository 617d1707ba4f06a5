"""Ce qu'on accepte avant de demander d'attendre (portail.limites, docs/securite.md)."""

# Tant de demandes par tant de secondes. Une école ou une mairie partagent une
# adresse IP : seuls les échecs de connexion y sont comptés de près, et tout le reste l'est par compte.
LIMITES: dict[str, tuple[int, int]] = {
    "connexions": (300, 60),  # par adresse IP
    "echecs-par-adresse-ip": (20, 60),
    "echecs-par-reseau-et-adresse-mail": (5, 300),  # qui s'acharne d'un /24 n'en ferme l'accès qu'à ses voisins
    "echecs-par-adresse-mail": (30, 900),  # d'où qu'ils viennent
    "echecs-par-compte": (5, 300),  # le mot de passe redemandé à une personne connectée
    "documents": (30, 60),  # par compte
    "copies": (3, 24 * 3600),  # de ses données, par compte
    "exports": (30, 3600),  # d'une liste de la gestion, par compte
    "departs": (20, 300),  # vers PayFiP, par compte
    "papier-par-adresse-ip": (300, 300),  # des milliers de téléphones partagent celle de leur opérateur
    "papier-par-code": (30, 300),
    "departs-du-papier": (10, 3600),  # vers PayFiP, par facture
    "justificatifs-du-papier": (20, 60),  # en PDF, par paiement
    "retours": (20, 60),  # par tentative de paiement
    "notifications": (10, 60),  # par tentative de paiement
    "pannes-payfip": (2, 600),  # d'affilée, avant la coupure (paiement_tipi.services.disjoncteur)
    "notifications-inconnues": (60, 60),  # par adresse IP
    # L'activation compte tout, succès compris : une limite atteinte ne dit rien de ce qui existe.
    "activations-par-reseau": (300, 3600),  # /24 ou /64 : une école entière y tient
    "activations-par-adresse-mail": (5, 3600),
    "codes-par-lien": (5, 3600),
    "codes-par-client": (5, 3600),
    "codes-en-tout": (3000, 3600),
    "oublis-par-adresse-ip": (60, 3600),
    "oublis-par-adresse-mail": (3, 3600),  # au-delà, même réponse mais plus de message
    "demandes-d-adresse": (5, 3600),  # par compte
    "invitations": (30, 3600),  # d'agents, par administrateur
    "essais-de-courriel": (10, 3600),  # par compte
    "messages": (20, 3600),  # au service, par compte ; refusés compris
    "messages-par-commune": (600, 3600),
    "recherches": (60, 60),  # dans la gestion, par compte
}

# Les factures qu'un seul paiement règle, et celles que « Tout payer » enchaîne.
FACTURES_PAR_PAIEMENT = 30
FACTURES_A_LA_SUITE = 200

# Ce qu'un agent peut déposer : le fichier des factures (un million de lignes y tiennent), et leurs documents.
OCTETS_FICHIER = 300 << 20
OCTETS_ARCHIVE = 2 << 30
OCTETS_CORRECTIONS = 2 << 20
OCTETS_RETOUR = 20 << 20  # du Trésor, lu pendant que la page attend
OCTETS_ENVOI = OCTETS_FICHIER + OCTETS_ARCHIVE + (1 << 20)  # les deux, et le reste du formulaire

# Un message au service et ses pièces. La dernière borne laisse lire un envoi trop lourd, pour dire lequel de ses
# fichiers l'est au lieu de tout perdre.
SIGNES_PAR_MESSAGE = 5000
PIECES_PAR_MESSAGE = 3
OCTETS_PAR_PIECE = 5 << 20
OCTETS_PAR_MESSAGE = 25 << 20
