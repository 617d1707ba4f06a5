"""Ce qu'on peut faire d'une facture : la payer ou savoir pourquoi non, la marquer, la lire, prendre son document."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import factories
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from lxml import html

from factures.etats import Moyen, Statut
from factures.models import Consultation, Declaration
from factures.services import encaisser
from paiement_tipi.models import Paiement, PartPaiement

HIER, AUJOURD_HUI = date.today() - timedelta(days=1), date.today()
MARQUER, DEMARQUER = "Marquer la facture comme réglée", "Marquer la facture comme non réglée"
NBSP = "\N{NO-BREAK SPACE}"
PDF = b"%PDF-1.7\nle document du service\n%%EOF\n"


@pytest.fixture
def client(ada, boe, connecter):
    return connecter(ada, chez=boe)


@pytest.fixture
def redevable(boe, ada):
    return factories.redevable(boe, ada)


@pytest.fixture(autouse=True)
def fichiers_jetables(settings, tmp_path):
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}}
    }


def mots(element) -> str:
    return " ".join(element.text_content().replace(NBSP, " ").split())


def tous(lue, chemin: str) -> list[str]:
    return [mots(e) for e in lue.xpath(chemin)]


def ouvrir(client, facture):
    reponse = client.get(facture.get_absolute_url())
    assert reponse.status_code == 200
    return html.fromstring(reponse.content)


PAYABLE, MARQUABLE, SEULEMENT_PDF = ["Payer la facture", "PDF", MARQUER], ["PDF", MARQUER], ["PDF"]
CAS = [
    ({}, "a-payer", "À payer", PAYABLE, []),
    ({"date_echeance": HIER}, "echue", "Échéance dépassée", PAYABLE, ["La date de paiement est passée"]),
    ({"reste_du": Decimal("9.00")}, "partiellement-payee", "Partiellement payée", PAYABLE, []),
    (
        {"montant": Decimal("0.99")}, "a-payer", "À payer", MARQUABLE,
        ["Le paiement en ligne commence à 1 €."],
    ),
    (
        {"montant": Decimal("100000.00")}, "a-payer", "À payer", MARQUABLE,
        ["Cette somme est trop élevée pour être payée en ligne."],
    ),
    (
        {"date_prelevement": AUJOURD_HUI}, "prelevement", "Prélèvement automatique", MARQUABLE,
        ["Ma facture est en prélèvement automatique."],
    ),
    (
        {"date_limite_en_ligne": HIER}, "tresor", "À régler au Trésor public", MARQUABLE,
        ["Cette facture n'est plus payable en ligne : son délai est dépassé."],
    ),
    ({"reste_du": Decimal(0)}, "payee", "Payée", SEULEMENT_PDF, ["Cette facture est payée."]),
    (
        {"statut": Statut.ANNULEE, "motif_annulation": "Repas en trop"}, "annulee", "Annulée", SEULEMENT_PDF,
        ["Cette facture a été annulée : vous n'avez rien à payer."],
    ),
    (
        {"montant": Decimal("-3.00")}, "avoir", "Avoir", SEULEMENT_PDF,
        ["Ceci est un avoir : cette somme vous est due, vous n'avez rien à payer."],
    ),
]  # fmt: skip


@pytest.mark.parametrize("cas", CAS, ids=[c[1] for c in CAS])
def test_chaque_etat_a_son_mot_ses_boutons_et_sa_raison(client, redevable, eau, cas):
    champs, etat, mot, boutons, phrases = cas
    lue = ouvrir(client, factories.facture(redevable, eau, **champs))
    assert [(str(b.get("data-etat")), mots(b)) for b in lue.xpath("//main//*[@data-etat]")] == [(etat, mot)]
    assert tous(lue, "//main//button | //main//a[starts-with(@class, 'bouton')]") == boutons
    assert tous(lue, "//*[@class='alerte-titre']") == phrases


def test_un_service_suspendu_le_dit_dans_les_mots_du_guide(client, redevable, eau):
    factories.suspendre(eau)
    facture = factories.facture(redevable, eau)
    lue = ouvrir(client, facture)
    assert tous(lue, "//*[@class='alerte-titre']") == ["Le paiement a été temporairement suspendu."]
    suite = "Vous pouvez régler au guichet du service, l'appeler, ou revenir plus tard."
    assert tous(lue, "//*[contains(@class, 'alerte')]//p[not(@class)]") == [suite]
    assert "05 61 00 19 30" in tous(lue, "//main//a")
    assert "Payer la facture" not in tous(lue, "//a")
    factories.suspendre(eau, message="Un tarif <faux>.", fin=datetime(2031, 6, 1, 16, tzinfo=UTC))
    for page in (ouvrir(client, facture), html.fromstring(client.get(f"{facture.get_absolute_url()}payer/").content)):
        assert tous(page, "//*[contains(@class, 'alerte')]//p[not(@class)]") == [
            "Un tarif <faux>.",
            "Le paiement en ligne reprendra le 1er juin 2031 à 18:00.",
            suite,
        ]
        assert "05 61 00 19 30" in tous(page, "//main//a")


def test_un_service_sans_contrat_dit_comment_payer_autrement(client, redevable, boe):
    lue = ouvrir(client, factories.facture(redevable, factories.regie(boe)))
    assert tous(lue, "//*[@class='alerte-titre']") == ["Ce service n'accepte pas encore le paiement en ligne."]


def test_une_facture_annulee_donne_son_motif(client, redevable, eau):
    facture = factories.facture(redevable, eau, statut=Statut.ANNULEE, motif_annulation="Repas <en trop>")
    assert "Repas <en trop>" in tous(ouvrir(client, facture), "//*[contains(@class, 'alerte')]//p")


def tenter(facture, usager, etat):
    contrat = facture.regie.contrat_tipi
    champs = {"idop": uuid4(), "envoye_le": "2026-01-01T00:00:00Z", "date_payfip": timezone.now()}
    paiement = Paiement.objects.create(
        collectivite=facture.collectivite, contrat=contrat, usager=usager, formulaire=uuid4(), etat=etat,
        numcli=contrat.numcli, saisie="W", exer="2026", refdet=facture.reference, montant=facture.montant,
        mel=usager.email, **champs,
    )  # fmt: skip
    PartPaiement.objects.create(
        paiement=paiement, facture=facture, collectivite=facture.collectivite, montant=facture.montant
    )


@pytest.mark.parametrize(
    ("etat", "mot", "titres"),
    [
        ("envoye", "Paiement en cours", ["Un paiement est en cours pour cette facture."]),
        (
            "abandon-signale",
            "Paiement abandonné, vous pourrez réessayer dans 2 minutes",
            ["Paiement abandonné : attendez avant de réessayer."],
        ),
    ],
)
def test_un_paiement_engage_retient_la_facture(client, facture, ada, etat, mot, titres):
    tenter(facture, ada, etat)
    lue = ouvrir(client, facture)
    assert [(str(b.get("data-etat")), mots(b)) for b in lue.xpath("//main//*[@data-etat]")] == [("en-cours", mot)]
    assert tous(lue, "//*[@class='alerte-titre']") == titres
    assert len(tous(lue, "//*[starts-with(@class, 'alerte ')]")) == 1
    assert "Payer la facture" not in tous(lue, "//a")


def test_un_abandon_dit_l_heure_et_se_verifie_puis_ne_promet_plus_deux_minutes(client, facture, ada):
    tenter(facture, ada, "abandon-signale")
    [lue, payer] = [ouvrir(client, facture), html.fromstring(client.get(f"{facture.get_absolute_url()}payer/").content)]
    for page in (lue, payer):
        assert "vous pourrez réessayer au plus tard" in mots(page)
        assert [b.get("value") for b in page.xpath("//main//button[@name='acte']")] == ["verifier"]
    Paiement.objects.update(date_payfip=timezone.now() - timedelta(minutes=4))
    tard = ouvrir(client, facture)
    assert "2 minutes" not in mots(tard)
    assert tous(tard, "//main//*[@data-etat]") == ["Paiement abandonné, à confirmer par PayFiP"]


def test_un_prelevement_payfip_se_lit_prelevement_enregistre(client, facture):
    encaisser(
        facture=facture,
        montant=facture.montant,
        moyen=Moyen.PRELEVEMENT,
        origine="payfip:1",
        recu_le=facture.publiee_le,
    )
    lue = ouvrir(client, facture)
    assert [(str(b.get("data-etat")), mots(b)) for b in lue.xpath("//main//*[@data-etat]")] == [
        ("payee", "Prélèvement enregistré")
    ]


def test_la_marque_se_pose_et_se_retire_autant_de_fois_qu_on_veut(client, facture, ada):
    adresse = f"{facture.get_absolute_url()}reglee/"
    vues = []
    for etat in ("reglee", "reglee", "non_reglee", "non_reglee"):
        reponse = client.post(adresse, {"etat": etat})
        assert (reponse.status_code, reponse["Location"]) == (303, facture.get_absolute_url())
        lue = ouvrir(client, facture)
        vues.append((Declaration.objects.count(), tous(lue, "//main//button"), tous(lue, "//div[@role='status']")))
    note = "C'est noté. Cette marque n'est pas un paiement : le service vérifie ce qu'il a reçu."
    assert vues == [(1, [DEMARQUER], [note])] * 2 + [(0, [MARQUER], [note])] * 2


def test_une_facture_marquee_reste_payable_et_le_cotitulaire_ne_le_sait_pas(client, facture, ada, bob, boe, connecter):
    facture.redevable.rattachements.create(collectivite=boe, usager=bob)
    client.post(f"{facture.get_absolute_url()}reglee/", {"etat": "reglee"})
    chez_ada, chez_bob = ouvrir(client, facture), ouvrir(connecter(bob, chez=boe), facture)
    assert [str(e) for e in chez_ada.xpath("//main//@data-etat")] == ["declaree"]
    assert tous(chez_ada, "//main//*[@data-etat]") == ["Réglée (déclarée par vous)"]
    assert "Payer la facture" in tous(chez_ada, "//a")
    assert [str(e) for e in chez_bob.xpath("//main//@data-etat")] == ["a-payer"]


@pytest.mark.parametrize("envoi", [{}, {"etat": ""}, {"etat": "payee"}, {"etat": "REGLEE"}, {"etat": "\x00"}])
def test_une_marque_inconnue_est_refusee_par_une_page_claire(client, facture, envoi):
    reponse = client.post(f"{facture.get_absolute_url()}reglee/", envoi)
    assert reponse.status_code == 400
    assert tous(html.fromstring(reponse.content), "//h1") == ["Nous n'avons pas compris cette demande"]
    assert not Declaration.objects.exists()


def test_la_marque_ne_se_pose_pas_par_une_simple_lecture(client, facture):
    assert client.get(f"{facture.get_absolute_url()}reglee/?etat=reglee").status_code == 405
    assert not Declaration.objects.exists()


def test_seule_la_premiere_lecture_est_retenue_et_seule_elle_ecrit(client, facture, ada):
    client.get(f"{facture.get_absolute_url()}")
    avant = Consultation.objects.values_list("usager", "facture", "collectivite", "lue_le").get()
    with CaptureQueriesContext(connection) as requetes:
        client.get(facture.get_absolute_url())
        client.get(f"{facture.get_absolute_url()}pdf/").getvalue()
    [comptee] = [q["sql"] for q in requetes if not q["sql"].startswith("SELECT")]
    assert "portail_compteur" in comptee  # la limite des documents, et rien d'autre
    assert Consultation.objects.values_list("usager", "facture", "collectivite", "lue_le").get() == avant
    assert avant[:3] == (ada.pk, facture.pk, facture.collectivite_id)
