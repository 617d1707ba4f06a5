"""La connexion d'allauth sous nos adresses ; ses autres pages n'existent pas ici."""

from allauth.account.views import LoginView, LogoutView
from django.urls import path
from django.views.decorators.http import require_POST

urlpatterns = [
    path("connexion/", LoginView.as_view(template_name="comptes/connexion.html"), name="account_login"),
    path("deconnexion/", require_POST(LogoutView.as_view()), name="account_logout"),
]
