from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

from portail.ajout_seul import proteger
from portail.registre import Periodique, declarer


class PortailConfig(AppConfig):
    name = "portail"
    verbose_name = _("Portail")

    def ready(self) -> None:
        post_migrate.connect(proteger, sender=self, dispatch_uid="portail.ajout_seul")
        declarer(Periodique("portail.tasks.sceller_le_journal", lambda: 60))
