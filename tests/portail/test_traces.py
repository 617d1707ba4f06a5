"""Une trace est une ligne : rien de ce qu'écrit un visiteur n'en fait deux."""

import logging

import pytest

from portail.correlation import suivre
from portail.traces import Ligne

FORMAT = Ligne("{levelname} {reference} {message}", style="{")


def tracer(message: str, *arguments: object, **options) -> str:
    return FORMAT.format(logging.LogRecord("essai", logging.INFO, "", 0, message, arguments, options.get("exc_info")))


@pytest.mark.parametrize(
    ("ecrit", "lu"),
    [
        ("a\nINFO - Paiement accepté", "a\\nINFO - Paiement accepté"),
        ("a\r\nb", "a\\r\\nb"),
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("a\u2028b\x85c", "a\\u2028b\\x85c"),
        ("l'été, 243,11\N{NO-BREAK SPACE}€", "l'été, 243,11\N{NO-BREAK SPACE}€"),
    ],
)
def test_un_retour_a_la_ligne_n_ecrit_pas_une_fausse_trace(ecrit, lu):
    assert tracer("Adresse %s", ecrit) == f"INFO - Adresse {lu}"


def test_la_pile_d_une_erreur_reste_lisible_et_en_retrait():
    with pytest.raises(ValueError, match="accepté") as recue:
        int("a\nINFO - Paiement accepté")
    lignes = tracer("Erreur", exc_info=recue._excinfo).splitlines()
    assert lignes[0] == "INFO - Erreur"
    assert all(ligne.startswith("  ") for ligne in lignes[1:])


def test_chaque_trace_porte_la_reference_de_sa_requete():
    with suivre(lambda: None) as origine:
        assert tracer("x") == f"INFO {origine.correlation[:8]} x"
