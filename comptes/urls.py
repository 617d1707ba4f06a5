"""La connexion d'allauth sous nos adresses (ses autres pages n'existent pas ici), l'activation, les comptes clients."""

from allauth.account.views import LoginView
from django.contrib.auth.decorators import login_not_required
from django.urls import path

from comptes.views import activation, deconnexion, rattachements

urlpatterns = [
    path("connexion/", LoginView.as_view(template_name="comptes/connexion.html"), name="account_login"),
    # Sans connexion exigée : une session déjà finie mène à la page de connexion, pas à une erreur après elle.
    path("deconnexion/", login_not_required(deconnexion.Deconnexion.as_view()), name="account_logout"),
    path("activation/", activation.demander, name="activation"),
    path("activation/envoyee/", activation.envoyee, name="activation_envoyee"),
    path("activation/finir/", activation.finir, name="activation_finir"),
    path("activation/<uuid:uuid>/<slug:jeton>/", activation.lien, name="activation_lien"),
    path("mes-informations/rattacher/", rattachements.ajouter, name="rattacher"),
    path("mes-informations/comptes-client/", rattachements.liste, name="rattachements"),
    path("mes-informations/comptes-client/<uuid:uuid>/nommer/", rattachements.nommer, name="rattachement_nommer"),
    path("mes-informations/comptes-client/<uuid:uuid>/detacher/", rattachements.detacher, name="rattachement_detacher"),
]
