"""Les formulaires des réglages de la commune."""

from portail.admin.formulaires.communes import (
    AccessibiliteForm,
    CouleurForm,
    IdentiteForm,
    LogoForm,
    exiger_les_mentions,
    refuser_un_audit_a_venir,
)
from portail.admin.formulaires.moyens import MoyensForm
from portail.admin.formulaires.services import AdresseForm, CommuneForm, LibelleForm, ModeForm, ServiceForm
from portail.admin.formulaires.textes import TexteForm

__all__ = [
    "AccessibiliteForm",
    "AdresseForm",
    "CommuneForm",
    "CouleurForm",
    "IdentiteForm",
    "LibelleForm",
    "LogoForm",
    "ModeForm",
    "MoyensForm",
    "ServiceForm",
    "TexteForm",
    "exiger_les_mentions",
    "refuser_un_audit_a_venir",
]
