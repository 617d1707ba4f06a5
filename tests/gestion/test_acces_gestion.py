"""Chaque adresse de la gestion, pour chaque personne, avec le statut attendu écrit à la main."""

from uuid import UUID

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from sans_suite import sans_suite

from portail.gestion import registre
from portail.gestion.droits import ACTES
from portail.models import Affectation, Role
from tests.gestion.conftest import PERSONNES, adresse
from tests.test_acces import adresses, tables_ecrites
from tests.test_architecture import nos_modeles

# Ce qui dit ce que doit ou paie quelqu'un ; ce qui n'est que de la commune ; aux responsables ; à l'installation.
CONTENU, COMMUNE, ENCADREMENT, INSTALLATION = "contenu", "commune", "encadrement", "installation"
VISITES = "visites"  # aux responsables, et du contenu
COMPTABLES = "comptables"  # du contenu, fermé à qui ne facture pas
MODELES = {
    "portail.collectivite": COMMUNE,
    "portail.hote": INSTALLATION,
    "portail.annonce": COMMUNE,
    "portail.regie": COMMUNE,
    "portail.affectation": ENCADREMENT,
    "portail.journal": ENCADREMENT,
    "portail.courriel": CONTENU,
    "portail.sceau": INSTALLATION,
    "django_tasks_database.dbtaskresult": INSTALLATION,
    "comptes.usager": CONTENU,
    "comptes.redevable": CONTENU,
    "comptes.rattachement": CONTENU,
    "comptes.codeactivation": CONTENU,
    "comptes.activation": CONTENU,
    "comptes.choixenvoi": CONTENU,
    "comptes.visite": VISITES,
    "factures.facture": CONTENU,
    "factures.lignefacture": CONTENU,
    "factures.lotimport": CONTENU,
    "factures.depotreglements": CONTENU,
    "factures.ecart": CONTENU,
    "factures.retourtresor": CONTENU,
    "factures.reglement": CONTENU,
    "factures.declaration": CONTENU,
    "factures.consultation": CONTENU,
    "paiement_tipi.contrattipi": COMMUNE,
    "paiement_tipi.paiement": CONTENU,
    "paiement_tipi.partpaiement": CONTENU,
    "paiement_tipi.transitionpaiement": CONTENU,
    "paiement_tipi.notificationtipi": COMPTABLES,
    "paiement_tipi.echangepayfip": COMPTABLES,
    "contact.demande": COMPTABLES,  # et de la relation aux usagers : tests/gestion/test_champs.py
    "contact.reponsetype": COMMUNE,
}
# L'horloge et les limites ne disent rien à personne, les bilans et les coupures de PayFiP, rien hors de l'accueil ; les
# lignes d'un lot et les messages d'une demande, rien hors d'eux ; ses sessions et ses liens ne sont qu'à une personne.
# Les textes des courriels sont dans les réglages.
SANS_PAGE = {
    "portail.textedecourriel", "portail.tic", "portail.compteur", "factures.ligneimport", "factures.rejetimport",
    "factures.correctionimport", "factures.correspondancecolonnes", "factures.lignedepot", "comptes.session",
    "factures.confirmationreglement", "comptes.copie",
    "comptes.demandeadresse", "portail.lecturedannonce", "factures.bilanjour",
    "factures.bilanservice", "paiement_tipi.coupurepayfip",
    "contact.message", "contact.piecejointe",
}  # fmt: skip

CODES = {
    # genre, méthode, page              ano  ada  sta  ail  lec  agt  adm  exp  exo
    (CONTENU, "GET", "liste"):         (302, 403, 403, 200, 200, 200, 200, 403, 200),
    (CONTENU, "GET", "objet"):         (302, 403, 403, 404, 200, 200, 200, 403, 200),
    (CONTENU, "POST", "liste"):        (302, 403, 403, 405, 405, 405, 405, 403, 405),
    (CONTENU, "POST", "objet"):        (302, 403, 403, 405, 405, 405, 405, 403, 405),
    (COMMUNE, "GET", "liste"):         (302, 403, 403, 200, 200, 200, 200, 200, 200),
    (COMMUNE, "GET", "objet"):         (302, 403, 403, 404, 200, 200, 200, 200, 200),
    (COMMUNE, "POST", "liste"):        (302, 403, 403, 405, 405, 405, 405, 405, 405),
    (COMMUNE, "POST", "objet"):        (302, 403, 403, 405, 405, 405, 405, 405, 405),
    (COMPTABLES, "GET", "liste"):      (302, 403, 403, 200, 403, 200, 200, 403, 200),
    (COMPTABLES, "GET", "objet"):      (302, 403, 403, 404, 403, 200, 200, 403, 200),
    (COMPTABLES, "POST", "liste"):     (302, 403, 403, 405, 403, 405, 405, 403, 405),
    (COMPTABLES, "POST", "objet"):     (302, 403, 403, 405, 403, 405, 405, 403, 405),
    (ENCADREMENT, "GET", "liste"):     (302, 403, 403, 403, 403, 403, 200, 200, 200),
    (ENCADREMENT, "GET", "objet"):     (302, 403, 403, 403, 403, 403, 200, 200, 200),
    (ENCADREMENT, "POST", "liste"):    (302, 403, 403, 403, 403, 403, 405, 405, 405),
    (ENCADREMENT, "POST", "objet"):    (302, 403, 403, 403, 403, 403, 405, 405, 405),
    (VISITES, "GET", "liste"):         (302, 403, 403, 403, 403, 403, 200, 403, 200),
    (VISITES, "GET", "objet"):         (302, 403, 403, 403, 403, 403, 200, 403, 200),
    (VISITES, "POST", "liste"):        (302, 403, 403, 403, 403, 403, 405, 403, 405),
    (VISITES, "POST", "objet"):        (302, 403, 403, 403, 403, 403, 405, 403, 405),
    (INSTALLATION, "GET", "liste"):    (302, 403, 403, 403, 403, 403, 403, 200, 200),
    (INSTALLATION, "GET", "objet"):    (302, 403, 403, 403, 403, 403, 403, 200, 200),
    (INSTALLATION, "POST", "liste"):   (302, 403, 403, 403, 403, 403, 403, 405, 405),
    (INSTALLATION, "POST", "objet"):   (302, 403, 403, 403, 403, 403, 403, 405, 405),
}  # fmt: skip

SITE = {
    # Un POST sans motif remontre le formulaire.
    ("GET", "/gestion/"):                  (302, 403, 403, 200, 200, 200, 200, 200, 200),
    ("POST", "/gestion/"):                 (302, 403, 403, 405, 405, 405, 405, 405, 405),
    ("GET", "/gestion/factures/"):         (404, 404, 404, 404, 404, 404, 404, 404, 404),
    ("GET", "/gestion/contenu/"):          (302, 403, 403, 403, 403, 403, 403, 200, 303),
    ("POST", "/gestion/contenu/"):         (302, 403, 403, 403, 403, 403, 403, 200, 303),
    ("GET", "/gestion/contenu/fermer/"):   (302, 403, 403, 405, 405, 405, 405, 405, 405),
    ("POST", "/gestion/contenu/fermer/"):  (302, 403, 403, 403, 403, 403, 403, 303, 303),
    # Ce que Django servirait et qui n'existe pas ici.
    ("GET", "/gestion/login/"):            (404, 404, 404, 404, 404, 404, 404, 404, 404),
    ("GET", "/gestion/logout/"):           (404, 404, 404, 404, 404, 404, 404, 404, 404),
    ("GET", "/gestion/password_change/"):  (404, 404, 404, 404, 404, 404, 404, 404, 404),
    ("GET", "/gestion/autocomplete/"):     (404, 404, 404, 404, 404, 404, 404, 404, 404),
    ("GET", "/gestion/r/1/1/"):            (404, 404, 404, 404, 404, 404, 404, 404, 404),
    ("GET", "/gestion/auth/group/"):       (404, 404, 404, 404, 404, 404, 404, 404, 404),
    ("GET", "/gestion/account/emailaddress/"): (404, 404, 404, 404, 404, 404, 404, 404, 404),
    ("GET", "/gestion/factures/facture/add/"): (404, 404, 404, 404, 404, 404, 404, 404, 404),
    ("POST", "/gestion/factures/facture/add/"): (404, 404, 404, 404, 404, 404, 404, 404, 404),
    ("POST", "/gestion/factures/facture/1/delete/"): (404, 404, 404, 404, 404, 404, 404, 404, 404),
}  # fmt: skip

# Un acte : GET montre sa page, POST la fait ou la remontre (200, saisie vide) ; 409 s'il n'a pas lieu d'être.
ACTES_DES_OBJETS = {
    ("GET", "factures.facture", "annuler"):       (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("POST", "factures.facture", "annuler"):      (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("GET", "factures.facture", "corriger"): (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("POST", "factures.facture", "corriger"): (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("GET", "factures.facture", "document"): (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("POST", "factures.facture", "document"): (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("GET", "factures.facture", "publier"): (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("POST", "factures.facture", "publier"): (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("GET", "factures.facture", "avertir"): (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("POST", "factures.facture", "avertir"): (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("GET", "factures.facture", "remplacer"): (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("POST", "factures.facture", "remplacer"): (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("GET", "factures.facture", "attendre"): (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("POST", "factures.facture", "attendre"): (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("GET", "factures.facture", "reprendre"): (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("POST", "factures.facture", "reprendre"): (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("GET", "factures.facture", "prolonger"): (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("POST", "factures.facture", "prolonger"): (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("GET", "factures.facture", "revoquer_papier"): (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("POST", "factures.facture", "revoquer_papier"): (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("GET", "factures.facture", "encaisser"): (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("POST", "factures.facture", "encaisser"): (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("GET", "factures.facture", "rembourser"): (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("POST", "factures.facture", "rembourser"): (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("GET", "factures.reglement", "rejeter"): (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("POST", "factures.reglement", "rejeter"): (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("GET", "factures.depotreglements", "enregistrer"): (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("POST", "factures.depotreglements", "enregistrer"): (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("GET", "factures.depotreglements", "relire"): (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("POST", "factures.depotreglements", "relire"): (302, 403, 403, 404, 403, 303, 303, 403, 403),
    ("GET", "factures.depotreglements", "ecarts"): (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("POST", "factures.depotreglements", "ecarts"): (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("GET", "factures.depotreglements", "renoncer"): (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("POST", "factures.depotreglements", "renoncer"): (302, 403, 403, 404, 403, 303, 409, 403, 403),
    ("GET", "factures.depotreglements", "annuler"): (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("POST", "factures.depotreglements", "annuler"): (302, 403, 403, 404, 403, 409, 409, 403, 403),
    # L'écart de l'essai : reçu là-bas, pas ici.
    ("GET", "factures.ecart", "enregistrer"): (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("POST", "factures.ecart", "enregistrer"): (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("GET", "factures.ecart", "confirmer"): (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("POST", "factures.ecart", "confirmer"): (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("GET", "factures.ecart", "confirmer_declare"): (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("POST", "factures.ecart", "confirmer_declare"): (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("GET", "factures.ecart", "rejeter"): (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("POST", "factures.ecart", "rejeter"): (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("GET", "factures.ecart", "designer"): (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("POST", "factures.ecart", "designer"): (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("GET", "factures.ecart", "infirmer"): (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("POST", "factures.ecart", "infirmer"): (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("GET", "factures.ecart", "classer"): (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("POST", "factures.ecart", "classer"): (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("GET", "comptes.rattachement", "suspendre"):  (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("POST", "comptes.rattachement", "suspendre"): (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("GET", "comptes.rattachement", "retablir"):   (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("POST", "comptes.rattachement", "retablir"):  (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("GET", "comptes.redevable", "inviter"):      (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("POST", "comptes.redevable", "inviter"):     (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("GET", "comptes.redevable", "imprimer"):     (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("POST", "comptes.redevable", "imprimer"):    (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("GET", "comptes.usager", "voir"):            (302, 403, 403, 404, 403, 200, 200, 403, 200),
    ("POST", "comptes.usager", "voir"):           (302, 403, 403, 404, 403, 200, 200, 403, 200),
    ("GET", "comptes.redevable", "voir"):         (302, 403, 403, 404, 403, 200, 200, 403, 200),
    ("POST", "comptes.redevable", "voir"):        (302, 403, 403, 404, 403, 200, 200, 403, 200),
    ("GET", "portail.collectivite", "codes"):     (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("POST", "portail.collectivite", "codes"):    (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("GET", "portail.annonce", "modifier"):       (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("POST", "portail.annonce", "modifier"):      (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("GET", "portail.annonce", "retirer"):        (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("POST", "portail.annonce", "retirer"):       (302, 403, 403, 404, 403, 303, 409, 403, 403),
    ("GET", "portail.regie", "suspendre"):        (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("POST", "portail.regie", "suspendre"):       (302, 403, 403, 404, 403, 303, 409, 403, 403),
    ("GET", "portail.regie", "reprendre"):        (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("POST", "portail.regie", "reprendre"):       (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("GET", "portail.regie", "changer"):          (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("POST", "portail.regie", "changer"):         (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("GET", "portail.regie", "papier"):           (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("POST", "portail.regie", "papier"):          (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("GET", "comptes.redevable", "formulaire"):   (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("POST", "comptes.redevable", "formulaire"):  (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("GET", "comptes.redevable", "papier"):       (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("POST", "comptes.redevable", "papier"):      (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("GET", "portail.regie", "renommer"):         (302, 403, 403, 404, 403, 403, 200, 403, 403),
    ("POST", "portail.regie", "renommer"):        (302, 403, 403, 404, 403, 403, 200, 403, 403),
    ("GET", "portail.regie", "raccorder"):        (302, 403, 403, 404, 403, 403, 200, 200, 200),
    ("POST", "portail.regie", "raccorder"):       (302, 403, 403, 404, 403, 403, 200, 200, 200),
    ("GET", "portail.regie", "mode"):             (302, 403, 403, 404, 403, 403, 200, 403, 403),
    ("POST", "portail.regie", "mode"):            (302, 403, 403, 404, 403, 403, 200, 403, 403),
    ("GET", "portail.regie", "moyens"):           (302, 403, 403, 404, 403, 403, 200, 403, 403),
    ("POST", "portail.regie", "moyens"):          (302, 403, 403, 404, 403, 403, 303, 403, 403),
    ("GET", "portail.regie", "fermer"):           (302, 403, 403, 404, 403, 403, 200, 403, 403),
    ("POST", "portail.regie", "fermer"):          (302, 403, 403, 404, 403, 403, 303, 403, 403),
    ("GET", "portail.regie", "rouvrir"):          (302, 403, 403, 404, 403, 403, 409, 403, 403),
    ("POST", "portail.regie", "rouvrir"):         (302, 403, 403, 404, 403, 403, 409, 403, 403),
    ("GET", "portail.regie", "supprimer"):        (302, 403, 403, 404, 403, 403, 409, 403, 403),
    ("POST", "portail.regie", "supprimer"):       (302, 403, 403, 404, 403, 403, 409, 403, 403),
    ("GET", "portail.collectivite", "identite"):  (302, 403, 403, 404, 403, 403, 200, 200, 200),
    ("POST", "portail.collectivite", "identite"): (302, 403, 403, 404, 403, 403, 200, 200, 200),
    ("GET", "portail.collectivite", "couleur"):   (302, 403, 403, 404, 403, 403, 200, 200, 200),
    ("POST", "portail.collectivite", "couleur"):  (302, 403, 403, 404, 403, 403, 200, 200, 200),
    ("GET", "portail.collectivite", "logo"):      (302, 403, 403, 404, 403, 403, 200, 200, 200),
    ("POST", "portail.collectivite", "logo"):     (302, 403, 403, 404, 403, 403, 200, 200, 200),
    ("GET", "portail.collectivite", "retirer_le_logo"):  (302, 403, 403, 404, 403, 403, 409, 409, 409),
    ("POST", "portail.collectivite", "retirer_le_logo"): (302, 403, 403, 404, 403, 403, 409, 409, 409),
    ("GET", "portail.collectivite", "accessibilite"):    (302, 403, 403, 404, 403, 403, 200, 200, 200),
    ("POST", "portail.collectivite", "accessibilite"):   (302, 403, 403, 404, 403, 403, 200, 200, 200),
    ("GET", "portail.collectivite", "ouvrir"):    (302, 403, 403, 404, 403, 403, 409, 403, 403),
    ("POST", "portail.collectivite", "ouvrir"):   (302, 403, 403, 404, 403, 403, 409, 403, 403),
    ("GET", "portail.collectivite", "adresse"):   (302, 403, 403, 404, 403, 403, 403, 200, 200),
    ("POST", "portail.collectivite", "adresse"):  (302, 403, 403, 404, 403, 403, 403, 200, 200),
    ("GET", "portail.courriel", "relancer"):      (302, 403, 403, 404, 403, 200, 200, 403, 200),
    ("POST", "portail.courriel", "relancer"):     (302, 403, 403, 404, 403, 303, 409, 403, 409),
    ("GET", "factures.lotimport", "relier"):       (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("POST", "factures.lotimport", "relier"):      (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("GET", "factures.lotimport", "publier"):      (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("POST", "factures.lotimport", "publier"):     (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("GET", "factures.lotimport", "deprogrammer"): (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("POST", "factures.lotimport", "deprogrammer"): (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("GET", "factures.lotimport", "avertir"):      (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("POST", "factures.lotimport", "avertir"):     (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("GET", "factures.lotimport", "corriger"):     (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("POST", "factures.lotimport", "corriger"):    (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("GET", "factures.lotimport", "redeposer"):    (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("POST", "factures.lotimport", "redeposer"):   (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("GET", "factures.lotimport", "conflits"):     (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("POST", "factures.lotimport", "conflits"):    (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("GET", "factures.lotimport", "colonnes"):     (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("POST", "factures.lotimport", "colonnes"):    (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("GET", "factures.lotimport", "annuler"):      (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("POST", "factures.lotimport", "annuler"):     (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("GET", "factures.lotimport", "relancer"):     (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("POST", "factures.lotimport", "relancer"):    (302, 403, 403, 404, 403, 303, 303, 403, 403),
    ("GET", "factures.lotimport", "renoncer"):     (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("POST", "factures.lotimport", "renoncer"):    (302, 403, 403, 404, 403, 303, 409, 403, 403),
    ("GET", "portail.affectation", "renvoyer"):   (302, 403, 403, 403, 403, 403, 409, 409, 409),
    ("POST", "portail.affectation", "renvoyer"):  (302, 403, 403, 403, 403, 403, 409, 409, 409),
    ("GET", "portail.affectation", "role"):       (302, 403, 403, 403, 403, 403, 200, 200, 200),
    ("POST", "portail.affectation", "role"):      (302, 403, 403, 403, 403, 403, 200, 200, 200),
    ("GET", "portail.affectation", "suspendre"):  (302, 403, 403, 403, 403, 403, 200, 200, 200),
    ("POST", "portail.affectation", "suspendre"): (302, 403, 403, 403, 403, 403, 200, 200, 200),
    ("GET", "portail.affectation", "retablir"):   (302, 403, 403, 403, 403, 403, 409, 409, 409),
    ("POST", "portail.affectation", "retablir"):  (302, 403, 403, 403, 403, 403, 409, 409, 409),
    ("GET", "portail.affectation", "retirer"):    (302, 403, 403, 403, 403, 403, 200, 200, 200),
    ("POST", "portail.affectation", "retirer"):   (302, 403, 403, 403, 403, 403, 200, 200, 200),
    ("GET", "paiement_tipi.contrattipi", "modifier"):  (302, 403, 403, 404, 403, 403, 200, 200, 200),
    ("POST", "paiement_tipi.contrattipi", "modifier"): (302, 403, 403, 404, 403, 403, 200, 200, 200),
    ("GET", "paiement_tipi.contrattipi", "grouper"):   (302, 403, 403, 404, 403, 403, 200, 200, 200),
    ("POST", "paiement_tipi.contrattipi", "grouper"):  (302, 403, 403, 404, 403, 403, 200, 200, 200),
    ("GET", "paiement_tipi.contrattipi", "mettre_en_service"):  (302, 403, 403, 404, 403, 403, 200, 200, 200),
    ("POST", "paiement_tipi.contrattipi", "mettre_en_service"): (302, 403, 403, 404, 403, 403, 200, 200, 200),
    ("GET", "paiement_tipi.contrattipi", "verifier"):  (302, 403, 403, 404, 403, 403, 200, 200, 200),
    ("POST", "paiement_tipi.contrattipi", "verifier"): (302, 403, 403, 404, 403, 403, 200, 200, 200),
    ("GET", "paiement_tipi.paiement", "confirmer"):    (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("POST", "paiement_tipi.paiement", "confirmer"):   (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("GET", "paiement_tipi.paiement", "infirmer"):     (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("POST", "paiement_tipi.paiement", "infirmer"):    (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("GET", "paiement_tipi.paiement", "interroger"):   (302, 403, 403, 404, 403, 409, 409, 403, 409),
    ("POST", "paiement_tipi.paiement", "interroger"):  (302, 403, 403, 404, 403, 409, 409, 403, 409),
    ("GET", "contact.demande", "repondre"):       (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("POST", "contact.demande", "repondre"):      (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("GET", "contact.demande", "noter"):          (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("POST", "contact.demande", "noter"):         (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("GET", "contact.demande", "assigner"):       (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("POST", "contact.demande", "assigner"):      (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("GET", "contact.demande", "service"):        (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("POST", "contact.demande", "service"):       (302, 403, 403, 404, 403, 303, 200, 403, 403),
    ("GET", "contact.demande", "clore"):          (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("POST", "contact.demande", "clore"):         (302, 403, 403, 404, 403, 303, 409, 403, 403),
    ("GET", "contact.demande", "rouvrir"):        (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("POST", "contact.demande", "rouvrir"):       (302, 403, 403, 404, 403, 409, 409, 403, 403),
    ("GET", "contact.reponsetype", "modifier"):   (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("POST", "contact.reponsetype", "modifier"):  (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("GET", "contact.reponsetype", "retirer"):    (302, 403, 403, 404, 403, 200, 200, 403, 403),
    ("POST", "contact.reponsetype", "retirer"):   (302, 403, 403, 404, 403, 303, 404, 404, 404),
}  # fmt: skip


# De même, un acte qui part de la liste.
ACTES_DES_LISTES: dict[tuple[str, str, str], tuple[int, ...]] = {
    ("GET", "factures.lotimport", "deposer"):  (302, 403, 403, 200, 403, 200, 200, 403, 403),
    ("POST", "factures.lotimport", "deposer"): (302, 403, 403, 200, 403, 200, 200, 403, 403),
    ("GET", "portail.affectation", "inviter"):     (302, 403, 403, 403, 403, 403, 200, 200, 200),
    ("POST", "portail.affectation", "inviter"):    (302, 403, 403, 403, 403, 403, 200, 200, 200),
    ("GET", "portail.affectation", "exploitant"):  (302, 403, 403, 403, 403, 403, 403, 200, 200),
    ("POST", "portail.affectation", "exploitant"): (302, 403, 403, 403, 403, 403, 403, 200, 200),
    ("GET", "portail.collectivite", "creer"):     (302, 403, 403, 403, 403, 403, 403, 200, 200),
    ("POST", "portail.collectivite", "creer"):    (302, 403, 403, 403, 403, 403, 403, 200, 200),
    ("GET", "portail.regie", "ajouter"):          (302, 403, 403, 403, 403, 403, 200, 403, 403),
    ("POST", "portail.regie", "ajouter"):         (302, 403, 403, 403, 403, 403, 200, 403, 403),
    ("GET", "contact.reponsetype", "ajouter"):    (302, 403, 403, 200, 403, 200, 200, 403, 403),
    ("POST", "contact.reponsetype", "ajouter"):   (302, 403, 403, 200, 403, 200, 200, 403, 403),
    ("GET", "factures.facture", "creer"):          (302, 403, 403, 200, 403, 200, 200, 403, 403),
    ("POST", "factures.facture", "creer"):         (302, 403, 403, 200, 403, 200, 200, 403, 403),
    ("GET", "factures.depotreglements", "deposer"):  (302, 403, 403, 200, 403, 200, 200, 403, 403),
    ("POST", "factures.depotreglements", "deposer"): (302, 403, 403, 200, 403, 200, 200, 403, 403),
    ("GET", "factures.retourtresor", "deposer"):  (302, 403, 403, 200, 403, 200, 200, 403, 403),
    ("POST", "factures.retourtresor", "deposer"): (302, 403, 403, 200, 403, 200, 200, 403, 403),
    ("GET", "portail.annonce", "annoncer"):       (302, 403, 403, 200, 403, 200, 200, 403, 403),
    ("POST", "portail.annonce", "annoncer"):      (302, 403, 403, 200, 403, 200, 200, 403, 403),
}  # fmt: skip

# Un acte sur des lignes cochées : sans rien de coché, il ramène à la liste.
ACTES_EN_NOMBRE = {
    ("factures.facture", acte): (302, 403, 403, 303, 403, 303, 303, 403, 403)
    for acte in ("annuler", "attendre", "prolonger", "publier")
} | {("factures.ecart", acte): (302, 403, 403, 303, 403, 303, 303, 403, 403) for acte in ("classer", "confirmer")}

# Une page qui n'est celle d'aucun modèle : son chemin, et pour chaque méthode le statut de chacun.
PAGES: dict[tuple[str, str, str], tuple[int, ...]] = {
    ("GET", "reglages", "reglages/"):             (302, 403, 403, 403, 403, 403, 200, 200, 200),
    ("POST", "reglages", "reglages/"):            (302, 403, 403, 403, 403, 403, 405, 405, 405),
    ("GET", "mise_en_service", "reglages/mise-en-service/"):  (302, 403, 403, 403, 403, 403, 200, 200, 200),
    ("POST", "mise_en_service", "reglages/mise-en-service/"): (302, 403, 403, 403, 403, 403, 405, 405, 405),
    ("GET", "reglages_couleur", "reglages/couleur/1d5c7a.css"):  (302, 403, 403, 403, 403, 403, 200, 200, 200),
    ("POST", "reglages_couleur", "reglages/couleur/1d5c7a.css"): (302, 403, 403, 403, 403, 403, 405, 405, 405),
    ("GET", "textes", "reglages/courriels/"):     (302, 403, 403, 403, 403, 403, 200, 403, 403),
    ("POST", "textes", "reglages/courriels/"):    (302, 403, 403, 403, 403, 403, 405, 403, 403),
    ("GET", "texte", "reglages/courriels/paiement/"):  (302, 403, 403, 403, 403, 403, 200, 403, 403),
    ("POST", "texte", "reglages/courriels/paiement/"): (302, 403, 403, 403, 403, 403, 303, 403, 403),
    ("GET", "texte_apercu", "reglages/courriels/paiement/apercu/"):    (302, 403, 403, 403, 403, 403, 200, 403, 403),
    ("POST", "texte_apercu", "reglages/courriels/paiement/apercu/"):   (302, 403, 403, 403, 403, 403, 200, 403, 403),
    ("GET", "texte_origine", "reglages/courriels/paiement/origine/"):  (302, 403, 403, 403, 403, 403, 405, 403, 403),
    ("POST", "texte_origine", "reglages/courriels/paiement/origine/"): (302, 403, 403, 403, 403, 403, 303, 403, 403),
    ("GET", "texte_essai", "reglages/courriels/paiement/essai/"):      (302, 403, 403, 403, 403, 403, 405, 403, 403),
    ("POST", "texte_essai", "reglages/courriels/paiement/essai/"):     (302, 403, 403, 403, 403, 403, 303, 403, 403),
    ("GET", "contact_piece", f"contact/piece/{UUID(int=1)}/"):   (302, 403, 403, 404, 403, 200, 200, 403, 200),
    ("POST", "contact_piece", f"contact/piece/{UUID(int=1)}/"):  (302, 403, 403, 405, 403, 405, 405, 403, 405),
    ("GET", "recherche", "recherche/"):                 (302, 403, 403, 200, 200, 200, 200, 200, 200),
    ("POST", "recherche", "recherche/"):                (302, 403, 403, 200, 200, 200, 200, 200, 200),
    # La clé d'une recherche que cette session n'a pas faite.
    ("GET", "recherche_resultats", "recherche/x/"):     (302, 403, 403, 410, 410, 410, 410, 410, 410),
    ("POST", "recherche_resultats", "recherche/x/"):    (302, 403, 403, 405, 405, 405, 405, 405, 405),
}  # fmt: skip


def test_chaque_modele_a_sa_place_dans_la_table():
    assert {a.opts.label_lower for a in admin.site._registry.values()} == set(MODELES)
    assert {m._meta.label_lower for m in nos_modeles()} - set(MODELES) == SANS_PAGE


def test_chaque_adresse_de_la_gestion_est_dans_les_tables():
    attendues = {"index", "contenu", "contenu_fermer"}
    for modele in MODELES:
        attendues |= {f"{modele.replace('.', '_')}_{page}" for page in ("changelist", "change", "exporter", "history")}
    attendues |= {f"{m.replace('.', '_')}_{acte}" for _methode, m, acte in (*ACTES_DES_OBJETS, *ACTES_DES_LISTES)}
    attendues |= {nom for _methode, nom, _chemin in PAGES}
    attendues |= {f"{modele.replace('.', '_')}_{acte}_en_nombre" for modele, acte in ACTES_EN_NOMBRE}
    assert {nom.removeprefix("gestion:") for nom in adresses() if nom.startswith("gestion:")} == attendues


def test_chaque_acte_est_dans_la_table_des_droits_et_a_un_role():
    declares = {
        f"{modele}.{acte.nom}"
        for modele in MODELES
        for acte in (*registre.actes(modele), *registre.actes_de_liste(modele))
    } | {page.acte for page in registre.pages() if page.acte}
    exports = {f"{modele}.exporter" for modele in MODELES}
    assert declares | exports == {acte for actes in ACTES.values() for acte in actes}
    assert set(ACTES) == set(Role)
    assert ACTES[Role.LECTURE] == frozenset()


def ecarts(monde, cas) -> dict[str, dict[str, tuple[int, int]]]:
    """Par cas (sa méthode, son adresse, les statuts attendus), qui reçoit autre chose : (attendu, reçu).

    Un GET n'écrit jamais rien, sinon un document de plus au compteur.
    """
    clients = [monde.chez[nom] for nom in PERSONNES]  # connectés une fois pour toutes
    trouves = {}
    for methode, chemin, codes in cas:
        with sans_suite(clients), CaptureQueriesContext(connection) as requetes:
            reponses = [getattr(client, methode.lower())(chemin) for client in clients]
            recus = [(reponse.status_code, reponse.getvalue())[0] for reponse in reponses]  # un fichier lu se ferme
        assert methode != "GET" or tables_ecrites(requetes) <= {"portail_compteur"}, chemin
        triplets = zip(PERSONNES, codes, recus, strict=True)
        if faux := {nom: (attendu, recu) for nom, attendu, recu in triplets if attendu != recu}:
            trouves[f"{methode} {chemin}"] = faux
    return trouves


@pytest.mark.parametrize("methode", ["GET", "POST"])
def test_les_listes_les_fiches_et_les_historiques(monde, methode):
    cas = []
    for modele, genre in MODELES.items():
        liste, objet = CODES[genre, methode, "liste"], CODES[genre, methode, "objet"]
        cas.append((methode, f"/gestion/{modele.replace('.', '/')}/", liste))
        cas += [(methode, adresse(monde.ici[modele], page), objet) for page in ("change", "history")]
    assert ecarts(monde, cas) == {}


def test_les_pages_du_site(monde):
    assert ecarts(monde, [(methode, chemin, codes) for (methode, chemin), codes in SITE.items()]) == {}


@pytest.mark.parametrize("methode", ["GET", "POST"])
def test_les_actes(monde, methode, settings):
    settings.PAYFIP_URL = "http://127.0.0.1:9/"  # personne n'y répond
    # Abouti : il n'y a plus rien à demander à PayFiP.
    type(monde.ici["paiement_tipi.paiement"]).objects.update(etat="paye")
    cas = [(m, adresse(monde.ici[modele], acte), codes) for (m, modele, acte), codes in ACTES_DES_OBJETS.items()]
    assert ecarts(monde, [un for un in cas if un[0] == methode]) == {}


def test_les_actes_des_listes_et_les_pages_qui_ne_sont_d_aucun_modele(monde):
    listes = [(m, f"{modele.replace('.', '/')}/{acte}/", c) for (m, modele, acte), c in ACTES_DES_LISTES.items()]
    pages = [(m, chemin, codes) for (m, _nom, chemin), codes in PAGES.items()]
    nombres = [
        (methode, f"{modele.replace('.', '/')}/{acte}/en-nombre/", codes)
        for (modele, acte), codes in ACTES_EN_NOMBRE.items()
        for methode in ("GET", "POST")
    ]
    assert ecarts(monde, [(m, f"/gestion/{chemin}", codes) for m, chemin, codes in (*listes, *pages, *nombres)]) == {}


@pytest.mark.parametrize("cle", ["0", "-1", "abc", "99999999999999999999999", "1%00", "1' OR 1=1", "²"])
def test_une_cle_impossible_est_introuvable(monde, cle):
    for modele in ("factures.facture", "django_tasks_database.dbtaskresult"):
        for page in ("change", "history"):
            reponse = monde.chez["exploitant_ouvert"].get(f"/gestion/{modele.replace('.', '/')}/{cle}/{page}/")
            assert reponse.status_code == 404


def test_le_droit_retire_l_est_des_la_requete_suivante(monde, agente):
    client, chemin = monde.chez["agente"], adresse(monde.ici["factures.facture"], "annuler")
    assert client.get(chemin).status_code == 200
    Affectation.objects.filter(usager=agente).update(role=Role.LECTURE)
    assert client.get(chemin).status_code == 403
    assert client.get(adresse(monde.ici["factures.facture"])).status_code == 200
    Affectation.objects.filter(usager=agente).delete()
    assert client.get("/gestion/").status_code == 403
    type(agente).objects.filter(pk=agente.pk).update(is_active=False)
    assert client.get("/gestion/").status_code == 302


def test_l_affectation_ne_vaut_rien_sans_etre_agent(monde, agente):
    type(agente).objects.filter(pk=agente.pk).update(is_staff=False)
    assert monde.chez["agente"].get("/gestion/").status_code == 403


def test_l_agent_d_une_commune_est_anonyme_chez_une_autre(monde):
    reponse = monde.chez["agente"].get("/gestion/", HTTP_HOST=monde.ailleurs.hotes.get().nom)
    assert (reponse.status_code, reponse["Location"]) == (302, "/connexion/?next=/gestion/")


def test_l_agent_de_deux_communes_n_agit_que_dans_celle_de_sa_session(monde, agente):
    Affectation.objects.create(usager=agente, collectivite=monde.ailleurs, role=Role.ADMINISTRATION)
    client = monde.chez["agente"]
    assert client.get(adresse(monde.la_bas["factures.facture"])).status_code == 404
    assert client.get(adresse(monde.ici["portail.regie"], "renommer")).status_code == 403  # son rôle ici, pas là-bas
