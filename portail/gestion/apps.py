from django.contrib.admin.apps import AdminConfig


class GestionConfig(AdminConfig):
    default_site = "portail.gestion.site.SiteGestion"
