"""Qui lit les factures de qui : nommer, détacher, suspendre, ajouter ; et chacun seulement les siennes."""

import html
import re
from decimal import Decimal

import factories
import pytest
from django.db import IntegrityError, transaction

from comptes import etats, services
from comptes.etats import EtatRattachement
from comptes.models import Rattachement
from factures.models import Facture
from portail.models import Journal
from tests.comptes.outils_activation import code_de

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]

LISTE = "/mes-informations/comptes-client/"
AJOUTER = "/mes-informations/rattacher/"


def texte(reponse) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", reponse.content.decode())).split())


@pytest.fixture
def redevable(boe, ada):
    return factories.redevable(boe, ada, nom="LOVELACE", prenom="Ada", code="A-1")


@pytest.fixture
def rattachement(redevable) -> Rattachement:
    return redevable.rattachements.get()


@pytest.fixture
def client(ada, boe, connecter):
    return connecter(ada, chez=boe)


# Les états.


def test_chaque_etat_a_ses_transitions():
    assert set(etats.TRANSITIONS) == set(EtatRattachement)


ACTES = {
    "suspendre": (lambda r: services.suspendre_rattachement(rattachement=r, motif="Séparation"), "suspendu"),
    "rétablir": (lambda r: services.retablir_rattachement(rattachement=r), "actif"),
    "détacher": (lambda r: services.detacher(rattachement=r), "detache"),
}


@pytest.mark.parametrize("depart", EtatRattachement.values)
@pytest.mark.parametrize("acte", ACTES)
def test_chaque_acte_depuis_chaque_etat(rattachement, depart, acte):
    motif = "Avant" if depart == "suspendu" else ""
    Rattachement.objects.update(etat=depart, motif=motif)
    rattachement.refresh_from_db()
    agir, arrivee = ACTES[acte]
    possible = {("actif", "suspendre"), ("actif", "détacher"), ("suspendu", "rétablir")}
    assert agir(rattachement) == ((depart, acte) in possible)
    rattachement.refresh_from_db()
    assert rattachement.etat == (arrivee if (depart, acte) in possible else depart)
    assert Journal.objects.count() == ((depart, acte) in possible)


def test_une_suspension_a_un_motif_et_la_base_y_tient(rattachement):
    with pytest.raises(ValueError, match="motif"):
        services.suspendre_rattachement(rattachement=rattachement, motif="  ")
    for faux in ({"etat": "suspendu", "motif": ""}, {"etat": "actif", "motif": "x"}, {"etat": "autre"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Rattachement.objects.update(**faux)


def test_ce_qui_arrive_a_un_rattachement_est_au_journal_sans_le_motif(rattachement):
    services.suspendre_rattachement(rattachement=rattachement, motif="Séparation de Mme et M.")
    services.retablir_rattachement(rattachement=rattachement)
    faits = list(Journal.objects.order_by("pk").values_list("action", "avant", "apres"))
    assert faits == [
        ("rattachement.suspendu", {"etat": "actif"}, {"etat": "suspendu"}),
        ("rattachement.actif", {"etat": "suspendu"}, {"etat": "actif"}),
    ]


def test_rattacher_deux_fois_revient_a_rattacher_une_fois(ada, redevable):
    for _ in range(2):
        services.rattacher(usager=ada, redevables=[redevable])
    assert (Rattachement.objects.count(), Journal.objects.count()) == (1, 0)


# Séparés : chacun le sien.


def test_deux_parents_separes_ne_voient_chacun_que_le_leur(boe, eau, connecter):
    parents = {}
    for prenom in ("Camille", "Dominique"):
        personne = factories.usager(email=f"{prenom.lower()}@exemple.fr", prenom=prenom)
        le_sien = factories.redevable(boe, personne, nom="ENFANT", prenom="Léo", adresse=f"chez {prenom}")
        factories.facture(le_sien, eau, numero=f"F-{prenom}")
        parents[prenom] = connecter(personne, chez=boe)
    for prenom, client in parents.items():
        pages = [client.get(a).content.decode() for a in ("/factures/", LISTE)]
        autre = next(p for p in parents if p != prenom)
        assert (f"F-{prenom}" in pages[0], f"chez {prenom}" in pages[1]) == (True, True)
        assert [autre in page for page in pages] == [False, False]


def test_suspendre_l_un_ne_ferme_rien_a_l_autre(boe, ada, bob, eau, redevable):
    services.rattacher(usager=bob, redevables=[redevable])
    factories.facture(redevable, eau)
    services.suspendre_rattachement(rattachement=redevable.rattachements.get(usager=ada), motif="Séparation")
    assert [Facture.objects.de(p, chez=boe).count() for p in (ada, bob)] == [0, 1]


# Les pages.


def test_la_page_montre_chaque_compte_client_et_ou_en_ajouter_un(client, rattachement):
    contenu = texte(client.get(LISTE))
    assert "Madame LOVELACE Ada" in contenu
    assert "Code client A-1" in contenu
    assert f'href="{AJOUTER}"' in client.get(LISTE).content.decode()


def test_le_nom_donne_remplace_celui_du_service_et_se_retire(client, rattachement):
    adresse = f"{LISTE}{rattachement.redevable.uuid}/nommer/"
    assert client.post(adresse, {"nom_donne": "  Maison <b> "}).status_code == 303
    contenu = client.get(LISTE).content.decode()
    assert "Le nom est enregistré." in contenu
    assert f'{rattachement.redevable.uuid}">Maison &lt;b&gt;</h2>' in contenu
    client.post(adresse, {"nom_donne": ""})
    assert "Madame LOVELACE Ada</h2>" in client.get(LISTE).content.decode()


@pytest.mark.parametrize(("longueur", "message"), [(40, "Le nom est enregistré."), (41, "Ce nom est trop long")])
def test_le_nom_tient_en_quarante_caracteres(client, rattachement, longueur, message):
    client.post(f"{LISTE}{rattachement.redevable.uuid}/nommer/", {"nom_donne": "é" * longueur})
    assert message in texte(client.get(LISTE))


def test_deux_lecteurs_d_un_meme_compte_client_ont_chacun_leur_nom(boe, ada, bob, eau, redevable, connecter):
    services.rattacher(usager=bob, redevables=[redevable])
    for personne, nom in ((ada, "Chez moi"), (bob, "Chez Ada")):
        services.nommer(rattachement=redevable.rattachements.get(usager=personne), nom=nom)
        factories.facture(factories.redevable(boe, personne), eau)
    factories.facture(redevable, eau)
    pages = [connecter(p, chez=boe).get("/factures/").content.decode() for p in (ada, bob)]
    assert [("Chez moi" in page, "Chez Ada" in page) for page in pages] == [(True, False), (False, True)]


def test_detacher_demande_confirmation_puis_ferme_et_le_dit(client, rattachement):
    adresse = f"{LISTE}{rattachement.redevable.uuid}/detacher/"
    assert "Elles restent dues" in texte(client.get(adresse))
    assert Rattachement.objects.get().etat == "actif"
    assert client.post(adresse).status_code == 303
    assert Rattachement.objects.get().etat == "detache"
    contenu = texte(client.get(LISTE))
    assert ("vous ne voyez plus les factures" in contenu, "Aucun compte client" in contenu) == (True, True)
    assert client.post(adresse).status_code == 404


def test_un_compte_client_s_ajoute_par_ses_codes(client, ada, boe, eau):
    autre = factories.redevable(boe, code="B-2", nom="AUTRE")
    factories.facture(autre, eau, numero="F-AUTRE")
    assert "F-AUTRE" not in client.get("/factures/").content.decode()
    reponse = client.post(AJOUTER, {"client": " b-2", "code": code_de(autre).lower()})
    assert (reponse.status_code, reponse["Location"]) == (303, LISTE)
    assert "vous voyez maintenant les factures" in texte(client.get(LISTE))
    assert "F-AUTRE" in client.get("/factures/").content.decode()
    fait = Journal.objects.get(action="rattachement.actif")
    assert (fait.acteur, fait.apres) == (ada.pk, {"redevable": str(autre.uuid), "usager": ada.pk})


@pytest.mark.parametrize(
    ("client_tape", "code", "phrase"),
    [
        ("B-2", "2222-2222-2222", "Ces codes ne sont pas les bons, ou le code d'activation a déjà servi."),
        ("B-3", None, "Ces codes ne sont pas les bons, ou le code d'activation a déjà servi."),
        ("", None, "Code client : Recopiez le code client écrit sur votre facture."),
        ("B-2", "", "Code d'activation : Recopiez le code d'activation écrit sur votre courrier."),
        ("B-2", "ABC", "Code d'activation : Relisez le code"),
    ],
)
def test_des_codes_refuses_disent_pourquoi(client, boe, client_tape, code, phrase):
    autre = factories.redevable(boe, code="B-2")
    reponse = client.post(AJOUTER, {"client": client_tape, "code": code_de(autre) if code is None else code})
    assert (reponse.status_code, phrase in texte(reponse)) == (200, True)
    assert not Rattachement.objects.filter(redevable=autre).exists()


def test_un_code_d_ajout_ne_sert_qu_une_fois(client, boe, bob, connecter):
    autre = factories.redevable(boe, code="B-2")
    envoi = {"client": "B-2", "code": code_de(autre)}
    assert client.post(AJOUTER, envoi).status_code == 303
    assert connecter(bob, chez=boe).post(AJOUTER, envoi).status_code == 200


def test_un_detache_se_rouvre_par_un_code_un_suspendu_jamais(client, rattachement, redevable):
    services.detacher(rattachement=rattachement)
    client.post(AJOUTER, {"client": "A-1", "code": code_de(redevable)})
    assert Rattachement.objects.get().etat == "actif"
    services.suspendre_rattachement(rattachement=Rattachement.objects.get(), motif="Séparation")
    client.post(AJOUTER, {"client": "A-1", "code": code_de(redevable)})
    assert "Le service a suspendu votre accès" in texte(client.get(LISTE))
    assert Rattachement.objects.get().etat == "suspendu"


# Les factures, à part et ensemble.


@pytest.fixture
def deux_comptes(boe, ada, eau, redevable):
    factories.facture(redevable, eau, numero="F-MAISON", montant=Decimal(10))
    cantine = factories.redevable(boe, ada, nom="LOVELACE", prenom="Byron", code="B-2")
    for n in range(2):
        factories.facture(cantine, eau, numero=f"F-CANTINE-{n}", montant=Decimal(5))
    services.nommer(rattachement=cantine.rattachements.get(), nom="Cantine de Byron")
    return redevable, cantine


def numeros(client, critere: str = "") -> list[str]:
    return sorted(set(re.findall(r"F-[A-Z]+(?:-\d)?", client.get(f"/factures/{critere}").content.decode())))


def test_les_factures_se_lisent_ensemble_et_compte_par_compte(client, deux_comptes):
    maison, cantine = deux_comptes
    assert numeros(client) == ["F-CANTINE-0", "F-CANTINE-1", "F-MAISON"]
    assert numeros(client, f"?compte={cantine.uuid}") == ["F-CANTINE-0", "F-CANTINE-1"]
    assert numeros(client, f"?compte={maison.uuid}") == ["F-MAISON"]
    contenu = texte(client.get("/factures/"))
    assert "LOVELACE Ada (A-1) 10,00 € Cantine de Byron 10,00 €" in contenu
    assert "Total à régler 20,00 €" in contenu


def test_un_compte_client_qui_n_est_pas_a_soi_ne_filtre_rien(client, boe, bob, deux_comptes):
    celui_de_bob = bob.rattachements.get().redevable
    for compte in (celui_de_bob.uuid, "x", ""):
        assert len(numeros(client, f"?compte={compte}")) == 3


def test_un_seul_compte_client_n_a_ni_filtre_ni_nom_sur_chaque_ligne(client, boe, eau, redevable):
    factories.facture(redevable, eau)
    contenu = client.get("/factures/").content.decode()
    assert re.findall(r'id_compte|class="compte|facture-compte', contenu) == []


def test_un_compte_client_suspendu_ne_se_propose_plus(client, deux_comptes):
    _, cantine = deux_comptes
    services.suspendre_rattachement(rattachement=cantine.rattachements.get(), motif="Séparation")
    assert numeros(client) == ["F-MAISON"]
    assert "Cantine de Byron" not in client.get("/factures/").content.decode()
