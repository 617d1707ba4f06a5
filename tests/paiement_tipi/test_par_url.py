"""Payer par URL : rien n'y est signé, donc rien de posté ne règle ; le Trésor confirme (payfip.md §2)."""

from datetime import timedelta
from types import SimpleNamespace
from urllib.parse import parse_qsl, urlencode, urlsplit

import factories
import pytest
import time_machine
from django.test import Client

from factures.models import Facture
from paiement_tipi import services
from paiement_tipi.models import ContratTipi, NotificationTipi, Paiement, PartPaiement
from paiement_tipi.protocole_url import TAILLE_RETOUR
from portail.models import Collectivite, Journal
from tests.paiement_tipi.outils_tentatives import (
    DUE,
    PAYEE_PAR_CARTE,
    appels,
    bilan,
    constater,
    demarrer,
    empechement,
    formulaire,
    histoire,
    pilote,
)
from tests.paiement_tipi.test_simulateur_outils import idop_de, marchand_en_marche

FORMULAIRE = "application/x-www-form-urlencoded"
A_CONFIRMER = "PAIEMENT_DECLARE"


@pytest.fixture
def payfip(simulateur):
    with pilote(simulateur) as pilotable:
        yield pilotable


@pytest.fixture
def urlcl(boe):
    """Où PayFiP poste : un guichetier note le vrai POST, que le test fait suivre quand il veut, changé ou non."""
    with marchand_en_marche() as marchand:
        Collectivite.objects.filter(pk=boe.pk).update(adresse=f"http://127.0.0.1:{marchand.server_port}")
        yield marchand


@pytest.fixture
def regie_par_url(eau):
    ContratTipi.objects.update(numcli="222222", transport="url-regie", saisie="A")
    return eau


@pytest.fixture
def poste(boe, facture, ada, regie_par_url, payfip, urlcl):
    """Une tentative partie, payée par carte sur la page de PayFiP, et le POST qui en est revenu."""
    facture = Facture.objects.get(pk=facture.pk)
    payfip.regler(notification="une")

    def payer(action="valider", moyen="carte"):
        adresse = services.demarrer_paiement(facture=facture, usager=ada, formulaire=formulaire(), guichet=None)
        idop = idop_de(payfip.client.get(adresse, timeout=5))
        payfip.choisir(idop, moyen)
        payfip.conclure(idop, action)
        _methode, chemin, corps, _hote = urlcl.recus[-1]
        return SimpleNamespace(
            facture=facture, paiement=Paiement.objects.latest("pk"), adresse=adresse, chemin=chemin, corps=corps
        )

    return payer


def poster(poste, *, chemin="", methode="post", **changes):
    """Fait suivre ce que PayFiP a posté, des champs changés ou retirés (None) ; rend ce que le site répond."""
    champs = {nom: v for nom, v in (dict(parse_qsl(poste.corps)) | changes).items() if v is not None}
    client, corps, chemin = Client(HTTP_HOST="localhost"), urlencode(champs), chemin or poste.chemin
    if methode == "get":
        reponse = client.get(f"{chemin}?{corps}")
    else:
        reponse = client.post(chemin, corps, content_type=FORMULAIRE)
    poste.paiement.refresh_from_db()
    return reponse.status_code, reponse.content


@pytest.mark.sqlite
def test_l_adresse_porte_la_facture_et_un_jeton_de_la_tentative(poste, payfip, urlcl):
    parti = poste()
    assert dict(parse_qsl(urlsplit(parti.adresse).query)) == {
        "numcli": "222222",
        "exer": str(parti.facture.date_emission.year),
        "refdet": "X0000301010000001317",
        "objet": "Consommation d eau",
        "montant": "24311",
        "mel": "ada@exemple.fr",
        "urlcl": f"http://127.0.0.1:{urlcl.server_port}/paiement/notification/{parti.paiement.jeton}/",
        "saisie": "A",
    }
    assert (parti.adresse.split("?")[0], parti.paiement.idop) == (f"{payfip.url}/tpa/paiement.web", None)
    assert (histoire(parti.paiement), appels(payfip, "creerPaiementSecurise")) == (["envoye"], [])
    assert empechement(parti.facture) == "PAIEMENT_EN_COURS"


@pytest.mark.sqlite
@pytest.mark.parametrize(("moyen", "code", "regle"), [("carte", "P", "carte"), ("prelevement", "V", "prelevement")])
def test_un_post_qui_concorde_declare_et_seul_le_tresor_regle(poste, moyen, code, regle):
    parti = poste(moyen=moyen)
    assert poster(parti) == (200, b"")
    assert (bilan(parti.facture), histoire(parti.paiement)) == (DUE, ["envoye", "declare"])
    assert (empechement(parti.facture), parti.paiement.resultat) == (A_CONFIRMER, code)
    with pytest.raises(services.PaiementImpossible):
        demarrer(parti.facture, parti.paiement.usager)
    confirme = [services.confirmer_declare(paiement=parti.paiement, source="fichier du Trésor") for _ in range(2)]
    assert (confirme, bilan(parti.facture)) == ([True, False], ("0.00", "0.00", [regle]))
    assert parti.facture.reglements.get().recu_le == parti.paiement.date_payfip
    poster(parti)
    assert (bilan(parti.facture), NotificationTipi.objects.count()) == (("0.00", "0.00", [regle]), 2)


@pytest.mark.parametrize(
    ("changes", "ecart"),
    [
        ({"montant": "100"}, "le montant"),
        ({"montant": None}, "le montant"),
        ({"refdet": "X0000301010000009999"}, "la référence"),
        ({"numcli": "006382"}, "le numéro de client"),
        ({"saisie": "T"}, "la saisie"),
        ({"resultrans": "K"}, "Résultat inconnu"),
        ({"RESULTRANS": "A"}, "deux fois"),
        ({"numauto": "9" * TAILLE_RETOUR}, "trop long"),
    ],
)
def test_un_post_qui_ne_concorde_pas_est_une_anomalie_et_ne_change_rien(poste, changes, ecart):
    parti = poste()
    assert poster(parti, **changes) == (200, b"")
    assert (histoire(parti.paiement), ecart in parti.paiement.anomalie) == (["envoye"], True)
    assert (bilan(parti.facture), empechement(parti.facture)) == (DUE, "PAIEMENT_EN_COURS")
    poster(parti)  # le vrai
    assert (histoire(parti.paiement)[1:], parti.paiement.anomalie) == (["declare"], "")


@pytest.mark.sqlite
def test_un_faux_jeton_ou_une_adresse_ouverte_par_un_curieux_n_ecrivent_rien(poste, boe, ada):
    parti = poste()
    assert poster(parti, chemin=f"/paiement/notification/{'x' * 43}/") == (200, b"")
    assert poster(parti, methode="get", resultrans=None) == (200, b"")
    autre = factories.regie(boe)
    factories.contrat(autre)
    par_web = factories.facture(parti.facture.redevable, autre)
    voisin = demarrer(par_web, ada)
    assert poster(parti, chemin=f"/paiement/notification/{voisin.jeton}/") == (200, b"")  # par service web, on demande
    assert (NotificationTipi.objects.count(), histoire(parti.paiement), histoire(voisin)) == (0, ["envoye"], ["envoye"])


def test_onze_faux_posts_attendent_et_le_vrai_passe_quand_meme(poste):
    parti = poste()
    with time_machine.travel(1_800_000_000, tick=False):
        assert [poster(parti, montant="100")[0] for _ in range(11)] == [200] * 10 + [429]
        assert (poster(parti), parti.paiement.etat) == ((200, b""), "declare")
        assert poster(parti)[0] == 429


def test_un_second_paiement_se_sait_meme_quand_la_limite_est_atteinte_et_des_faux_n_y_passent_pas_sans_fin(poste):
    parti = poste()
    with time_machine.travel(1_800_000_000, tick=False):
        assert [poster(parti, montant="100")[0] for _ in range(10)] == [200] * 10
        assert (poster(parti), poster(parti)[0]) == ((200, b""), 429)
        assert poster(parti, numauto="autre1") == (200, b"")
        assert parti.paiement.anomalie == "PayFiP déclare un second paiement, d'autorisation autre1."
        assert poster(parti, numauto="autre2")[0] == 429  # un agent regarde déjà
        services.infirmer_declare(paiement=parti.paiement, source="infirmé par un agent")
        assert (poster(parti)[0], parti.paiement.etat) == (429, "infirme")
        assert (poster(parti, numauto="autre3"), parti.paiement.etat) == ((200, b""), "declare")


@pytest.mark.sqlite
def test_un_get_et_des_noms_en_majuscules_comptent_aussi(poste, payfip):
    payfip.regler(noms="majuscules")
    parti = poste()
    assert ("RESULTRANS=P" in parti.corps, poster(parti, methode="get")) == (True, (200, b""))
    assert histoire(parti.paiement) == ["envoye", "declare"]


@pytest.mark.parametrize(("action", "etat"), [("refuser", "refuse"), ("annuler", "abandonne")])
def test_un_refus_et_un_abandon_rendent_la_facture_et_un_succes_qui_suit_l_emporte(poste, action, etat):
    parti = poste(action)
    poster(parti)
    assert (histoire(parti.paiement), empechement(parti.facture)) == (["envoye", etat], "")
    poster(parti, resultrans="P", numauto="3feabd")
    poster(parti, resultrans="A")  # le vieux, rejoué
    assert (histoire(parti.paiement)[2:], empechement(parti.facture)) == (["declare"], A_CONFIRMER)


@pytest.mark.sqlite
def test_sans_post_la_facture_est_rendue_et_un_post_tardif_l_emporte(poste, payfip):
    parti = poste()
    parti_le, lu = parti.paiement.envoye_le, len(appels(payfip, "recupererDetailPaiementSecurise"))
    for minutes, etats in ((134, ["envoye"]), (135, ["envoye", "expire"])):
        services.relever(guichet=services.guichet(personne=False), maintenant=parti_le + timedelta(minutes=minutes))
        assert histoire(parti.paiement) == etats
    assert (constater(parti.paiement, parti_le), len(appels(payfip, "recupererDetailPaiementSecurise"))) == (False, lu)
    autre = poste()  # la personne a recommencé
    poster(parti)
    assert (histoire(parti.paiement)[2:], empechement(parti.facture)) == (["declare"], A_CONFIRMER)
    poster(autre)
    for paiement in (parti.paiement, autre.paiement):
        services.confirmer_declare(paiement=paiement, source="fichier du Trésor")
    assert bilan(parti.facture) == ("0.00", "243.11", ["carte", "carte"])
    assert not PartPaiement.objects.filter(ouverte=True).exists()


def test_un_paiement_jamais_poste_mais_recu_par_le_tresor_se_confirme(poste):
    parti = poste()
    services.relever(guichet=services.guichet(personne=False), maintenant=parti.paiement.envoye_le + timedelta(hours=3))
    assert services.confirmer_declare(paiement=parti.paiement, source="fichier du Trésor")
    assert bilan(parti.facture) == PAYEE_PAR_CARTE
    poster(parti)  # plus tard encore
    assert (parti.paiement.etat, parti.paiement.anomalie) == ("paye", "")


def test_infirmer_rouvre_la_facture_et_le_meme_post_rejoue_ne_la_referme_pas(poste):
    parti = poste()
    poster(parti)
    assert services.infirmer_declare(paiement=parti.paiement, source="infirmé par un agent", motif="Rien au Trésor")
    assert (empechement(parti.facture), bilan(parti.facture)) == ("", DUE)
    assert Journal.objects.get(action="paiement.infirme").apres["motif"] == "Rien au Trésor"
    poster(parti)
    assert (parti.paiement.etat, empechement(parti.facture)) == ("infirme", "")
    poster(parti, numauto="autre1")  # un autre paiement, de la même adresse
    assert (parti.paiement.etat, empechement(parti.facture)) == ("declare", A_CONFIRMER)
    poster(parti, numauto="autre2")
    assert (parti.paiement.etat, "second paiement" in parti.paiement.anomalie) == ("declare", True)


def test_un_code_inconnu_retient_la_facture_jusqu_a_ce_qu_un_agent_decide(poste):
    parti = poste()
    poster(parti, resultrans="K")
    services.relever(guichet=services.guichet(personne=False), maintenant=parti.paiement.envoye_le + timedelta(days=1))
    assert (histoire(parti.paiement), empechement(parti.facture)) == (["envoye"], "PAIEMENT_EN_COURS")
    assert services.infirmer_declare(paiement=parti.paiement, source="infirmé par un agent")
    parti.paiement.refresh_from_db()
    assert (parti.paiement.etat, parti.paiement.anomalie, empechement(parti.facture)) == ("infirme", "", "")


@pytest.mark.parametrize("avant", ["expire", "A", "R"])
def test_un_code_inconnu_retient_de_nouveau_une_facture_deja_rendue_jusqu_a_ce_qu_un_agent_decide(poste, avant):
    parti = poste()
    if avant == "expire":
        trop_tard = parti.paiement.envoye_le + timedelta(hours=3)
        services.relever(guichet=services.guichet(personne=False), maintenant=trop_tard)
    else:
        poster(parti, resultrans=avant)
    assert empechement(parti.facture) == ""
    poster(parti, resultrans="K" * 9)
    assert (empechement(parti.facture), bilan(parti.facture)) == (A_CONFIRMER, DUE)
    assert ("Résultat inconnu" in parti.paiement.anomalie, parti.paiement.resultat) == (True, "K" * 8)
    with pytest.raises(services.PaiementImpossible):
        demarrer(parti.facture, parti.paiement.usager)
    assert services.infirmer_declare(paiement=parti.paiement, source="infirmé par un agent")
    poster(parti, resultrans="K" * 9)  # le même, rejoué
    assert (parti.paiement.etat, parti.paiement.anomalie, empechement(parti.facture)) == ("infirme", "", "")
    poster(parti, resultrans="K", numauto="autre1")  # un autre paiement, de la même adresse
    assert (parti.paiement.etat, empechement(parti.facture)) == ("declare", A_CONFIRMER)
    assert services.confirmer_declare(paiement=parti.paiement, source="fichier du Trésor")
    assert bilan(parti.facture) == PAYEE_PAR_CARTE


def test_un_code_inconnu_apres_l_expiration_d_un_essai_ne_retient_rien(poste):
    ContratTipi.objects.update(saisie="T")
    parti = poste()
    services.relever(guichet=services.guichet(personne=False), maintenant=parti.paiement.envoye_le + timedelta(hours=3))
    poster(parti, resultrans="K")
    assert (parti.paiement.etat, parti.paiement.anomalie != "", empechement(parti.facture)) == ("expire", True, "")


@pytest.mark.parametrize("saisie", ["T", "X"])
def test_un_essai_de_titre_prend_les_valeurs_reservees_et_ne_regle_jamais(poste, eau, payfip, saisie):
    payfip.regler(clients={"222222": "titres"})
    ContratTipi.objects.update(transport="url-titre", saisie=saisie)
    type(eau).objects.update(mode="titre")
    parti = poste()
    envoye = dict(parse_qsl(urlsplit(parti.adresse).query))
    assert (envoye["exer"], envoye["refdet"]) == ("9999", "999900000000999999")
    poster(parti)
    assert (histoire(parti.paiement), bilan(parti.facture)) == (["envoye", "essai-reussi"], DUE)
    assert (empechement(parti.facture), services.confirmer_declare(paiement=parti.paiement, source="x")) == ("", False)
    assert services.infirmer_declare(paiement=parti.paiement, source="x") is False


def test_un_titre_deja_paye_chez_payfip_y_est_refuse(poste, payfip):
    titre = {"numcli": "222222", "refdet": "X0000301010000001317", "montant": 24311}
    payfip.regler(clients={"222222": "titres"}, titres=[titre])
    ContratTipi.objects.update(transport="url-titre")
    parti = poste()
    poster(parti)
    assert parti.paiement.etat == "declare"
    refus = payfip.client.get(parti.adresse, timeout=5)
    assert (refus.status_code, "déjà" in refus.text) == (409, True)


def test_la_personne_lit_que_le_tresor_doit_confirmer_et_ne_peut_pas_payer_deux_fois(poste, connecter, ada, boe):
    parti = poste()
    poster(parti)
    client = connecter(ada, chez=boe)
    page = client.get(f"/paiement/retour/{parti.paiement.jeton}/").content.decode()
    detail = client.get(f"/factures/{parti.facture.uuid}/").content.decode()
    phrase = "Paiement déclaré par PayFiP, en cours de confirmation par le Trésor public"
    assert (phrase in page, "Vérifier maintenant" in page, phrase in detail) == (True, False, True)
    assert ("Payer la facture" in detail, 'data-etat="en-cours"' in detail) == (False, True)


@pytest.mark.django_db(transaction=True)
def test_par_vrai_http_payfip_poste_au_portail_deux_fois_et_avant_que_le_ticket_ne_s_affiche(
    boe, ada, facture, regie_par_url, payfip, live_server
):
    Collectivite.objects.filter(pk=boe.pk).update(adresse=live_server.url)
    payfip.regler(notification="double")
    adresse = services.demarrer_paiement(
        facture=Facture.objects.get(pk=facture.pk), usager=ada, formulaire=formulaire(), guichet=None
    )
    idop = idop_de(payfip.client.get(adresse, timeout=5))
    payfip.choisir(idop, "carte")
    payfip.conclure(idop, "valider")
    assert [n["statut"] for n in payfip.etat()["notifications"]] == [200, 200]
    assert (histoire(Paiement.objects.get()), NotificationTipi.objects.count()) == (["envoye", "declare"], 2)
    assert (empechement(facture), bilan(facture)) == (A_CONFIRMER, DUE)
