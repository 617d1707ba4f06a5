from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

from portail.ajout_seul import proteger
from portail.registre import Periodique, declarer, declarer_courriel, declarer_verification


class PortailConfig(AppConfig):
    name = "portail"
    verbose_name = _("Portail")

    def ready(self) -> None:
        post_migrate.connect(proteger, sender=self, dispatch_uid="portail.ajout_seul")
        # Les tâches en file sont un modèle : il n'existe qu'à partir d'ici.
        from portail import ouvertures, sante  # noqa: PLC0415
        from portail.services.ouverture import declarer_les_mentions  # noqa: PLC0415

        for verifier in (sante.base, sante.migrations, sante.disque, sante.file_d_attente):
            declarer_verification(verifier.__name__, verifier)
        declarer_courriel(ouvertures.CONTENU_OUVERT)
        declarer_les_mentions()
        declarer(Periodique("portail.tasks.sceller_le_journal", lambda: 60))
        declarer(Periodique("portail.tasks.envoyer_les_courriels", lambda: 30))
        declarer(Periodique("portail.tasks.faire_le_menage", lambda: 24 * 3600))
        declarer(Periodique("portail.tasks.purger_les_compteurs", lambda: 3600))
