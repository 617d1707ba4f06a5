from django.apps import AppConfig
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from comptes.registre import declarer_fermeture, declarer_rubrique
from factures import registre
from portail.registre import Periodique, declarer, declarer_chiffre, declarer_courriel, declarer_exigence


class PaiementTipiConfig(AppConfig):
    name = "paiement_tipi"
    verbose_name = _("Paiement PayFiP")

    def ready(self) -> None:
        # Les modèles n'existent qu'à partir d'ici.
        from paiement_tipi.services import (  # noqa: PLC0415
            accuse,
            alertes,
            constat,
            contrats,
            copie,
            empechements,
            fermeture,
            justificatif,
            papier,
            par_la_regie,
            rejets,
            suivi,
        )

        registre.declarer_origine_en_ligne(constat.ORIGINE)
        registre.declarer_operations(empechements.operations)
        registre.declarer_adresse_de_papier(papier.adresse_du_papier)
        registre.declarer_groupement(empechements.groupement)
        registre.declarer_justificatifs(justificatif.justificatifs_de)
        registre.declarer_suivi(suivi.colonne, suivi.lire)
        registre.declarer_liees(suivi.liees)
        registre.declarer_conditions(empechements.conditions)
        registre.declarer_reference(contrats.reference)
        registre.declarer_declares(par_la_regie.declares, par_la_regie.confirmer)
        registre.declarer_suite_de_rejet(rejets.suivre_le_rejet)
        registre.declarer_factures_liees(rejets.factures_liees)
        declarer_fermeture(self.name, fermeture.FERMETURE)
        declarer(Periodique("paiement_tipi.tasks.comparer_a_payfip", lambda: 300))
        declarer(Periodique("paiement_tipi.tasks.sonder_les_contrats", lambda: 24 * 3600))
        declarer(Periodique("paiement_tipi.tasks.relever_paiements", lambda: settings.RAPPROCHEMENT_SECONDES))
        declarer_courriel(accuse.ACCUSE)
        declarer_rubrique(copie.PAIEMENTS)
        declarer_exigence(contrats.EN_PRODUCTION)
        for compter in alertes.COMPTES:
            declarer_chiffre(compter.__name__, compter)
