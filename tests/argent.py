"""L'argent de toute la base, vérifié après chaque test qui y a touché, même là où il ne regarde pas."""

from typing import Any

from django.db import connection

FAUSSES = """
SELECT f.numero, f.montant, f.reste_du, f.trop_percu, COALESCE(r.net, 0) FROM factures_facture f LEFT JOIN (
    SELECT facture_id, SUM(CASE sens WHEN 'encaissement' THEN montant ELSE -montant END) AS net
    FROM factures_reglement GROUP BY facture_id) r ON r.facture_id = f.id
WHERE f.nature = 'facture' AND f.montant - COALESCE(r.net, 0) <> f.reste_du - f.trop_percu
   OR f.reste_du < 0 OR f.trop_percu < 0 OR f.reste_du > 0 AND f.trop_percu > 0 LIMIT 5
"""
BASES = frozenset({"db", "transactional_db", "live_server"})


def touche_a_la_base(test: Any) -> bool:
    """Vrai si ce test a une base ; les autres ne coûtent aucune requête."""
    return not BASES.isdisjoint(test.fixturenames) or test.get_closest_marker("django_db") is not None


def fausses() -> list[tuple[Any, ...]]:
    """Les factures (en centimes) dont reste dû et trop-perçu ne sont pas le montant moins les règlements nets."""
    if connection.needs_rollback:  # le test a fait échouer la base exprès : elle ne répond plus avant d'être défaite
        return []
    with connection.cursor() as curseur:
        curseur.execute(FAUSSES)
        return list(curseur.fetchall())
