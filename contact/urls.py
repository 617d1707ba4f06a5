from django.urls import path

from contact import views

app_name = "contact"
urlpatterns = [
    path("", views.accueil, name="accueil"),
    path("<uuid:uuid>/", views.demande, name="demande"),
    path("<uuid:uuid>/enregistree/", views.enregistree, name="enregistree"),
    path("pieces/<uuid:uuid>/", views.piece, name="piece"),
]
