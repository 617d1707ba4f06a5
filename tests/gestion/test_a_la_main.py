"""Ce que font les agents d'une facture et d'un règlement : saisir, se croiser, agir en nombre, déposer un fichier."""

import re
from datetime import timedelta
from decimal import Decimal
from html import unescape

import factories
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from comptes.models import Usager
from factures.etats import Sens, Statut
from factures.models import DepotReglements, Ecart, Facture, Reglement
from factures.services import annuler, creer, encaisser, publier
from portail.courriels.redaction import rediger
from portail.gestion import nombre
from portail.models import Courriel
from tests.factures.outils_manuel import brouillon, saisie
from tests.factures.outils_pdf import pdf_qui_dit
from tests.gestion.conftest import adresse

LISTE = "/gestion/factures/facture/"
CREER = f"{LISTE}creer/"
DEPOSER = "/gestion/factures/depotreglements/deposer/"


def texte(reponse) -> str:
    """Ce qu'on y lit, sans balises ni espaces de trop."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", reponse.content.decode())).split())


def champs(reponse) -> dict[str, str]:
    """Ce que le formulaire renverrait tel quel."""
    page = reponse.content.decode()
    saisis = re.findall(r'<input(?=[^>]*\bname="([^"]+)")(?:[^>]*\bvalue="([^"]*)")?', page)
    choisis = re.findall(r'<select name="([^"]+)".*?<option value="([^"]*)" selected', page, re.DOTALL)
    tous = (*saisis, *choisis)
    return {nom: unescape(valeur) for nom, valeur in tous if nom not in {"csrfmiddlewaretoken", "q"}}


@pytest.fixture
def poste(monde):
    return monde.chez["agente"]


@pytest.fixture
def envoi(monde):
    return {
        "regie": monde.ici["portail.regie"].pk, "recherche": "R-1", "objet": "Cantine, octobre",
        "date_emission": "2026-03-02", "nombre": "10", "libelle_0": "Repas", "quantite_0": "16", "prix_0": "3,60 €",
        "libelle_3": "Remise", "montant_3": "-7,60",
    }  # fmt: skip


@pytest.fixture
def facture(monde):
    """Publiée, d'aucun lot, sans règlement."""
    return factories.facture(monde.ici["comptes.redevable"], monde.ici["portail.regie"], numero="LIBRE")


# Écrire une facture.


def test_l_agente_ecrit_une_facture_en_voit_le_total_la_confirme_et_la_publie(poste, envoi):
    page = poste.post(CREER, envoi)
    for mots in ("Total à payer 50,00 €", "Repas 16 × 3,60 € 57,60 €", "2026-EAU-M0001", "référence 2026EAUM0001"):
        assert mots in texte(page), mots
    assert not Facture.objects.filter(numero="2026-EAU-M0001").exists()
    fiche = poste.post(CREER, champs(page) | envoi | {"confirmer": ""}, follow=True)
    facture = Facture.objects.get(numero="2026-EAU-M0001")
    assert (facture.statut, facture.montant, facture.lignes.count()) == (Statut.BROUILLON, Decimal("50.00"), 2)
    assert "Le brouillon est prêt" in texte(fiche)
    suite = poste.post(adresse(facture, "publier"), champs(poste.get(adresse(facture, "publier"))), follow=True)
    assert "La facture est publiée." in texte(suite)


def test_publier_a_la_main_previent_chaque_lecteur_une_fois_ou_plus_tard(monde, poste, ada, bob):
    regie, sien = monde.ici["portail.regie"], monde.ici["comptes.redevable"]
    confirme = {"courriel_confirme_le": timezone.now()}
    Usager.objects.filter(pk__in=[ada.pk, bob.pk]).update(**confirme)
    a_deux = factories.redevable(monde.boe, ada, bob)
    nul = factories.redevable(monde.boe)
    deux, seule, tue, orpheline = (brouillon(regie, r, objet="Cantine") for r in (a_deux, a_deux, sien, nul))
    cles = [deux.pk, seule.pk, orpheline.pk]

    def prevenus():
        return sorted(Courriel.objects.filter(sorte="factures.disponible").values_list("destinataire", flat=True))

    page = poste.post(f"{LISTE}publier/en-nombre/", {"_selected_action": cles})
    poste.post(f"{LISTE}publier/en-nombre/", champs(page) | {"avis": "envoyes", "confirmer": ""})
    assert prevenus() == [ada.email, bob.email]  # une fois chacun, pour leurs deux factures
    assert rediger(Courriel.objects.filter(destinataire=ada.email).latest("pk"))["sujet"].startswith("Des factures")
    poste.post(adresse(tue, "publier"), {"avis": "retenus"})
    assert len(prevenus()) == 2
    Usager.objects.filter(pk=monde.ici["comptes.usager"].pk).update(**confirme)
    for facture, phrase in ((tue, "1 personne est prévenue."), (tue, "déjà prévenus"), (seule, "déjà prévenus"),
                            (orpheline, "Personne ne lit encore"), (orpheline, "Personne ne lit encore"),
                            (monde.ici["factures.facture"], "c'est lui qui prévient")):  # fmt: skip
        assert phrase in texte(poste.post(adresse(facture, "avertir"), follow=True))
    assert prevenus() == sorted([ada.email, bob.email, monde.ici["comptes.usager"].email])
    assert "Lecteurs prévenus par courriel" in texte(poste.get(adresse(tue, "history")))


def test_demander_des_lignes_ne_verifie_et_ne_perd_rien(poste):
    page = poste.post(CREER, {"nombre": "10", "libelle_9": "Dixième", "recherche": "R-1", "plus": "1"})
    garde = champs(page)
    assert (garde["nombre"], garde["libelle_9"], garde["recherche"], "libelle_19" in garde) == (
        "20", "Dixième", "R-1", True,
    )  # fmt: skip
    assert "Il y a un problème" not in texte(page)


@pytest.mark.parametrize(
    ("champs_faux", "phrase"),
    [
        ({"recherche": "PERSONNE"}, "Aucun redevable de la commune n'a ce code ni ce nom."),
        ({"libelle_0": ""}, "Il manque sur la ligne 1."),
        ({"prix_0": ""}, "Il manque sur la ligne 1."),
        ({"montant_0": "12.345"}, "se lit de deux façons"),
        ({"montant_3": "-57,60"}, "Le total est nul"),
        ({"date_echeance": "2026-03-01"}, "Ce jour est avant la date de la facture."),
        ({"date_emission": "1820-01-01"}, "Cette année n'est pas possible."),
        ({"numero": "2026-1"}, "Une autre facture de ce service a déjà ce numéro."),
        ({"reference": "REF0000001"}, "Cette référence est déjà celle de la facture 2026-1."),
        ({"libelle_0": "", "quantite_0": "", "prix_0": "", "libelle_3": "", "montant_3": ""}, "au moins une ligne"),
        ({"nombre": "999999"}, "Total à payer"),
    ],
)
def test_chaque_erreur_de_saisie_est_dite_et_rien_n_est_perdu(poste, envoi, champs_faux, phrase):
    avant = Facture.objects.count()
    page = poste.post(CREER, envoi | champs_faux)
    assert phrase in texte(page)
    assert champs(page)["objet"] == "Cantine, octobre"
    assert Facture.objects.count() == avant


def test_deux_redevables_du_meme_nom_se_departagent(monde, poste, envoi):
    autre = factories.redevable(monde.boe, nom="DUPONTEL", prenom="Zoé")
    page = poste.post(CREER, envoi | {"recherche": "DUPON"})
    assert "Plusieurs redevables correspondent" in texte(page)
    poste.post(CREER, envoi | {"recherche": "DUPON", "redevable": autre.pk, "confirmer": ""})
    assert Facture.objects.get(numero="2026-EAU-M0001").redevable == autre


def test_rien_d_une_autre_commune_n_entre_dans_une_facture(monde, poste, envoi):
    la_bas = monde.la_bas
    for faux in ({"regie": la_bas["portail.regie"].pk}, {"redevable": la_bas["comptes.redevable"].pk},
                 {"recherche": "DUPONTETRANGERE"}):  # fmt: skip
        poste.post(CREER, envoi | faux | {"confirmer": ""})
    ecrites = Facture.objects.filter(numero__contains="-M0")
    assert {facture.redevable for facture in ecrites} <= {monde.ici["comptes.redevable"]}
    assert {facture.regie for facture in ecrites} <= {monde.ici["portail.regie"]}


def test_le_document_d_un_brouillon_se_joint_et_un_mauvais_se_refuse(monde, poste, settings, tmp_path):
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}}
    }
    facture = brouillon(monde.ici["portail.regie"], monde.ici["comptes.redevable"])
    for contenu, phrase in ((b"<html>", "Ce document n'est pas un PDF."), (pdf_qui_dit("autre"), "est-ce le bon ?"),
                            (pdf_qui_dit(facture.numero), "Le document est joint.")):  # fmt: skip
        fichier = SimpleUploadedFile("f.pdf", contenu)
        assert phrase in texte(poste.post(adresse(facture, "document"), {"document": fichier}, follow=True))


def test_remplacer_montre_les_deux_puis_l_habitante_va_de_l_une_a_l_autre(monde, poste, envoi, facture, connecter):
    habitante = connecter(monde.ici["comptes.usager"], chez=monde.boe)
    encaisser(facture=facture, montant=Decimal(20), moyen="especes", origine="x", recu_le=facture.publiee_le)
    rempli = champs(poste.get(adresse(facture, "remplacer")))
    assert (rempli["objet"], rempli["numero"]) == (facture.objet, "")
    page = poste.post(adresse(facture, "remplacer"), rempli | envoi | {"motif": "Nombre de repas erroné"})
    for mots in ("la facture LIBRE (243,11 €) sera annulée", "20,00 € déjà reçus seront reportés"):
        assert mots in texte(page)
    poste.post(adresse(facture, "remplacer"), rempli | envoi | {"motif": "Nombre de repas erroné", "confirmer": ""})
    nouvelle = Facture.objects.get(remplace=facture)
    assert "remplacée" not in texte(habitante.get(facture.get_absolute_url()))
    poste.post(adresse(nouvelle, "publier"), {"avis": "retenus"})
    ancienne, neuve = (habitante.get(f.get_absolute_url()) for f in (facture, nouvelle))
    assert "Nombre de repas erroné Elle est remplacée par la facture 2026-EAU-M0001" in texte(ancienne)
    assert nouvelle.get_absolute_url() in ancienne.content.decode()
    assert "Elle remplace la facture LIBRE , annulée." in texte(neuve)
    assert "Reste à régler 30,00 €" in texte(neuve)
    assert habitante.get(f"{nouvelle.get_absolute_url()}pdf/").status_code == 200
    assert "La facture 2026-EAU-M0001 la remplace déjà." in texte(poste.get(adresse(facture, "remplacer")))


# Deux agents.


def test_le_second_lit_ce_que_le_premier_a_fait_et_garde_sa_saisie(monde, poste, envoi):
    facture = brouillon(monde.ici["portail.regie"], monde.ici["comptes.redevable"])
    corriger, autre = adresse(facture, "corriger"), monde.chez["administratrice"]
    vue, vue_aussi = champs(poste.get(corriger)), champs(autre.get(corriger))
    assert autre.post(corriger, vue_aussi | envoi | {"confirmer": ""}).status_code == 303
    page = poste.post(corriger, vue | envoi | {"objet": "La mienne", "confirmer": ""})
    assert page.status_code == 409
    qui = str(monde.chez.comptes["administratrice"])
    for mots in ("Quelqu'un d'autre vient de changer cet objet", "Brouillon corrigé", qui):
        assert mots in texte(page)
    garde = champs(page)
    assert (garde["objet"], Facture.objects.get(pk=facture.pk).objet) == ("La mienne", "Cantine, octobre")
    assert poste.post(corriger, garde | {"confirmer": ""}).status_code == 303  # en connaissance de cause
    assert Facture.objects.get(pk=facture.pk).objet == "La mienne"


def test_quand_l_acte_n_a_plus_lieu_d_etre_la_saisie_se_lit_encore(poste, facture):
    attendre = adresse(facture, "attendre")
    vue = champs(poste.get(attendre))
    annuler(factures=[facture], motif="Erreur")
    page = poste.post(attendre, vue | {"motif": "Relevé à vérifier"})
    assert page.status_code == 409
    for mots in ("Facture annulée", "Elle est annulée.", "Vous aviez écrit Motif Relevé à vérifier"):
        assert mots in texte(page)


def test_un_reglement_recu_pendant_qu_on_annule_se_dit(poste, facture):
    vue = champs(poste.get(adresse(facture, "annuler")))
    encaisser(facture=facture, montant=Decimal(1), moyen="carte", origine="payfip:1", recu_le=facture.publiee_le)
    page = poste.post(adresse(facture, "annuler"), vue | {"motif": "Erreur"})
    assert (page.status_code, "Règlement enregistré" in texte(page)) == (409, True)
    assert Facture.objects.get(pk=facture.pk).statut == Statut.PUBLIEE


# En nombre.


def test_en_nombre_la_page_dit_ce_qui_change_ce_qui_reste_et_pourquoi(monde, poste, facture):
    autre = factories.facture(facture.redevable, facture.regie, numero="AUTRE", montant=Decimal("6.89"))
    annulee = factories.facture(
        facture.redevable, facture.regie, numero="FINIE", statut=Statut.ANNULEE, motif_annulation="Erreur"
    )
    etrangere = monde.la_bas["factures.facture"]
    cles = [f.pk for f in (facture, autre, annulee, etrangere)]
    page = poste.post(f"{LISTE}annuler/en-nombre/", {"_selected_action": [*cles, "0", "x", "9" * 40]})
    for mots in ("2 lignes seront changées", "En tout 250,00 €", "1 ligne : Cette facture est déjà annulée. FINIE"):
        assert mots in texte(page), mots
    envoi = champs(page) | {"motif": "", "confirmer": ""}
    assert "Ce champ est obligatoire." in texte(poste.post(f"{LISTE}annuler/en-nombre/", envoi))
    encaisser(facture=autre, montant=Decimal(1), moyen="carte", origine="x", recu_le=facture.publiee_le)
    suite = poste.post(f"{LISTE}annuler/en-nombre/", envoi | {"motif": "Erreur"}, follow=True)
    assert "1 facture changée." in texte(suite)
    statuts = dict(Facture.objects.values_list("pk", "statut"))
    assert [statuts[cle] for cle in cles] == ["annulee", "publiee", "annulee", "publiee"]


@pytest.mark.parametrize(
    ("acte", "saisie"),
    [("attendre", {"motif": "À vérifier"}), ("prolonger", {"jusqu_au": "2099-01-01"})],
)
def test_toute_une_liste_filtree_d_un_coup_et_elle_seule(monde, poste, facture, acte, saisie):
    cantine = factories.regie(monde.boe)
    loin = factories.facture(facture.redevable, cantine)
    lien = f"{LISTE}{acte}/en-nombre/?regie__id__exact={cantine.pk}"
    page = poste.post(lien, {"toutes": "1"})
    assert "1 ligne sera changée" in texte(page)
    reponse = poste.post(lien, champs(page) | saisie | {"confirmer": ""})
    assert (reponse.status_code, reponse["Location"]) == (303, f"{LISTE}?regie__id__exact={cantine.pk}")
    facture.refresh_from_db()
    loin.refresh_from_db()
    assert (facture.version, loin.version) == (0, 1)


def test_publier_en_nombre_laisse_les_brouillons_d_un_lot(monde, poste):
    regie, redevable = monde.ici["portail.regie"], monde.ici["comptes.redevable"]
    ecrite = brouillon(regie, redevable)
    du_lot = factories.facture(
        redevable, regie, lot=monde.ici["factures.lotimport"], statut=Statut.BROUILLON, publiee_le=None
    )
    page = poste.post(f"{LISTE}publier/en-nombre/", {"_selected_action": [ecrite.pk, du_lot.pk]})
    assert "Ce brouillon est celui d'un lot d'import" in texte(page)
    poste.post(f"{LISTE}publier/en-nombre/", champs(page) | {"confirmer": ""})
    assert [Facture.objects.get(pk=f.pk).statut for f in (ecrite, du_lot)] == ["publiee", "brouillon"]


def test_trop_de_lignes_ou_aucune_ramenent_a_la_liste_avec_une_phrase(poste, facture, monkeypatch):
    monkeypatch.setattr(nombre, "MAXIMUM", 1)
    for envoi in ({}, {"toutes": "1"}, {"_selected_action": ["1", "2"]}):
        assert "Cochez d'abord des lignes" in texte(poste.post(f"{LISTE}annuler/en-nombre/", envoi, follow=True))


def test_les_cases_ne_sont_que_pour_qui_peut_en_faire_quelque_chose(monde, facture):
    vues = {nom: "_selected_action" in monde.chez[nom].get(LISTE).content.decode() for nom in ("lectrice", "agente")}
    assert vues == {"lectrice": False, "agente": True}


# L'argent.


def test_l_agente_enregistre_un_reglement_partiel_puis_de_trop_puis_le_rejette(poste, facture):
    page = poste.get(adresse(facture, "encaisser"))
    assert champs(page)["montant"] == "243,11"
    demain = facture.collectivite.aujourd_hui() + timedelta(days=1)
    envoi = champs(page) | {"montant": "200", "moyen": "cheque", "bordereau": "B-1", "jour": "2026-03-02"}
    assert "pas encore venu" in texte(poste.post(adresse(facture, "encaisser"), envoi | {"jour": demain}))
    assert "somme positive" in texte(poste.post(adresse(facture, "encaisser"), envoi | {"montant": "-3"}))
    apercu = poste.post(adresse(facture, "encaisser"), envoi)
    assert "Reste dû : 243,11 €, puis 43,11 €." in texte(apercu)
    fiche = poste.post(adresse(facture, "encaisser"), envoi | {"confirmer": ""}, follow=True)
    assert "B-1" in texte(fiche)
    envoi = envoi | champs(poste.get(adresse(facture, "encaisser"))) | {"montant": "200", "jour": "2026-03-02"}
    envoi |= {"moyen": "cheque", "bordereau": "B-1"}
    assert "156,89 € au-delà du dû" in texte(poste.post(adresse(facture, "encaisser"), envoi))
    assert "y est déjà" in texte(poste.post(adresse(facture, "encaisser"), envoi | {"confirmer": ""}))
    reglement = Reglement.objects.get(facture=facture)
    assert poste.post(adresse(reglement, "rejeter"), {"motif": "Sans provision"}).status_code == 303
    assert poste.post(adresse(reglement, "rejeter"), {"motif": "Sans provision"}).status_code == 409
    assert Facture.objects.get(pk=facture.pk).reste_du == Decimal("243.11")


def test_l_agente_note_un_remboursement_sans_depasser_le_recu(poste, facture):
    encaisser(facture=facture, montant=Decimal("250.00"), moyen="carte", origine="x", recu_le=facture.publiee_le)
    page = poste.get(adresse(facture, "rembourser"))
    assert champs(page)["montant"] == "6,89"
    envoi = champs(page) | {"moyen": "virement", "motif": "Payée deux fois"}
    assert "Il n'a été reçu que 250,00 €." in texte(
        poste.post(adresse(facture, "rembourser"), envoi | {"montant": "250,01"})
    )
    assert poste.post(adresse(facture, "rembourser"), envoi).status_code == 303
    assert Facture.objects.get(pk=facture.pk).trop_percu == 0
    recu = facture.reglements.get(sens=Sens.ENCAISSEMENT)
    suite = texte(poste.post(adresse(recu, "rejeter"), {"motif": "Contestée auprès de la banque"}, follow=True))
    assert "La facture est de nouveau à payer. 6,89 € de ce règlement avaient déjà été rendus" in suite
    assert Facture.objects.get(pk=facture.pk).reste_du == Decimal("243.11")


def test_un_rejet_sans_plus_rien_a_reprendre_dit_ou_l_ecrire(monde, poste, facture):
    encaisser(facture=facture, montant=Decimal(20), moyen="cheque", origine="x", recu_le=facture.publiee_le)
    recu = facture.reglements.get()
    suivante = creer(saisie=saisie(facture.regie, facture.redevable), remplace=facture, motif="Erreur")
    publier(factures=[suivante])
    assert f"reporté sur la facture {suivante.numero} :" in texte(poste.post(adresse(recu, "rejeter"), {"motif": "x"}))
    assert "d'émettre un titre" not in texte(poste.get(adresse(recu, "rejeter")))
    autre = factories.facture(facture.redevable, facture.regie)
    encaisser(facture=autre, montant=Decimal(20), moyen="cheque", origine="y", recu_le=facture.publiee_le)
    poste.post(adresse(autre, "rembourser"), {"montant": "20", "moyen": "virement", "motif": "x", "jour": "2026-03-02"})
    refus = texte(poste.post(adresse(autre.reglements.get(origine="y"), "rejeter"), {"motif": "x"}))
    assert "Demandez à la trésorerie d'émettre un titre de la somme rendue." in refus


def deposer(client, regie, contenu: str):
    fichier = SimpleUploadedFile("guichet.csv", contenu.encode())
    return client.post(DEPOSER, {"regie": regie.pk, "fichier": fichier}, follow=True)


def test_l_agente_depose_verifie_corrige_enregistre_puis_annule_un_fichier(monde, poste, facture):
    regie, entete = monde.ici["portail.regie"], "numero;montant;date;moyen;bordereau\n"
    assert "Il manque des colonnes : montant" in texte(deposer(poste, regie, "numero;date\nA;B"))
    page = deposer(poste, regie, entete + "LIBRE;250;02/03/2026;cheque;B-9\nINCONNUE;5;02/03/2026;cb;\n2026-1;x;;;")
    for mots in ("Rien n'est encore enregistré", "au-delà du dû 1 250,00 € 6,89 €", "sans facture 1 5,00 €",
                 "ligne à corriger 1", "Aucune facture de ce service n'a ce numéro"):  # fmt: skip
        assert mots in texte(page), mots
    depot = DepotReglements.objects.get(libelle="guichet.csv")
    ecarts = poste.post(adresse(depot, "ecarts")).content.decode("utf-8-sig")
    assert [ligne.split(";")[0] for ligne in ecarts.splitlines()] == ["numero", "INCONNUE", "2026-1"]
    assert "dites que vous les laissez" in texte(poste.post(adresse(depot, "enregistrer")))
    assert "Le fichier est enregistré." in texte(
        poste.post(adresse(depot, "enregistrer"), {"laisser": "on"}, follow=True)
    )
    assert Facture.objects.get(pk=facture.pk).trop_percu == Decimal("6.89")
    deja = deposer(poste, regie, entete + "LIBRE;250;02/03/2026;cheque;B-9\nINCONNUE;5;02/03/2026;cb;\n2026-1;x;;;")
    assert "Ce fichier est déjà déposé" in texte(deja)
    assert poste.post(adresse(depot, "annuler"), {"motif": "Mauvais fichier"}).status_code == 303
    assert Facture.objects.get(pk=facture.pk).reste_du == Decimal("243.11")
    assert poste.post(adresse(depot, "enregistrer")).status_code == 409


def test_l_apercu_dit_ce_que_devient_chaque_ligne_deja_payee_en_ligne(monde, poste, facture):
    regie = monde.ici["portail.regie"]
    autre = factories.facture(facture.redevable, regie, numero="AUTRE")
    for payee in (facture, autre):
        origine = f"payfip:{payee.uuid}"
        encaisser(facture=payee, montant=payee.montant, moyen="carte", origine=origine, recu_le=timezone.now())
    jour = f"{timezone.localdate():%d/%m/%Y}"
    lignes = f"LIBRE;243,11;{jour};cb;D-1\nAUTRE;234,11;{jour};cb;D-1"
    page = texte(deposer(poste, regie, f"numero;montant;date;moyen;bordereau\n{lignes}"))
    for mots in ("déjà payé en ligne 1 243,11 € 0,00 €", "la ligne le confirme, rien n'est compté deux fois.",
                 "à trancher 1 234,11 € 0,00 €", "vous direz ce qu'est cette autre somme."):  # fmt: skip
        assert mots in page, mots
    depot = DepotReglements.objects.get(libelle="guichet.csv")
    assert "sans le compter deux fois" in texte(poste.get(adresse(depot, "enregistrer")))
    poste.post(adresse(depot, "enregistrer"))
    assert Reglement.objects.filter(facture__in=(facture, autre)).count() == 2
    assert "243,11 € confirmés par le fichier de règlements" in texte(poste.get(adresse(facture, "history")))
    fiche = texte(poste.get(adresse(Ecart.objects.get(facture=autre))))
    for mots in ("guichet.csv, ligne 3", "sommes différentes", "Comparez les deux sommes"):
        assert mots in fiche, mots


def test_un_fichier_ne_touche_que_les_factures_de_son_service_et_de_sa_commune(monde, poste):
    page = deposer(poste, monde.ici["portail.regie"], "reference;montant;date;moyen\nREF0000001;1;02/03/2026;cb")
    assert adresse(monde.ici["factures.facture"]) in page.content.decode()
    faux = poste.post(DEPOSER, {"regie": monde.la_bas["portail.regie"].pk, "fichier": SimpleUploadedFile("x", b"x")})
    assert faux.status_code == 200
    assert not DepotReglements.objects.filter(libelle="x").exists()
