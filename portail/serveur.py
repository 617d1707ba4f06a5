"""Ce que gunicorn accepte et ce qu'il écrit : ``gunicorn --config python:portail.serveur portail.wsgi:application``."""

from typing import Any

from gunicorn.glogging import Logger

from portail.traces import masquer


class Acces(Logger):  # type: ignore[misc]  # gunicorn ne publie pas ses types
    """Une ligne par requête, que rien dans l'adresse ne coupe en deux."""

    def atoms(self, resp: Any, req: Any, environ: dict[str, Any], request_time: Any) -> dict[str, Any]:
        """Le chemin tel qu'il a été envoyé : décodé, « %0A » y serait un retour à la ligne."""
        lus: dict[str, Any] = super().atoms(resp, req, environ, request_time)
        return lus | {"U": masquer(environ["RAW_URI"].partition("?")[0])}


logger_class = Acces
# L'adresse du visiteur (portail.proxys) ; ni paramètres d'adresse ni page d'origine, qui porteraient des jetons.
access_log_format = "%(t)s %(h)s %(m)s %(U)s %(s)s %(B)s octets %(M)s ms"
# Au-delà, la requête est refusée (4xx) sans atteindre Django.
limit_request_line = 4094
limit_request_fields = 100
limit_request_field_size = 8190
# Aucun en-tête de mandataire n'est cru ici : portail.middleware.proxys les lit, et lui seul.
forwarded_allow_ips = ""
secure_scheme_headers: dict[str, str] = {}
