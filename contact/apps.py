from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from comptes.registre import declarer_fermeture, declarer_rubrique
from portail.registre import Periodique, declarer, declarer_courriel, declarer_demonstration, declarer_suite_d_acces


class ContactConfig(AppConfig):
    name = "contact"
    verbose_name = _("Contact")

    def ready(self) -> None:
        # Les modèles n'existent qu'à partir d'ici.
        from contact.courriels import SORTES  # noqa: PLC0415
        from contact.services import demonstration, fermeture, liberer_celles_de  # noqa: PLC0415
        from contact.services.copie import DEMANDES  # noqa: PLC0415

        for sorte in SORTES:
            declarer_courriel(sorte)
        declarer_rubrique(DEMANDES)
        declarer_demonstration(self.name, demonstration.raconter)
        declarer_fermeture(self.name, fermeture.FERMETURE)
        declarer_suite_d_acces(self.name, liberer_celles_de)
        declarer(Periodique("contact.tasks.prevenir_les_services", lambda: 15 * 60))
        declarer(Periodique("contact.tasks.oublier_les_demandes", lambda: 24 * 3600))
