"""Ce que contient une copie, champ par champ : tout ce qui est à la personne, rien d'un autre, aucun secret."""

import base64
import secrets
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from types import SimpleNamespace
from uuid import uuid4

import factories
import pypdfium2
import pytest
import time_machine
from django.core.files.base import ContentFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from comptes.models import ChoixEnvoi, DemandeAdresse, Rattachement, Redevable, Usager, Visite
from comptes.registre import rubriques
from comptes.services import suspendre_rattachement
from contact.models import Demande
from factures.models import Consultation, Declaration, Facture
from factures.services import encaisser
from paiement_tipi.models import Paiement, TransitionPaiement
from portail.courriels import deposer
from portail.documents import DocumentImpossible
from portail.journal import noter
from portail.models import Courriel, LectureDAnnonce
from tests.comptes.outils_copie import donnees, lire, preparer

pytestmark = pytest.mark.usefixtures("fichiers")

MIDI = datetime(2026, 11, 26, 11, tzinfo=UTC)
DIT = "2026-11-26T12:00:00+01:00"  # le même instant, à l'heure de la commune
PDF = b"%PDF-1.7\nle document du service\n%%EOF\n"


class Canaris(SimpleNamespace):
    """Ce qui ne doit se lire nulle part dans l'archive d'Ada."""

    def __init__(self) -> None:
        super().__init__(valeurs={})

    def __call__(self, nom: str) -> str:
        """Une valeur qu'on ne trouve nulle part ailleurs."""
        return str(self.valeurs.setdefault(nom, f"canari{secrets.token_hex(8)}"))


@pytest.fixture
def canari() -> Canaris:
    return Canaris()


@pytest.fixture
def horloge():
    with time_machine.travel(MIDI, tick=False) as voyage:
        yield voyage


@pytest.fixture
def monde(boe, ailleurs, eau, ada, bob, agente, canari, horloge, connecter) -> SimpleNamespace:
    """Ada et Bob lisent le même compte client ; tout ce qui est à Bob, à un agent ou secret porte un canari."""
    redevable = factories.redevable(
        boe, code="C-42", nom="LOVELACE", prenom="Ada", courriel=f"{canari('adresse-connue')}@exemple.fr"
    )
    Usager.objects.filter(pk=bob.pk).update(nom=canari("nom-de-bob"), email=f"{canari('mel-de-bob')}@exemple.fr")
    Usager.objects.filter(pk=agente.pk).update(nom=canari("nom-de-l-agente"))
    for personne, nom in ((ada, "Ma maison"), (bob, canari("nom-donne-par-bob"))):
        Rattachement.objects.create(collectivite=boe, usager=personne, redevable=redevable, nom_donne=nom)
    lignes = [("Abonnement", Decimal("43.11")), ("Consommation", Decimal("200.00"))]
    dates = {"date_emission": date(2026, 11, 1), "date_echeance": date(2026, 12, 1), "date_limite_en_ligne": None}
    facture = factories.facture(redevable, eau, numero="F-1", reference="X1", lignes=lignes, **dates)
    facture.pdf.save("f.pdf", ContentFile(PDF))
    composee = factories.facture(redevable, eau, numero="F-2", reference="X2", date_emission=date(2026, 11, 2))
    encaisser(
        facture=facture, montant=Decimal("3.11"), moyen="carte", origine=f"payfip:{canari('payeur')}", recu_le=MIDI
    )
    return SimpleNamespace(boe=boe, ailleurs=ailleurs, eau=eau, redevable=redevable, facture=facture, composee=composee)


def suivre(monde, ada, bob, agente, canari) -> None:
    """Tout le reste de leur histoire."""
    boe = monde.boe
    for personne, quoi in ((ada, MIDI), (bob, datetime(1999, 9, 9, tzinfo=UTC))):
        Consultation.objects.create(collectivite=boe, usager=personne, facture=monde.facture, lue_le=quoi)
        Declaration.objects.create(collectivite=boe, usager=personne, facture=monde.facture, cree_le=quoi)
    payer(monde, ada, canari, mel=ada.email)
    payer(monde, bob, canari, mel=f"{canari('mel-du-paiement-de-bob')}@exemple.fr")
    choix = {"collectivite": boe, "redevable": monde.redevable, "mode": "electronique", "texte": 1, "le": MIDI}
    ChoixEnvoi.objects.create(**choix, moyen="en-ligne", compte=ada.pk, adresse=ada.email)
    ChoixEnvoi.objects.create(**choix, moyen="en-ligne", compte=bob.pk, adresse=f"{canari('choix')}@exemple.fr")
    du_service = choix | {"mode": "papier", "texte": None}
    ChoixEnvoi.objects.create(**du_service, moyen="service", reference=canari("raison-du-service"))
    DemandeAdresse.objects.create(
        usager=ada, collectivite=boe, ancienne="avant@exemple.fr", nouvelle=ada.email, demandee_le=MIDI, validee_le=MIDI
    )
    Visite.objects.create(
        collectivite=boe, agent=agente, usager=ada, motif=canari("motif-de-visite"), commencee_le=MIDI,
        jusqu_a=datetime(2026, 11, 26, 11, 15, tzinfo=UTC),
    )  # fmt: skip
    noter("connexion.ouverte", sur=ada, acteur=ada.pk, collectivite=boe.pk)
    noter("compte.ferme", sur=ada, acteur=agente.pk, collectivite=boe.pk, apres={"motif": canari("motif-de-fermeture")})
    noter("connexion.ouverte", sur=bob, acteur=bob.pk, collectivite=boe.pk)
    noter("connexion.ouverte", sur=ada, acteur=ada.pk, collectivite=monde.ailleurs.pk)
    annonce = factories.annonce(boe, titre="Le guichet déménage", importante=True)
    for personne in (ada, bob):
        LectureDAnnonce.objects.create(collectivite=boe, annonce=annonce, usager=personne, revision=1, lue_le=MIDI)


def payer(monde, personne, canari, *, mel: str) -> None:
    """Une tentative aboutie, dont tout ce qui ouvre quelque chose est un secret."""
    contrat = monde.eau.contrat_tipi
    idop = uuid4()
    canari.valeurs[f"idop-{personne.pk}"] = str(idop)
    numauto = "AUTO-ADA" if personne.nom == "LOVELACE" else canari("numauto-de-bob")
    paiement = Paiement.objects.create(
        collectivite=monde.boe, contrat=contrat, usager=personne, formulaire=uuid4(), numcli=contrat.numcli,
        saisie="W", exer="2026", refdet="X1", montant=Decimal("3.11"), mel=mel, etat="paye", idop=idop,
        envoye_le=MIDI, cree_le=MIDI, date_payfip=MIDI, reponse=canari("reponse-de-payfip"), numauto=numauto,
        jeton=canari(f"jeton-{personne.pk}"),
    )  # fmt: skip
    paiement.parts.create(facture=monde.facture, collectivite=monde.boe, montant=Decimal("3.11"), ouverte=False)
    TransitionPaiement.objects.create(
        paiement=paiement, collectivite=monde.boe, de="envoye", vers="paye", cause=canari("cause"), le=MIDI
    )


def ecrire(monde, ada, agente, canari) -> Demande:
    """Un fil de trois messages, dont une note interne, chacun avec sa pièce."""
    demande = factories.demande(
        ada, monde.boe, regie=monde.eau, facture=monde.facture, texte="Une fuite ?", cree_le=MIDI, assignee=agente
    )
    fil = [(demande.messages.get(), b"d'Ada")]
    for genre, texte, contenu in (
        ("service", "Nous regardons.", b"du service"),
        ("note", canari("note-interne"), canari("piece-interne").encode()),
    ):
        message = demande.messages.create(collectivite=monde.boe, genre=genre, par=agente, texte=texte, cree_le=MIDI)
        fil.append((message, contenu))
    for message, contenu in fil:
        fichier = ContentFile(contenu, name="x.pdf")
        message.pieces.create(
            collectivite=monde.boe, nom=f"{message.genre}.pdf", genre="application/pdf", taille=9, fichier=fichier
        )
    return demande


def test_une_archive_contient_exactement_cela(monde, ada, bob, agente, boe, canari, connecter):
    Usager.objects.filter(pk=ada.pk).update(cree_le=MIDI)
    connecter(ada, chez=boe)
    suivre(monde, ada, bob, agente, canari)
    demande = ecrire(monde, ada, agente, canari)
    ada.refresh_from_db()

    fichiers = lire(preparer(ada, boe))

    documents = {numero: chemin_du_document(Facture.objects.get(numero=numero)) for numero in ("F-1", "F-2")}
    pieces = [
        f"pieces-jointes/{demande.numero}-{piece.uuid.hex[:8]}-{genre}.pdf"
        for genre in ("usager", "service")
        for piece in demande.messages.get(genre=genre).pieces.all()
    ]
    assert list(fichiers) == ["LISEZMOI.txt", "donnees.json", *documents.values(), *pieces]
    assert (fichiers[documents["F-1"]], fichiers[documents["F-2"]][:5]) == (PDF, b"%PDF-")
    assert [fichiers[piece] for piece in pieces] == [b"d'Ada", b"du service"]
    lues = donnees(fichiers)
    assert lues.pop("factures") == [FACTURE | {"document": documents["F-1"]}, COMPOSEE | {"document": documents["F-2"]}]
    assert [fil.pop("fichiers") for fil in lues["demandes"][0]["messages"]] == [[piece] for piece in pieces]
    assert lues.pop("demandes") == [DEMANDE | {"numero": demande.numero}]
    assert lues == LE_RESTE


FACTURE = {
    "numero": "F-1",
    "reference": "X1",
    "nature": "facture",
    "service": "Eau et assainissement",
    "code_client": "C-42",
    "adressee_a": "Madame LOVELACE Ada",
    "objet": "Consommation d'eau",
    "etat": "Réglée (déclarée par vous)",
    "montant": "243.11",
    "reste_du": "240.00",
    "trop_percu": "0.00",
    "date_emission": "2026-11-01",
    "date_echeance": "2026-12-01",
    "date_limite_en_ligne": None,
    "date_prelevement": None,
    "publiee_le": "2026-01-01T01:00:00+01:00",
    "motif": "",
    "lignes": [
        {"libelle": "Abonnement", "quantite": "", "prix_unitaire": "", "montant": "43.11"},
        {"libelle": "Consommation", "quantite": "", "prix_unitaire": "", "montant": "200.00"},
    ],
    "reglements": [{"le": DIT, "sens": "encaissement", "moyen": "carte bancaire", "montant": "3.11", "motif": ""}],
}
COMPOSEE = FACTURE | {
    "numero": "F-2",
    "reference": "X2",
    "etat": "À payer",
    "reste_du": "243.11",
    "date_emission": "2026-11-02",
    "date_echeance": "2026-12-16",
    "date_limite_en_ligne": "2027-01-25",
    "lignes": [],
    "reglements": [],
}
DEMANDE = {
    "service": "Eau et assainissement",
    "facture": "F-1",
    "objet": "Ma question",
    "etat": "Envoyée au service",
    "recue_le": DIT,
    "close_le": None,
    "messages": [
        {"le": DIT, "de": "vous", "texte": "Une fuite ?"},
        {"le": DIT, "de": "Eau et assainissement", "texte": "Nous regardons."},
    ],
}
LE_RESTE = {
    "a_propos": {"format": 1, "commune": "Ville de Boé", "demandee_le": DIT},
    "compte": [
        {
            "adresse_mail": "ada@exemple.fr",
            "adresse_mail_confirmee_le": None,
            "civilite": "Madame",
            "nom": "LOVELACE",
            "prenom": "Ada",
            "cree_le": DIT,
            "derniere_connexion_le": DIT,
            "role_d_agent": None,
        }
    ],
    "comptes_client": [
        {
            "code_client": "C-42",
            "nom_que_vous_lui_donnez": "Ma maison",
            "relie_le": DIT,
            "etat": "actif",
            "depuis": DIT,
            "adresse_a": "Madame LOVELACE Ada",
            "adresse": "1 rue des Tests",
            "code_postal": "47550",
            "ville": "Boé",
            "envoi_des_factures": "papier",
            "le_service_connait_votre_adresse_mail": False,
        }
    ],
    "choix_d_envoi": [
        {
            "code_client": "C-42",
            "le": DIT,
            "envoi_des_factures": "électronique",
            "moyen": "par la personne, en ligne",
            "adresse_mail": "ada@exemple.fr",
            "version_du_texte_accepte": 1,
        },
        {
            "code_client": "C-42",
            "le": DIT,
            "envoi_des_factures": "papier",
            "moyen": "par le service",
            "adresse_mail": None,
            "version_du_texte_accepte": None,
        },
    ],
    "adresses_demandees": [
        {
            "ancienne": "avant@exemple.fr",
            "nouvelle": "ada@exemple.fr",
            "demandee_le": DIT,
            "validee_le": DIT,
            "annulee_le": None,
        }
    ],
    "sessions": [
        {
            "appareil": "",
            "ouverte_le": DIT,
            "derniere_visite_le": DIT,
            "retenue_quatorze_jours": False,
        }
    ],
    "actes": [
        {"le": DIT, "quoi": "Connexion", "par": "vous"},
        {"le": DIT, "quoi": "Connexion", "par": "vous"},
        {"le": DIT, "quoi": "Compte fermé par l'exploitant", "par": "le service"},
    ],
    "visites": [{"commencee_le": DIT, "finie_le": None, "par": "un agent du service"}],
    "courriels": [],
    "annonces_lues": [{"annonce": "Le guichet déménage", "lue_le": DIT}],
    "factures_lues": [{"facture": "F-1", "lue_le": DIT}],
    "factures_deja_payees": [{"facture": "F-1", "le": DIT, "etat": "à vérifier", "verifiee_le": None}],
    "paiements": [
        {
            "reference": "X1",
            "service": "Eau et assainissement",
            "montant": "3.11",
            "adresse_mail_donnee_a_payfip": "ada@exemple.fr",
            "commence_le": DIT,
            "etat": "payé par carte",
            "date_donnee_par_payfip": DIT,
            "numero_d_autorisation": "AUTO-ADA",
            "factures": [{"numero": "F-1", "montant": "3.11"}],
            "histoire": [{"le": DIT, "etat": "payé par carte"}],
        }
    ],
}


def chemin_du_document(facture) -> str:
    return f"factures/{facture.date_emission}-{facture.uuid.hex[:8]}-facture-{facture.numero}.pdf"


def test_rien_d_un_autre_aucun_secret_rien_d_une_autre_commune(monde, ada, bob, agente, boe, canari, connecter):
    suivre(monde, ada, bob, agente, canari)
    ecrire(monde, ada, agente, canari)
    la_bas = factories.redevable(monde.ailleurs, ada, nom=canari("nom-ailleurs"), code=canari("code-ailleurs"))
    factories.facture(la_bas, factories.regie(monde.ailleurs), numero=canari("facture-ailleurs"))
    factories.demande(ada, monde.ailleurs, texte=canari("demande-ailleurs"))
    autre = factories.redevable(boe, bob, nom=canari("voisin"))
    factories.facture(autre, monde.eau, numero=canari("facture-du-voisin"))
    factories.demande(bob, boe, texte=canari("demande-du-voisin"))
    suspendu = factories.redevable(boe, ada, nom=canari("nom-suspendu"), adresse=canari("adresse-suspendue"))
    factories.facture(suspendu, monde.eau, numero=canari("facture-suspendue"))
    suspendre_rattachement(rattachement=suspendu.rattachements.get(), motif=canari("motif-de-suspension"))
    factories.facture(monde.redevable, monde.eau, statut="brouillon", publiee_le=None, numero=canari("brouillon"))
    deposer(
        sorte="comptes.mot_de_passe_change", cle=canari("cle"), collectivite=boe, destinataire=ada.email,
        contexte={"usager": canari("contexte")},
    )  # fmt: skip
    Courriel.objects.update(message={"texte": canari("lien-qui-connecte")})
    client = connecter(ada, chez=boe)
    ada.refresh_from_db()
    canari.valeurs |= {
        "session": client.cookies["sessionid"].value,
        "mot-de-passe": factories.MOT_DE_PASSE,
        "hachage": ada.password,
        "empreinte": ada.password.rpartition("$")[2],
    }

    fichiers = lire(preparer(ada, boe))

    assert [nom for nom in fichiers if nom.endswith(".json")] == ["donnees.json"]
    lisibles = [*fichiers, *(texte_de(nom, contenu) for nom, contenu in fichiers.items())]
    trouves = {
        nom
        for nom, valeur in canari.valeurs.items()
        for forme in (valeur, base64.b64encode(valeur.encode()).decode())
        if any(forme.lower() in lisible.lower() for lisible in lisibles)
    }
    assert trouves == set()
    assert any("F-2" in texte_de(nom, contenu) for nom, contenu in fichiers.items() if nom.endswith(".pdf"))  # témoin
    assert [c["etat"] for c in donnees(fichiers)["comptes_client"]] == ["actif", "suspendu par le service"]


def texte_de(nom: str, contenu: bytes) -> str:
    """Ce qui s'y lit : d'un PDF composé, le texte de ses pages."""
    if not nom.endswith(".pdf") or contenu == PDF or not contenu.startswith(b"%PDF-"):
        return contenu.decode("utf-8", "replace")
    document = pypdfium2.PdfDocument(BytesIO(contenu))
    try:
        return "\n".join(page.get_textpage().get_text_range() for page in document)
    finally:
        document.close()


def test_les_courriels_sont_ceux_que_cette_personne_a_recus(boe, ada, horloge):
    ada.refresh_from_db()
    Usager.objects.filter(pk=ada.pk).update(cree_le=MIDI)
    avant = datetime(2026, 11, 20, tzinfo=UTC)
    for cle, quand in (("avant", avant), ("apres", MIDI)):
        deposer(
            sorte="comptes.mot_de_passe_change", cle=cle, collectivite=boe, destinataire=ada.email,
            contexte={"usager": ada.pk},
        )  # fmt: skip
        Courriel.objects.filter(cle=cle).update(cree_le=quand)
    ada.refresh_from_db()
    # Celui d'avant était pour la personne qui avait alors cette adresse.
    assert donnees(lire(preparer(ada, boe)))["courriels"] == [
        {"le": DIT, "quoi": "À qui vient de changer de mot de passe", "etat": "à envoyer"}
    ]


def test_lisezmoi_dit_ce_que_c_est_et_nomme_chaque_rubrique(boe, ada, horloge):
    fichiers = lire(preparer(ada, boe))
    assert fichiers["LISEZMOI.txt"].startswith(b"\xef\xbb\xbfCopie de vos donn")
    mots = fichiers["LISEZMOI.txt"].decode("utf-8-sig")
    assert mots.count("\n") == mots.count("\r\n")
    assert "Demandée le 26 novembre 2026 à 12:00" in mots
    assert [nom for nom in donnees(fichiers) if nom != "a_propos"] == [r.nom for r in rubriques()]
    assert [r.nom for r in rubriques() if f"  - {r.nom} : {r.libelle}\r\n" not in mots] == []
    assert [signe for signe in ("&#", "&amp;", "{", "CE QUI MANQUE") if signe in mots] == []


@pytest.mark.parametrize("perte", [OSError, DocumentImpossible])
def test_un_document_perdu_n_empeche_pas_les_autres_et_lisezmoi_le_nomme(monde, ada, boe, monkeypatch, perte, caplog):
    def perdre(facture, **_options):
        if facture.pk == monde.facture.pk:
            raise perte
        return BytesIO(PDF)

    monkeypatch.setattr("factures.services.copie.ouvrir_document", perdre)
    fichiers = lire(preparer(ada, boe))
    perdu, composee = map(chemin_du_document, (monde.facture, monde.composee))
    assert [nom for nom in fichiers if nom.startswith("factures/")] == [composee]
    assert f"CE QUI MANQUE\r\n\r\nCes fichiers n'ont pas pu être lus. Demandez-les au service :\r\n\r\n  - {perdu}" in (
        fichiers["LISEZMOI.txt"].decode("utf-8-sig")
    )


def test_le_document_est_celui_que_donne_sa_page(monde, ada, boe, connecter):
    client = connecter(ada, chez=boe)
    page = client.get(f"{monde.composee.get_absolute_url()}pdf/").getvalue()
    assert lire(preparer(ada, boe))[chemin_du_document(monde.composee)] == page


def test_deux_factures_du_meme_numero_ont_chacune_leur_document(boe, ada):
    redevable = factories.redevable(boe, ada)
    for _ in range(2):
        factories.facture(redevable, factories.regie(boe), numero="2026/1", date_emission=date(2026, 1, 2))
    documents = [nom for nom in lire(preparer(ada, boe)) if nom.startswith("factures/2026-01-02-")]
    assert len(documents) == 2


@pytest.mark.sqlite
def test_autant_de_requetes_pour_une_facture_que_pour_trente(boe, ada, eau, monkeypatch):
    monkeypatch.setattr("factures.services.documents.rendre", lambda *_, **__: PDF)
    redevable = factories.redevable(boe, ada)
    comptees = []
    for nombre in (1, 30):
        while Facture.objects.count() < nombre:
            factories.facture(redevable, eau, lignes=[("a", Decimal(1)), ("b", Decimal(2))])
        with CaptureQueriesContext(connection) as requetes:
            preparer(ada, boe).delete()
        comptees.append(len(requetes))
    assert comptees[0] == comptees[1]


def test_qui_n_a_encore_rien_recoit_une_copie_de_son_compte(boe):
    neuve = factories.usager()
    lues = donnees(lire(preparer(neuve, boe)))
    assert {nom for nom, lignes in lues.items() if lignes} == {"a_propos", "compte"}
    assert not Redevable.objects.exists()
