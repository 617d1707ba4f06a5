"""La référence composée quand le fichier ne la donne pas (payfip.md §2.5)."""

import pytest

from paiement_tipi.references import composer

PARTIES = {"exercice": 2021, "code_recette": "EA", "periode": "1", "piece": "2", "ligne": "1", "dette": "1317"}


@pytest.mark.parametrize(
    ("mode", "champs", "reference"),
    [
        ("titre", {}, "202100000002000001"),
        ("titre", {"exercice": 9999, "piece": "99990000"[:8], "ligne": "999999"}, "999999990000999999"),
        ("titre", {"piece": "123456789"}, ""),
        ("titre", {"ligne": ""}, ""),
        ("titre", {"piece": "A2"}, ""),
        ("titre", {"exercice": None}, ""),
        ("role", {}, "2021EA000000000001317"),
        ("role", {"dette": "1234567890123"}, "2021EA001234567890123"),
        ("role", {"dette": "12345678901234"}, ""),
        ("role", {"dette": ""}, ""),
        ("role", {"code_recette": "E1"}, ""),
        ("role", {"code_recette": ""}, ""),
        ("regie", {}, ""),
    ],
)
def test_chaque_mode_compose_sa_reference(mode, champs, reference):
    assert composer(mode, PARTIES | champs) == reference
    assert len(reference) in {0, 18, 21}
