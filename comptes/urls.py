"""La connexion d'allauth sous nos adresses (les siennes n'existent pas ici), l'activation, « Mes informations »."""

from allauth.account.views import LoginView
from django.contrib.auth.decorators import login_not_required
from django.urls import path

from comptes.views import (
    activation,
    adresses,
    agents,
    copie,
    deconnexion,
    fermeture,
    informations,
    liens,
    mots_de_passe,
    papier,
    rattachements,
    visites,
)
from portail.requete import des_avant_l_ouverture

connexion = des_avant_l_ouverture(LoginView.as_view(template_name="comptes/connexion.html"))
urlpatterns = [
    path("connexion/", connexion, name="account_login"),
    # Sans connexion exigée : une session déjà finie mène à la page de connexion, pas à une erreur après elle.
    path(
        "deconnexion/",
        des_avant_l_ouverture(login_not_required(deconnexion.Deconnexion.as_view())),
        name="account_logout",
    ),
    path("activation/", activation.demander, name="activation"),
    path("activation/envoyee/", activation.envoyee, name="activation_envoyee"),
    path("activation/finir/", activation.finir, name="activation_finir"),
    path("activation/<uuid:uuid>/<slug:jeton>/", activation.lien, name="activation_lien"),
    path("mes-informations/rattacher/", rattachements.ajouter, name="rattacher"),
    path("mes-informations/comptes-client/", rattachements.liste, name="rattachements"),
    path("mes-informations/comptes-client/<uuid:uuid>/nommer/", rattachements.nommer, name="rattachement_nommer"),
    path("mes-informations/comptes-client/<uuid:uuid>/detacher/", rattachements.detacher, name="rattachement_detacher"),
    path("lien/<slug:usage>/<str:jeton>/", liens.suivre, name="lien"),
    path("mot-de-passe/oublie/", mots_de_passe.oublie, name="mot_de_passe_oublie"),
    path("mot-de-passe/oublie/envoye/", mots_de_passe.envoye, name="mot_de_passe_envoye"),
    path("mot-de-passe/nouveau/", mots_de_passe.nouveau, name="mot_de_passe_nouveau"),
    path("adresse-mail/valider/", adresses.valider, name="adresse_valider"),
    path("adresse-mail/annuler/", adresses.annuler, name="adresse_annuler"),
    path("visite/quitter/", visites.quitter, name="visite_quitter"),
    path("agent/accepter/", agents.accepter, name="agent_accepter"),
    path("mes-informations/", informations.mes_informations, name="mes_informations"),
    path("mes-informations/adresse-mail/", adresses.changer, name="adresse_changer"),
    path("mes-informations/adresse-mail/confirmer/", adresses.confirmer, name="adresse_confirmer"),
    path("mes-informations/appareils/", informations.appareils, name="appareils"),
    path("mes-informations/copie/", copie.copie, name="copie"),
    path("mes-informations/copie/emporter/", copie.emporter, name="copie_emporter"),
    path("mes-informations/fermer/", fermeture.fermer, name="compte_fermer"),
    path("mes-informations/envoi/<uuid:uuid>/", papier.envoi, name="envoi"),
]
