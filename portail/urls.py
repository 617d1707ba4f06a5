"""Composition du site : les autres apps sont nommées par leur chemin, jamais importées."""

from django.urls import include, path

from portail import views

handler400 = "portail.views.requete_incorrecte"
handler403 = "portail.views.acces_refuse"
handler404 = "portail.views.page_introuvable"
handler500 = "portail.views.erreur_interne"

urlpatterns = [
    path("charte/<slug:lien>-<slug:empreinte>.css", views.charte, name="charte"),
    path("charte/<slug:lien>/logo", views.logo, name="logo"),
    path("sante/vivant", views.vivant, name="vivant"),
    path("sante/pret", views.pret, name="pret"),
    path("favicon.ico", views.favicon, name="favicon"),
    path("", include("comptes.urls")),
    path("", include("factures.urls")),
    path("", include("paiement_tipi.urls")),
]
