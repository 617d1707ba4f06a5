"""Un PES Retour Recette : lu dans le bac, comparé une fois à nos règlements, et ce qui diffère tranché par un agent."""

import contextlib
import html
import io
from datetime import date, timedelta
from decimal import Decimal

import factories
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from factures.etats import Moyen
from factures.imports import FichierRefuse
from factures.imports.lecteur_pes_retour import Dette, Encaissement, Entete, lire
from factures.models import ConfirmationReglement, Declaration, Ecart, Facture, Reglement, RetourTresor
from factures.services import encaisser, enregistrer, marquer, rejeter
from factures.services import rapprochement as services
from factures.services.reglements import Recu
from portail.bornes import OCTETS_RETOUR
from portail.models import Courriel, Journal
from tests.factures.outils_retour import ancien, article, emarge, ligne, retour, titre

LE = date(2026, 11, 10)


@pytest.fixture
def cantine(boe):
    return factories.regie(boe, code="CANTINE", libelle="Cantine", mode="titre")


@pytest.fixture
def titre_dix_sept(boe, ada, cantine):
    """Le titre 17, ligne 1, de 2026 : 243,11 € à payer."""
    redevable = factories.redevable(boe, ada)
    return factories.facture(
        redevable, cantine, numero="T17", reference="202600000017000001", exercice=2026, piece="17", ligne="1"
    )


@pytest.fixture
def article_1317(boe, ada, eau):
    """Un article de rôle dont la référence, libre, ne se compose pas : il se trouve par sa dette."""
    redevable = factories.redevable(boe, ada)
    return factories.facture(redevable, eau, numero="E1317", exercice=2026, dette="1317", periode="1")


def deposer(commune, *pieces, **options):
    return services.deposer(
        collectivite=commune, fichier=io.BytesIO(retour(*pieces, **options)), libelle="PES_RETOUR.xml"
    )


def recevoir(facture, montant="243.11", moyen=Moyen.CARTE, origine="payfip:1", jour=LE):
    quand = timezone.now().replace(year=jour.year, month=jour.month, day=jour.day)
    encaisser(facture=facture, montant=Decimal(montant), moyen=moyen, origine=origine, recu_le=quand)
    return Reglement.objects.latest("pk")


def ecarts(**filtre):
    """(genre, ici, là-bas, facture) de chaque écart ouvert."""
    lus = Ecart.objects.filter(etat="ouvert", **filtre).select_related("facture").order_by("pk")
    return [(e.genre, str(e.montant_ici), str(e.montant_la_bas), e.facture and e.facture.numero) for e in lus]


def solde(facture):
    facture.refresh_from_db()
    return str(facture.reste_du), str(facture.trop_percu)


# Lire.


def test_les_deux_ecritures_du_tresor_disent_la_meme_chose():
    pieces = (
        titre(ligne(ancien("1.56"), ancien("150", mode="08", identifiant="8")), numero="0017"),
        article(ligne(emarge("30.5")), ligne(emarge("20"), emarge("5", origine="02"), numero="2")),
        titre(ligne(ancien("9")), typ="13"), titre(ligne(ancien("9")), nat="06"), titre(ligne(ancien("0"))),
    )  # fmt: skip
    assert list(lire(io.BytesIO(retour(*pieces)))) == [
        Entete(date(2026, 11, 20), stock=False),
        (Dette("2026", "0017", "1", code_recette="EA"), [
            Encaissement(LE, Decimal("1.56"), mode="03", identifiant="7001"),
            Encaissement(LE, Decimal(150), mode="08", identifiant="8"),
        ]),
        # Une somme répartie sur les lignes d'un article n'en fait qu'une.
        (Dette("2026", "5", "", "1317", "1", "EA"), [
            Encaissement(LE, Decimal("50.5"), "10"), Encaissement(LE, Decimal(5), "02"),
        ]),
        (Dette("2026", "17", "1", code_recette="EA"), []),
    ]  # fmt: skip
    assert next(lire(io.BytesIO(retour(nature="1")))).stock
    assert len(list(lire(io.BytesIO(retour(titre(ligne(ancien("9"))), typ_bord="05"))))) == 1


@pytest.mark.parametrize(
    ("contenu", "phrase"),
    [
        (b"", "ne peut pas"),
        (b"a;b", "ne peut pas"),
        (retour(racine="PES_Aller"), "il faut un PES_Retour"),
        (retour(titre(), entete=""), "pas un retour de recettes"),
        (retour(titre(ligne(ancien("12,3")))), "« 12,3 »"),
        (retour(titre(ligne(ancien("1e9")))), "« 1e9 »"),
        (retour(titre(ligne(ancien("1", jour="2026-13-01")))), "n'existe pas"),
        (retour(titre(ligne(ancien("1", identifiant="x" * 40)))), "ne se lit pas"),
        (retour(titre(ligne(), numero="1" * 30)), "désignée"),
        (retour(titre(ligne()), exercice="26"), "désignée"),
        (retour(prologue='<!DOCTYPE b [<!ENTITY r "ha">]>'), "ne peut pas"),
        (retour(prologue='<!DOCTYPE b SYSTEM "http://192.0.2.1/b.dtd">'), "ne peut pas"),
    ],
)
def test_un_fichier_qui_n_en_est_pas_un_est_refuse_en_entier(boe, contenu, phrase):
    with pytest.raises(FichierRefuse, match=phrase):
        services.deposer(collectivite=boe, fichier=io.BytesIO(contenu), libelle="x.xml")
    assert not RetourTresor.objects.exists()


@given(st.binary(max_size=200), st.integers(0, 900))
def test_n_importe_quels_octets_se_lisent_ou_se_refusent(octets, ou):
    entier = retour(titre(ligne(ancien("1"), emarge("2"))))
    for contenu in (octets, entier[:ou] + octets + entier[ou:]):
        with contextlib.suppress(FichierRefuse):
            assert isinstance(next(lire(io.BytesIO(contenu))), Entete)


@pytest.mark.usefixtures("vrai_bac")
def test_le_vrai_bac_lit_le_fichier_et_ses_bombes_ne_tuent_que_lui(boe, titre_dix_sept):
    assert deposer(boe, titre(ligne(emarge("243.11")))).lus == 1
    rires = "".join(f'<!ENTITY r{n} "{f"&r{n - 1};" * 10}">' for n in range(1, 10))
    with pytest.raises(FichierRefuse):
        deposer(boe, prologue=f'<!DOCTYPE b [<!ENTITY r0 "ha">{rires}]>')


# Comparer.


@pytest.mark.sqlite
def test_chaque_encaissement_concorde_ou_ouvre_un_seul_ecart_et_rien_ne_bouge(
    boe, ada, ailleurs, cantine, titre_dix_sept, article_1317
):
    en_ligne = recevoir(titre_dix_sept)
    au_guichet = recevoir(article_1317, "100", Moyen.CHEQUE, "recu:1:0")
    autre = factories.facture(factories.redevable(boe, ada), cantine, numero="T18", exercice=2026, piece="18")
    factories.facture(factories.redevable(ailleurs), factories.regie(ailleurs), exercice=2026, piece="19", ligne="1")
    soldes = [solde(f) for f in (titre_dix_sept, article_1317, autre)]
    pieces = (
        # Retrouvé, et reçu une seconde fois.
        titre(ligne(emarge("243.11"), emarge("243.11", origine="02")), numero="00000017"),
        article(ligne(emarge("143.11", origine="03"), emarge("60", origine="06"))),
        titre(ligne(emarge("43.11"), emarge("-1", origine="02")), numero="18"),
        titre(ligne(emarge("8"), emarge("9", origine="02")), numero="19"),
    )
    lu = deposer(boe, *pieces)
    assert ecarts() == [
        ("double", "0.00", "243.11", "T17"),
        ("autrement", "0.00", "60.00", "E1317"),
        ("montant", "100.00", "143.11", "E1317"),
        ("repris", "0.00", "-1.00", "T18"),
        ("manque-ici", "0.00", "43.11", "T18"),
        (
            "sans-facture",
            "0.00",
            "8.00",
            None,
        ),  # celle d'une autre commune ; le chèque d'un titre inconnu n'est pas à nous
    ]
    assert (lu.lus, lu.concordants, lu.deja_vus) == (8, 1, 0)
    assert [c.reglement for c in ConfirmationReglement.objects.all()] == [en_ligne]
    assert Ecart.objects.get(genre="montant").reglement == au_guichet
    assert [solde(f) for f in (titre_dix_sept, article_1317, autre)] == soldes
    # Le même fichier, puis un autre qui redit la même chose : rien de plus.
    with pytest.raises(services.DejaCompare):
        deposer(boe, *pieces)
    encore = deposer(boe, *pieces, au="2026-11-21")
    assert (encore.lus, encore.concordants, encore.deja_vus, Ecart.objects.count()) == (8, 0, 7, 6)
    assert Reglement.objects.count() == 2


def test_un_fichier_de_stock_dit_ce_qui_n_est_qu_ici(boe, titre_dix_sept):
    recevoir(titre_dix_sept, "200", jour=date(2026, 11, 1))
    recevoir(titre_dix_sept, "43.11", origine="payfip:2", jour=date(2026, 11, 18))
    deposer(boe, titre(ligne()), nature="2")
    assert ecarts() == []
    deposer(boe, titre(ligne()), nature="1")
    assert ecarts() == [("manque-la-bas", "200.00", "0.00", "T17")]
    # Un autre fichier le montre enfin : l'écart se dissipe.
    deposer(boe, titre(ligne(emarge("200", jour="2026-11-02"))))
    services.suivre(collectivite=boe, maintenant=timezone.now())
    assert ecarts(genre="manque-la-bas") == []


def test_un_rejet_du_tresor_repond_au_rejet_d_ici(boe, titre_dix_sept):
    rejeter(reglement=recevoir(titre_dix_sept, moyen=Moyen.PRELEVEMENT), motif="Compte fermé")
    deposer(boe, titre(ligne(emarge("243.11"), emarge("-243.11", jour="2026-11-15"))))
    assert (ecarts(), ConfirmationReglement.objects.count()) == ([], 2)


def test_l_ancienne_ecriture_ne_dit_pas_si_c_etait_en_ligne_et_retrouve_la_somme(boe, titre_dix_sept):
    recevoir(titre_dix_sept)
    deposer(boe, titre(ligne(ancien("243.11"))))
    assert (ecarts(), ConfirmationReglement.objects.count()) == ([], 1)


# Trancher.


def test_enregistrer_le_manquant_solde_la_facture_une_fois(boe, titre_dix_sept):
    deposer(boe, titre(ligne(ancien("243.11", mode="08"))))
    ecart = Ecart.objects.get()
    services.enregistrer_le_manquant(ecart=ecart, moyen=ecart.moyen)
    [regle] = Reglement.objects.all()
    assert (regle.moyen, regle.reference, regle.recu_le.date(), solde(titre_dix_sept)) == (
        "prelevement", "7001", LE, ("0.00", "0.00"),
    )  # fmt: skip
    assert (regle.confirmation.cle, Ecart.objects.get().etat) == (ecart.cle, "regle")
    for acte, options in (
        (services.enregistrer_le_manquant, {"moyen": "cheque"}),
        (services.classer, {"motif": "x"}),
        (services.confirmer, {}),
    ):
        with pytest.raises(services.EcartIndisponible, match="déjà tranché"):
            acte(ecart=ecart, **options)
    assert Reglement.objects.count() == 1
    assert set(Journal.objects.filter(action__startswith="ecart.").values_list("action", flat=True)) == {
        "ecart.ouvert", "ecart.regle",
    }  # fmt: skip


def test_un_ecart_dont_le_reglement_arrive_par_ailleurs_se_dissipe(boe, titre_dix_sept, cantine, ada):
    deposer(boe, titre(ligne(emarge("243.11", origine="02"))), titre(ligne(emarge("5")), numero="44"))
    enregistrer(facture=titre_dix_sept, recu=Recu("cheque", Decimal("243.11"), LE))
    nouvelle = factories.facture(titre_dix_sept.redevable, cantine, numero="T44", exercice=2026, piece="44")
    services.suivre(collectivite=boe, maintenant=timezone.now())
    assert ecarts() == [("manque-ici", "0.00", "5.00", nouvelle.numero)]
    assert Reglement.objects.get().confirmation.retour == RetourTresor.objects.get()


def test_designer_la_facture_puis_classer_avec_un_motif(boe, eau, facture):
    deposer(boe, titre(ligne(emarge("8"))))
    ecart = Ecart.objects.get()
    with pytest.raises(services.EcartIndisponible, match="Aucune facture"):
        services.designer(ecart=ecart, numero="inconnue")
    services.designer(ecart=ecart, numero=facture.reference)
    assert ecarts() == [("manque-ici", "0.00", "8.00", facture.numero)]
    services.classer(ecart=ecart, motif="Erreur du Trésor")
    assert (Ecart.objects.get().etat, Reglement.objects.count()) == ("classe", 0)


def test_un_prelevement_sans_nouvelles_alerte_au_quinzieme_jour_et_son_rejet_rouvre_la_facture(boe, facture):
    regle = recevoir(facture, moyen=Moyen.PRELEVEMENT)
    recevoir(facture, "1", Moyen.PRELEVEMENT, "recu:2:0")  # au guichet : le Trésor n'en dit rien de plus
    for jours, attendus in ((14, []), (15, [("prelevement", "243.11", "0.00", facture.numero)])):
        services.suivre(collectivite=boe, maintenant=regle.recu_le + timedelta(days=jours))
        assert ecarts() == attendus
    services.rejeter_le_reglement(ecart=Ecart.objects.get(), motif="Provision insuffisante")
    assert solde(facture) == ("242.11", "0.00")
    assert services.suivre(collectivite=boe, maintenant=regle.recu_le + timedelta(days=40)) == 0
    autre = recevoir(facture, "242.11", Moyen.PRELEVEMENT, "payfip:2")
    services.suivre(collectivite=boe, maintenant=autre.recu_le + timedelta(days=20))
    services.confirmer(ecart=Ecart.objects.get(etat="ouvert"))
    assert (autre.confirmation.retour, ecarts()) == (None, [])


# « J'ai déjà payé ».


def textes(sorte="factures.declaration"):
    return [c.contexte["etat"] for c in Courriel.objects.filter(sorte=sorte).order_by("pk")]


def test_j_ai_deja_paye_est_confirme_quand_l_argent_arrive_et_la_personne_le_sait(boe, ada, facture):
    marquer(facture=facture, usager=ada, reglee=True)
    assert solde(facture) == ("243.11", "0.00")
    services.suivre(collectivite=boe, maintenant=timezone.now() + timedelta(days=15))
    assert ecarts() == [("declaration", "243.11", "0.00", facture.numero)]
    recevoir(facture, moyen=Moyen.CHEQUE, origine="recu:1:0")
    for _ in range(2):
        services.suivre(collectivite=boe, maintenant=timezone.now() + timedelta(days=16))
    assert (ecarts(), textes(), Declaration.objects.get().etat) == ([], ["confirmee"], "confirmee")


def test_j_ai_deja_paye_sans_argent_est_tranche_par_un_agent_et_peut_se_redire(boe, ada, connecter, facture):
    client, page = connecter(ada, chez=boe), facture.get_absolute_url()
    client.post(f"{page}reglee/", {"etat": "reglee"})
    services.suivre(collectivite=boe, maintenant=timezone.now() + timedelta(days=15))
    services.infirmer(ecart=Ecart.objects.get())
    assert (textes(), solde(facture)) == (["non-confirmee"], ("243.11", "0.00"))
    assert "pas trouvé votre règlement" in client.get(page).content.decode()
    lue = Facture.objects.avec_etat(boe.aujourd_hui(), pour=ada).get(pk=facture.pk)
    assert (lue.marquee, lue.etat) == (False, "a-payer")
    client.post(f"{page}reglee/", {"etat": "reglee"})
    assert "vous répondra par courriel" in client.get(page).content.decode()
    client.post(f"{page}reglee/", {"etat": "non_reglee"})
    services.suivre(collectivite=boe, maintenant=timezone.now() + timedelta(days=40))
    assert Ecart.objects.count() == 0


# Dans la gestion.


def test_un_agent_depose_le_fichier_voit_la_file_et_la_tranche(boe, agente, connecter, titre_dix_sept, ada):
    marquer(facture=titre_dix_sept, usager=ada, reglee=True)
    client = connecter(agente, chez=boe)
    contenu = retour(titre(ligne(emarge("243.11", origine="02"), emarge("7", origine="06"))))
    envoi = {"fichier": SimpleUploadedFile("PES_RETOUR.xml", contenu)}
    page = html.unescape(client.post("/gestion/factures/retourtresor/deposer/", envoi, follow=True).content.decode())
    assert ("Aucun règlement n'a changé" in page, "soldé autrement" in page, "SECRET" in page) == (True, True, False)
    accueil = client.get("/gestion/").content.decode()
    assert ("Rapprochement" in accueil, "J'ai déjà payé » à vérifier" in html.unescape(accueil)) == (True, True)
    liste = client.get("/gestion/factures/ecart/?etat__exact=ouvert").content.decode()
    assert ("reçu là-bas, pas ici" in liste, "T17" in liste) == (True, True)
    manque, autrement = Ecart.objects.order_by("-genre")
    fiche = f"/gestion/factures/ecart/{manque.pk}/"
    assert "Enregistrez le règlement" in client.get(f"{fiche}change/").content.decode()
    assert "243,11" in client.get(f"{fiche}enregistrer/").content.decode()
    client.post(f"{fiche}enregistrer/", {"moyen": "cheque", "confirmer": "1"}, follow=True)
    assert solde(titre_dix_sept) == ("0.00", "0.00")
    coche = {"motif": "Non-valeur vue", "confirmer": "1", "cles": f"{autrement.pk}-0"}
    client.post("/gestion/factures/ecart/classer/en-nombre/", coche, follow=True)
    assert ecarts() == []
    vie = html.unescape(client.get(f"/gestion/factures/facture/{titre_dix_sept.pk}/history/").content.decode())
    assert ("confirmés par le fichier du Trésor" in vie, "Écart : soldé autrement" in vie) == (True, True)
    trop = SimpleUploadedFile("gros.xml", b"x" * (OCTETS_RETOUR + 1))
    page = client.post("/gestion/factures/retourtresor/deposer/", {"fichier": trop}).content.decode()
    assert "dépasse 20 Mio" in page
