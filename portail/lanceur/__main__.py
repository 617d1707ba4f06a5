"""``python -m portail.lanceur`` : la démonstration entière, tenue par un seul processus."""

import contextlib
import fcntl
import functools
import http.client
import os
import socket
import sys
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from portail.lanceur.reglages import (
    RACINE,
    Reglages,
    ecrire,
    environnement,
    lire,
    variables,
)
from portail.lanceur.superviseur import (
    Echec,
    Enfant,
    Superviseur,
    gouverner,
    mourir_avec_son_pere,
)

DEMARRAGE_SECONDES = 120
PREPARATION = Enfant("La préparation", (sys.executable, "-m", "portail.lanceur.preparation"))
SERVEUR = (
    *(
        "gunicorn",
        "portail.wsgi:application",
        "--config",
        "python:portail.serveur",
        "--preload",
        "--worker-class",
        "gthread",
        "--workers",
        "2",
    ),
    *("--threads", "12", "--graceful-timeout", "3", "--no-control-socket", "--log-level", "warning"),
)


def main() -> int:
    """Lit l'environnement, puis conduit la démonstration jusqu'à ce qu'on l'arrête."""
    if "--avec-le-parent" in sys.argv[1:]:  # make tué par SIGKILL ne laisse rien derrière lui
        mourir_avec_son_pere()
    os.umask(0o077)  # la base et les fichiers de DONNEES sont privés, même dans un dossier qui ne l'est pas
    try:
        reglages = lire()
        nommees = variables(reglages)
    except (ImproperlyConfigured, OSError) as erreur:
        sys.stderr.write(f"{erreur}\n")
        return 2
    superviseur = Superviseur(dossier=RACINE, environnement=environnement(reglages, nommees))
    return gouverner(lambda tenu: conduire(tenu, reglages, nommees), superviseur)


def conduire(superviseur: Superviseur, reglages: Reglages, nommees: dict[str, str]) -> None:
    """Réserve, prépare, ouvre, annonce, veille."""
    with contextlib.ExitStack() as pile:
        pile.callback(os.close, reserver_le_dossier(reglages.donnees))
        reserver_le_port(reglages.port_simulateur, nom="PORT_SIMULATEUR").close()
        prise = pile.enter_context(reserver_le_port(reglages.port, nom="PORT"))
        ecrire(reglages, nommees)
        superviseur.demarrer(_simulateur(reglages))
        comptes = superviseur.executer(PREPARATION)
        ecouter(prise, nom="PORT")
        superviseur.demarrer(*_portail(prise))
        attendre_la_reponse(superviseur, "Le simulateur", reglages.port_simulateur, "/tpa/services/securite?wsdl")
        attendre_la_reponse(superviseur, "Le serveur", reglages.port, "/connexion/")
        sys.stdout.write(f"{comptes.rstrip()}\n\nPrêt : {reglages.adresse}\n")
        sys.stdout.flush()
        superviseur.veiller()


def attendre_la_reponse(superviseur: Superviseur, sujet: str, port: int, chemin: str) -> None:
    """Rend la main quand ``port`` répond."""
    phrase = f"{sujet} ne répond pas au bout de {DEMARRAGE_SECONDES} secondes."
    superviseur.attendre(functools.partial(repond, port, chemin), secondes=DEMARRAGE_SECONDES, sinon=phrase)


def reserver_le_dossier(donnees: Path) -> int:
    """Le descripteur du verrou : deux démonstrations se disputeraient sa base."""
    try:
        donnees.mkdir(mode=0o700, parents=True, exist_ok=True)
        verrou = os.open(donnees / ".verrou", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as erreur:
        raise Echec(f"Le dossier DONNEES {donnees} n'est pas utilisable : {erreur.strerror}.") from erreur
    try:
        fcntl.flock(verrou, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as erreur:
        raise Echec(f"Une démonstration tourne déjà dans {donnees} : donnez un autre DONNEES.") from erreur
    return verrou


def reserver_le_port(port: int, *, nom: str) -> socket.socket:
    """Une prise liée à ``port`` mais encore fermée aux visiteurs : rien n'est prêt à leur répondre."""
    prise = socket.socket()
    prise.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        prise.bind(("127.0.0.1", port))
    except OSError as erreur:
        prise.close()
        raise _port_refuse(port, nom, erreur) from erreur
    return prise


def ecouter(prise: socket.socket, *, nom: str) -> None:
    """Ouvre aux visiteurs ; entre-temps un autre programme a pu prendre le port."""
    try:
        prise.listen(512)
    except OSError as erreur:
        raise _port_refuse(prise.getsockname()[1], nom, erreur) from erreur


def repond(port: int, chemin: str) -> bool:
    """Vrai si un serveur HTTP répond, quoi qu'il réponde."""
    connexion = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connexion.request("GET", chemin)
        connexion.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connexion.close()
    return True


def _simulateur(reglages: Reglages) -> Enfant:
    options = ("--port", str(reglages.port_simulateur), *(("--pilotable",) if reglages.pilotable else ()))
    return Enfant("Le simulateur PayFiP", (sys.executable, "-m", "paiement_tipi.simulateur", *options))


def _portail(prise: socket.socket) -> tuple[Enfant, ...]:
    manage = (sys.executable, "manage.py")
    descripteur = prise.fileno()
    serveur = (sys.executable, "-m", *SERVEUR, "--bind", f"fd://{descripteur}")
    return (
        Enfant("Le serveur", serveur, descripteurs=(descripteur,)),
        Enfant("L'ouvrier", (*manage, "ouvrier")),
        Enfant("Le planificateur", (*manage, "planifier")),
    )


def _port_refuse(port: int, nom: str, erreur: OSError) -> Echec:
    if isinstance(erreur, PermissionError):
        return Echec(f"Le port {port} est réservé à l'administrateur : donnez un autre {nom}.")
    return Echec(f"Le port {port} est déjà pris : arrêtez le programme qui l'occupe ou donnez un autre {nom}.")


if __name__ == "__main__":
    sys.exit(main())
