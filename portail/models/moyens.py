"""Comment un service se paie sans internet ; tout y est facultatif, et rien n'est proposé que le service n'ait dit."""

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portail.moyens import PLAFOND_TABAC, Autrement, est_iban, par_quatre


def valider_iban(iban: str) -> None:
    """Refuse ce qui n'est pas un IBAN français juste, écrit par groupes de quatre."""
    if not est_iban(iban) or par_quatre(iban) != iban:
        raise ValidationError(gettext("Cet IBAN n'est pas juste : recopiez les 27 signes, de FR au dernier chiffre."))


def _ensemble(un: str, autre: str, nom: str, phrase: Any) -> models.CheckConstraint:
    vides, remplis = Q(**{un: "", autre: ""}), ~Q(**{un: ""}) & ~Q(**{autre: ""})
    return models.CheckConstraint(condition=vides | remplis, name=nom, violation_error_message=phrase)


class MoyensHorsLigne(models.Model):
    """Le guichet, le chèque, le virement, le bureau de tabac, et comment prendre le prélèvement."""

    guichet_adresse = models.TextField(_("adresse du guichet"), blank=True)
    guichet_horaires = models.CharField(_("horaires du guichet"), max_length=200, blank=True)
    cheque_ordre = models.CharField(_("chèque à l'ordre de"), max_length=80, blank=True)
    cheque_adresse = models.TextField(_("où envoyer le chèque"), blank=True)
    virement_titulaire = models.CharField(_("titulaire du compte"), max_length=80, blank=True)
    virement_iban = models.CharField(_("IBAN du compte"), max_length=33, blank=True, validators=[valider_iban])
    tabac = models.BooleanField(_("se paie chez un buraliste"), default=False)
    prelevement = models.TextField(_("comment prendre le prélèvement automatique"), blank=True)

    class Meta:
        abstract = True
        constraints = (
            _ensemble(
                "guichet_adresse", "guichet_horaires", "regie_guichet_entier",
                _("Un guichet se dit avec son adresse et ses horaires, ou pas du tout."),
            ),
            _ensemble(
                "cheque_ordre", "cheque_adresse", "regie_cheque_entier",
                _("Un chèque se dit avec son ordre et l'adresse où l'envoyer, ou pas du tout."),
            ),
            _ensemble(
                "virement_titulaire", "virement_iban", "regie_virement_entier",
                _("Un virement se dit avec le titulaire et l'IBAN, ou pas du tout."),
            ),
        )  # fmt: skip

    def moyens(self, somme: Decimal | None = None, *, reference: str = "", code: bool = True) -> tuple[Autrement, ...]:
        """Ceux qui conviennent à la somme, ou tous. ``code`` : la facture papier porte bien celui de cette somme."""
        tabac = self.tabac and code and (somme is None or somme <= PLAFOND_TABAC)
        rappel = _rappel(reference)
        possibles = (
            (self.guichet_adresse, self._guichet()),
            (self.cheque_ordre, self._cheque(rappel)),
            (self.virement_iban, self._virement(rappel)),
            (tabac, _chez_le_buraliste()),
        )
        return tuple(moyen for propose, moyen in possibles if propose)

    def adoption(self) -> tuple[Autrement, ...]:
        """Comment prendre le prélèvement automatique : il ne paie pas cette facture-ci, mais les prochaines."""
        lignes = tuple(self.prelevement.splitlines())
        return (Autrement(_("Pour vos prochaines factures : le prélèvement automatique"), lignes),) if lignes else ()

    def tous_les_moyens(self) -> tuple[Autrement, ...]:
        """Quelle que soit la somme, pour qui se renseigne."""
        return self.moyens() + self.adoption()

    def _guichet(self) -> Autrement:
        return Autrement(_("Au guichet"), (*self.guichet_adresse.splitlines(), self.guichet_horaires))

    def _cheque(self, rappel: str) -> Autrement:
        ordre = gettext("À l'ordre de : %(ordre)s") % {"ordre": self.cheque_ordre}
        return Autrement(_("Par chèque"), (ordre, *self.cheque_adresse.splitlines(), rappel))

    def _virement(self, rappel: str) -> Autrement:
        titulaire = gettext("Titulaire : %(nom)s") % {"nom": self.virement_titulaire}
        iban = gettext("IBAN : %(iban)s") % {"iban": self.virement_iban}
        return Autrement(_("Par virement"), (titulaire, iban, rappel))


def _rappel(reference: str) -> str:
    """Sans la référence, un comptable ne sait pas quelle facture est payée."""
    if not reference:
        return gettext("Écrivez la référence de la facture.")
    return gettext("Écrivez la référence : %(reference)s") % {"reference": reference}


def _chez_le_buraliste() -> Autrement:
    especes = gettext("En espèces jusqu'à %(plafond)s €, ou par carte bancaire.") % {"plafond": PLAFOND_TABAC}
    return Autrement(_("Chez un buraliste agréé"), (_("Avec la facture papier, qui porte un code à scanner."), especes))
