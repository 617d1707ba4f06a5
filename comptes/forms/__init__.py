"""Les formulaires des comptes : ils vérifient ce qui est tapé, les services font le reste."""

from comptes.forms.activation import ActivationForm, CodesForm, NomForm, OuvertureForm
from comptes.forms.connexion import ConnexionForm, CourrielField

__all__ = ["ActivationForm", "CodesForm", "ConnexionForm", "CourrielField", "NomForm", "OuvertureForm"]
