"""La référence composée quand le fichier ne la donne pas (payfip.md §2.5)."""

import pytest

from factures.registre import composer_reference
from paiement_tipi.models import ContratTipi
from paiement_tipi.references import composer, d_essai
from portail.models import Regie

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


def test_la_dette_ne_se_complete_que_si_le_contrat_le_veut(eau):
    type(eau).objects.update(mode="role")
    references = []
    for complete in (True, False):
        ContratTipi.objects.update(dette_sur_13=complete)
        references.append(composer_reference(Regie.objects.get(pk=eau.pk), PARTIES))
    assert references == ["2021EA000000000001317", "2021EA001317"]
    assert composer_reference(Regie(mode="titre"), PARTIES) == "202100000002000001"  # un service sans contrat
    essais = [d_essai(mode, dette_sur_13=n) for mode, n in (("titre", True), ("role", True), ("role", False))]
    assert [(exer, len(refdet)) for exer, refdet in essais] == [("9999", 18), ("9999", 21), ("9999", 18)]
