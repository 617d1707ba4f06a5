"""La connexion d'allauth sous nos adresses ; ses autres pages n'existent pas ici."""

from allauth.account.views import LoginView
from django.contrib.auth.decorators import login_not_required
from django.urls import path

from comptes.views import deconnexion

urlpatterns = [
    path("connexion/", LoginView.as_view(template_name="comptes/connexion.html"), name="account_login"),
    # Sans connexion exigée : une session déjà finie mène à la page de connexion, pas à une erreur après elle.
    path("deconnexion/", login_not_required(deconnexion.Deconnexion.as_view()), name="account_logout"),
]
