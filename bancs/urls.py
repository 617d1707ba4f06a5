"""Les adresses du portail, plus les deux du banc."""

from django.urls import path

from bancs import vues
from portail import urls as portail

handler400, handler403 = portail.handler400, portail.handler403
handler404, handler500 = portail.handler404, portail.handler500

urlpatterns = [
    *portail.urlpatterns,
    path("bancs/page-nue/", vues.page_nue),
    path("bancs/ouvrier/", vues.ouvrier),
]
