"""Composition du site : les autres apps sont nommées par leur chemin, jamais importées."""

from django.contrib import admin
from django.urls import include, path

from portail import views, vitrine

handler400 = "portail.views.requete_incorrecte"
handler403 = "portail.views.acces_refuse"
handler404 = "portail.views.page_introuvable"
handler500 = "portail.views.erreur_interne"

urlpatterns = [
    path("charte/<slug:lien>-<slug:empreinte>.css", views.charte, name="charte"),
    path("charte/<slug:lien>/logo", views.logo, name="logo"),
    path("sante/vivant", views.vivant, name="vivant"),
    path("sante/pret", views.pret, name="pret"),
    path(".well-known/security.txt", views.securite, name="securite"),
    path(".well-known/change-password", views.changer_de_mot_de_passe, name="changer_de_mot_de_passe"),
    path("favicon.ico", views.favicon, name="favicon"),
    path("mentions-legales/", views.page, {"gabarit": "portail/mentions_legales.html"}, name="mentions_legales"),
    path("donnees-personnelles/", views.donnees_personnelles, name="donnees_personnelles"),
    path("accessibilite/", views.page, {"gabarit": "portail/accessibilite.html"}, name="accessibilite"),
    path("plan-du-site/", views.page, {"gabarit": "portail/plan_du_site.html"}, name="plan_du_site"),
    path("aide/", views.page, {"gabarit": "portail/aide.html"}, name="aide"),
    path("composants/", vitrine.composants, name="composants"),
    path("gestion/", admin.site.urls),
    path("", include("comptes.urls")),
    path("", include("factures.urls")),
    path("", include("paiement_tipi.urls")),
    path("contact/", include("contact.urls")),
]
