from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from comptes.registre import declarer_rubrique
from portail.registre import Periodique, declarer, declarer_courriel


class ComptesConfig(AppConfig):
    name = "comptes"
    verbose_name = _("Comptes")

    def ready(self) -> None:
        # Les modèles n'existent qu'à partir d'ici.
        from comptes.courriels import SORTES  # noqa: PLC0415
        from comptes.services.copies import RUBRIQUES  # noqa: PLC0415

        for sorte in SORTES:
            declarer_courriel(sorte)
        for rubrique in RUBRIQUES:
            declarer_rubrique(rubrique)
        declarer(Periodique("comptes.tasks.oublier_les_activations", lambda: 24 * 3600))
        declarer(Periodique("comptes.tasks.oublier_les_demandes", lambda: 24 * 3600))
        declarer(Periodique("comptes.tasks.finir_les_visites", lambda: 60))
        declarer(Periodique("comptes.tasks.effacer_les_copies", lambda: 15 * 60))
        declarer(Periodique("comptes.tasks.prevenir_les_inactifs", lambda: 24 * 3600))
        declarer(Periodique("comptes.tasks.fermer_les_inactifs", lambda: 24 * 3600))
