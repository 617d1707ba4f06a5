"""Les accès vus du service : suspendre, rétablir, inviter, imprimer un code ou tout un lot."""

import factories
import pytest
from django.core import mail

from comptes import codes
from comptes.models import CodeActivation, Rattachement
from comptes.services import emettre, reconnaitre
from portail import courriels
from portail.models import Journal
from tests.comptes.test_impression import CODE, pages
from tests.gestion.conftest import adresse

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]


@pytest.fixture
def client(agente, boe, connecter):
    return connecter(agente, chez=boe)


@pytest.fixture
def redevable(boe, ada):
    return factories.redevable(boe, ada, nom="LOVELACE", prenom="Ada", code="A-1", courriel=ada.email)


@pytest.fixture
def libres(boe):
    """Trois redevables que personne ne lit."""
    return [factories.redevable(boe, code=f"L-{n}") for n in range(3)]


def test_un_agent_voit_qui_est_rattache_suspend_et_retablit(client, agente, redevable, ada, facture, boe, connecter):
    rattachement = redevable.rattachements.get()
    fiche = client.get(adresse(redevable)).content.decode()
    assert ("ada@exemple.fr" in fiche, adresse(rattachement) in fiche) == (True, True)
    reponse = client.post(adresse(rattachement, "suspendre"), {"motif": "Séparation"})
    assert (reponse.status_code, reponse["Location"]) == (303, adresse(rattachement))
    assert "Séparation" in client.get(adresse(rattachement)).content.decode()
    assert client.post(adresse(rattachement, "suspendre"), {"motif": "x"}).status_code == 409
    assert client.post(adresse(rattachement, "retablir")).status_code == 303
    assert Rattachement.objects.get(pk=rattachement.pk).etat == "actif"
    faits = Journal.objects.filter(action__startswith="rattachement.").order_by("pk")
    assert [(f.action, f.acteur) for f in faits] == [
        ("rattachement.suspendu", agente.pk),
        ("rattachement.actif", agente.pk),
    ]


def test_inviter_envoie_le_lien_a_l_adresse_connue(client, boe):
    redevable = factories.redevable(boe, courriel="Neuve@Exemple.fr")
    assert client.post(adresse(redevable, "inviter")).status_code == 303
    courriels.envoyer()
    assert (mail.outbox[0].to, "/activation/" in mail.outbox[0].body) == (["neuve@exemple.fr"], True)


def test_le_code_imprime_est_le_bon_et_n_est_montre_qu_une_fois(client, boe, libres):
    reponse = client.post(adresse(libres[0], "imprimer"))
    assert reponse["Content-Type"] == "application/pdf"
    assert reponse["Content-Disposition"] == f'attachment; filename="code-activation-{libres[0].pk}.pdf"'
    assert reponse["Cache-Control"] == "no-store"
    [code] = CODE.findall(" ".join(pages(reponse.getvalue())))
    assert reconnaitre(client="L-0", code=codes.lire(code), chez=boe).redevable == libres[0]
    fiche = client.get(adresse(libres[0])).content.decode()
    assert ("0 / 10" in fiche, code in fiche) == (True, False)


@pytest.mark.parametrize(("forme", "debut"), [("pdf", b"%PDF-"), ("csv", "\ufeffcode_client;".encode())])
def test_un_lot_sert_ceux_que_personne_ne_lit_et_passe_aux_suivants(
    client, boe, ailleurs, redevable, libres, forme, debut, monkeypatch
):
    monkeypatch.setattr("comptes.admin.actes.LOTS", {"pdf": 2, "csv": 2})
    factories.redevable(ailleurs, code="AILLEURS")
    servis = []
    for _ in range(2):
        reponse = client.post(adresse(boe, "codes"), {"format": forme})
        assert reponse.getvalue().startswith(debut)
        servis.append(set(CodeActivation.objects.values_list("redevable__code", flat=True)))
    assert servis == [{"L-0", "L-1"}, {"L-0", "L-1", "L-2"}]
    reponse = client.post(adresse(boe, "codes"), {"format": forme})
    assert "Chacun a déjà un accès ou un code en cours." in reponse.content.decode()


@pytest.mark.parametrize("fin", [{"echecs": 10}, {"expire_le": "2020-01-01T00:00:00Z"}], ids=["brûlé", "périmé"])
def test_un_code_mort_se_reimprime_avec_le_lot(client, boe, libres, fin):
    emettre(redevables=libres)
    CodeActivation.objects.filter(redevable=libres[0]).update(**fin)
    client.post(adresse(boe, "codes"), {"format": "csv"}).getvalue()
    assert CodeActivation.objects.utilisables().count() == 3
