from django.urls import path, re_path

from paiement_tipi import views

app_name = "paiement_tipi"
urlpatterns = [
    path("factures/payer-ensemble/", views.payer_ensemble, name="payer_ensemble"),
    path("factures/tout-payer/", views.tout_payer, name="tout_payer"),
    path("factures/<uuid:uuid>/payer/", views.payer, name="payer"),
    path("factures/<uuid:uuid>/paiement/", views.en_cours, name="en_cours"),
    re_path(r"^p/(?P<code>[^/]{1,80})/?$", views.papier, name="papier"),
    path("paiement/justificatif/<uuid:uuid>/", views.justificatif, name="justificatif"),
    path("paiement/justificatif/<uuid:uuid>/pdf/", views.justificatif_pdf, name="justificatif_pdf"),
    path("paiement/justificatif/<uuid:uuid>/<uuid:facture>/", views.justificatif, name="justificatif_de_facture"),
    path(
        "paiement/justificatif/<uuid:uuid>/<uuid:facture>/pdf/",
        views.justificatif_pdf,
        name="justificatif_de_facture_pdf",
    ),
    path("paiement/notification/", views.notification, name="notification"),
    path("paiement/notification/<slug:jeton>/", views.resultat, name="resultat"),
    path("paiement/retour/<slug:jeton>/", views.retour, name="retour"),
    path("paiement/retour/<slug:jeton>/justificatif/", views.justificatif_du_papier, name="justificatif_du_papier"),
    path(
        "paiement/retour/<slug:jeton>/justificatif/pdf/",
        views.justificatif_du_papier_pdf,
        name="justificatif_du_papier_pdf",
    ),
]
