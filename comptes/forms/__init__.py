"""Les formulaires des comptes : ils vérifient ce qui est tapé, les services font le reste."""

from comptes.forms.activation import ActivationForm, CodesForm, NomForm, OuvertureForm
from comptes.forms.adresses import AdresseForm, EnvoiForm
from comptes.forms.connexion import ConnexionForm, CourrielField
from comptes.forms.mots_de_passe import (
    AcceptationForm,
    ChangementForm,
    MotDePasseForm,
    NouveauMotDePasseForm,
    OubliForm,
)

__all__ = [
    "AcceptationForm",
    "ActivationForm",
    "AdresseForm",
    "ChangementForm",
    "CodesForm",
    "ConnexionForm",
    "CourrielField",
    "EnvoiForm",
    "MotDePasseForm",
    "NomForm",
    "NouveauMotDePasseForm",
    "OubliForm",
    "OuvertureForm",
]
