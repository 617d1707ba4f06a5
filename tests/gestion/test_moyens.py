"""Comment un service se paie sans internet : l'acte, ce qu'il refuse, ce que le journal en garde."""

import html
import re

import pytest

from portail.models import Journal, Role
from portail.moyens import est_iban, par_quatre
from tests.gestion.conftest import adresse, agent_de

pytestmark = pytest.mark.sqlite

IBAN = "FR12 9999 9000 0100 0000 0BOE 119"
SAISIE = {
    "guichet_adresse": "Mairie\r\n47550 Boé",
    "guichet_horaires": " le matin ",
    "cheque_ordre": "Régie de l'eau",
    "cheque_adresse": "Service de l'eau\n47550 Boé",
    "virement_titulaire": "Régie de l'eau",
    "virement_iban": "fr1299999000010000000boe119",
    "tabac": "on",
    "prelevement": "Au service, avec un RIB.",
}


@pytest.fixture
def admin(boe, connecter):
    return connecter(agent_de(boe, Role.ADMINISTRATION), chez=boe)


def lire(reponse) -> str:
    return html.unescape(reponse.content.decode())


def lu(client, chemin: str) -> str:
    return re.search(r'name="lu" value="(\w+)"', lire(client.get(chemin)))[1]


def test_ils_se_reglent_se_relisent_et_l_ancien_iban_reste_au_journal(admin, eau):
    chemin = adresse(eau, "moyens")
    avant = lu(admin, chemin)
    assert admin.post(chemin, SAISIE | {"lu": avant}).status_code == 303
    eau.refresh_from_db()
    assert (eau.guichet_adresse, eau.guichet_horaires) == ("Mairie\n47550 Boé", "le matin")
    assert (eau.virement_iban, eau.tabac) == (IBAN, True)
    fiche = lire(admin.get(adresse(eau)))
    assert [mot in fiche for mot in (f"IBAN : {IBAN}", "À l'ordre de : Régie de l'eau", "avec un RIB")] == [True] * 3
    conflit = lire(admin.post(chemin, SAISIE | {"lu": avant, "cheque_ordre": "Trésor public"}))
    assert "Régie de l'eau" in conflit  # ce qu'un autre a enregistré depuis la lecture
    eau.refresh_from_db()
    assert eau.cheque_ordre == "Régie de l'eau"
    admin.post(chemin, {"lu": lu(admin, chemin)})
    faits = Journal.objects.filter(action="regie.moyens").order_by("pk")
    assert [(f.avant["virement_iban"], f.apres["virement_iban"]) for f in faits] == [("", IBAN), (IBAN, "")]
    assert "Moyens de payer sans internet changés" in lire(admin.get("/gestion/portail/journal/"))


@pytest.mark.parametrize(
    ("champs", "phrase"),
    [
        ({"virement_iban": "FR12 9999 9000 0100 0000 0BOE 118"}, "Cet IBAN n'est pas juste"),
        ({"virement_iban": "DE89 3704 0044 0532 0130 00"}, "Cet IBAN n'est pas juste"),
        ({"virement_titulaire": ""}, "Un virement se dit avec le titulaire et l'IBAN"),
        ({"cheque_adresse": ""}, "Un chèque se dit avec son ordre"),
        ({"guichet_horaires": ""}, "Un guichet se dit avec son adresse"),
    ],
)
def test_un_moyen_faux_ou_a_moitie_dit_est_refuse_sans_rien_perdre(admin, eau, champs, phrase):
    page = lire(admin.post(adresse(eau, "moyens"), SAISIE | champs))
    assert (phrase in page, "Au service, avec un RIB." in page) == (True, True)
    eau.refresh_from_db()
    assert (eau.prelevement, Journal.objects.filter(action="regie.moyens").exists()) == ("", False)


def test_chaque_chiffre_d_un_iban_compte():
    serre = IBAN.replace(" ", "")
    assert (est_iban(IBAN), par_quatre(f" {serre.lower()} ")) == (True, IBAN)
    for rang in range(2, len(serre)):
        autre = "0" if serre[rang] != "0" else "1"
        assert not est_iban(serre[:rang] + autre + serre[rang + 1 :])
    assert [est_iban(faux) for faux in ("", serre[:-1], serre + "0", serre.replace("BOE", "BÔE"))] == [False] * 4
