from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from comptes.registre import declarer_fermeture, declarer_rubrique
from portail.registre import Periodique, declarer, declarer_courriel


class FacturesConfig(AppConfig):
    name = "factures"
    verbose_name = _("Factures")

    def ready(self) -> None:
        # Les modèles n'existent qu'à partir d'ici.
        from factures.courriels import DECLARATION, DISPONIBLE  # noqa: PLC0415
        from factures.services.copie import RUBRIQUES  # noqa: PLC0415
        from factures.services.fermeture import FERMETURE  # noqa: PLC0415

        for rubrique in RUBRIQUES:
            declarer_rubrique(rubrique)
        declarer_fermeture(self.name, FERMETURE)
        declarer_courriel(DISPONIBLE)
        declarer_courriel(DECLARATION)
        declarer(Periodique("factures.tasks.publier_les_lots_prevus", lambda: 30))
        declarer(Periodique("factures.tasks.relever_les_depots", lambda: 30))
        declarer(Periodique("factures.tasks.effacer_les_vieux_lots", lambda: 24 * 3600))
        declarer(Periodique("factures.tasks.tenir_les_bilans", lambda: 300))
        declarer(Periodique("factures.tasks.suivre_les_ecarts", lambda: 3600))
