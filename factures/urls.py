from django.urls import path

from factures import views

app_name = "factures"
urlpatterns = [
    path("", views.accueil, name="accueil"),
    path("annonces/lues/", views.annonces_lues, name="annonces_lues"),
    path("factures/", views.liste, name="liste"),
    path("factures/<uuid:uuid>/", views.detail, name="detail"),
    path("factures/<uuid:uuid>/pdf/", views.pdf, name="pdf"),
    path("factures/<uuid:uuid>/reglee/", views.reglee, name="reglee"),
]
