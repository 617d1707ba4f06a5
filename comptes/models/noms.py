"""Les noms tels qu'on les cherche : une colonne réduite, et de quoi y trouver des débuts de mots par un index."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Func, Lookup

from portail.reperes import reduire

if TYPE_CHECKING:
    _Texte = models.TextField[str, str]
    _Recherche = Lookup[Any]
else:
    _Texte, _Recherche = models.TextField, Lookup


class NomsField(_Texte):
    """``nom`` puis ``prenom``, réduits (``portail.reperes``) ; suit les deux à chaque enregistrement."""

    def pre_save(self, model_instance: Any, add: bool) -> str:  # noqa: ARG002  # signature de Django
        return self.calculer(model_instance)

    def calculer(self, personne: Any) -> str:
        """Met la colonne de cette personne au jour de ses noms."""
        noms = reduire(f"{personne.nom} {personne.prenom}")
        setattr(personne, self.attname, noms)
        return noms


class Mots(Func):
    """Ce que l'index range : sur PostgreSQL les mots un à un, dans un tsvector, sans dictionnaire ni extension."""

    template = "%(expressions)s"

    def as_postgresql(self, compiler: Any, connection: Any, **contexte: Any) -> tuple[str, Any]:
        mots = "array_to_tsvector(string_to_array(%(expressions)s, ' '))"
        return self.as_sql(compiler, connection, template=mots, **contexte)


class IndexDeMots(models.Index):
    """Un index de ``Mots`` : inversé (GIN) sur PostgreSQL, ordinaire ailleurs."""

    def create_sql(self, model: Any, schema_editor: Any, using: str = "", **options: Any) -> Any:
        gin = " USING gin" if schema_editor.connection.vendor == "postgresql" else using
        return super().create_sql(model, schema_editor, gin, **options)


@NomsField.register_lookup
class Commencent(_Recherche):
    """``noms__commencent=("mart", "cam")`` : chacun de ces mots réduits commence un mot du nom, dans tous les ordres.

    Des mots réduits n'ont que des lettres et des chiffres : il n'y a rien à échapper.
    """

    lookup_name = "commencent"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        colonne, parametres = self.process_lhs(compiler, connection)
        mots = self._mots()
        chacun = " AND ".join([f"(' ' || {colonne}) LIKE %s"] * len(mots))
        return f"({chacun})", tuple(p for mot in mots for p in (*parametres, f"% {mot}%"))

    def as_postgresql(self, compiler: Any, _connection: Any) -> tuple[str, tuple[Any, ...]]:
        colonne, parametres = compiler.compile(Mots(self.lhs))
        return f"{colonne} @@ %s::tsquery", (*parametres, " & ".join(f"'{mot}':*" for mot in self._mots()))

    def _mots(self) -> list[str]:
        mots: Iterable[str] = self.rhs
        return list(mots)
