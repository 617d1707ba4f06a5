"""Une lecture n'écrit rien : un GET qui écrit en base est une erreur, sauf pour les vues qui le disent."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.db import connection

Vue = TypeVar("Vue", bound=Callable[..., Any])

# Le cache se périme, une session se ferme, une limite se compte à toute requête : aucune ne change ce que lit personne.
TABLES_LIBRES = (settings.CACHES["default"]["LOCATION"], "comptes_session", "portail_compteur")
LECTURES = frozenset({"SELECT", "WITH", "SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "SET", "PRAGMA", "EXPLAIN"})


class EcritureEnLecture(RuntimeError):
    """Un GET a tenté d'écrire : un robot, un préchargement ou un retour arrière l'aurait fait aussi."""


def ecrit_en_lecture(vue: Vue) -> Vue:
    """Marque les rares vues dont le GET écrit, sans jamais mentir : leur liste est dans un test."""
    vue.ecrit_en_lecture = True  # type: ignore[attr-defined]  # une marque, lue par LectureSeule
    return vue


class LectureSeule:
    """Le dernier intergiciel : tout ce qui est au-dessus de lui écrit ce qu'il doit."""

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        if request.method not in {"GET", "HEAD"}:
            return self.get_response(request)
        request.ecriture_permise = False
        with connection.execute_wrapper(lambda *appel: _executer(request, *appel)):
            return self.get_response(request)

    def process_view(self, request: Any, vue: Callable[..., Any], *_: Any) -> None:
        """Avant la vue, et elle seule ; jamais pour l'agent qui voit comme un habitant."""
        request.ecriture_permise = getattr(vue, "ecrit_en_lecture", False) and not getattr(request, "visite", None)


def _executer(request: Any, executer: Callable[..., Any], sql: str, *reste: Any) -> Any:
    verbe = sql.lstrip("(").split(None, 1)[0].upper() if sql.strip() else "SELECT"
    permis = request.ecriture_permise or verbe in LECTURES or any(table in sql for table in TABLES_LIBRES)
    if not permis:
        raise EcritureEnLecture(f"{request.method} {request.resolver_match.route if request.resolver_match else ''}")
    return executer(sql, *reste)
