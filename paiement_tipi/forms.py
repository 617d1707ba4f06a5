from uuid import UUID, uuid4

from django import forms


class DepartForm(forms.Form):
    """Le départ vers PayFiP ne porte qu'un numéro de formulaire : la somme et la référence viennent de la base."""

    formulaire = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def numero(self) -> UUID:
        """Celui du formulaire, qu'un double clic envoie deux fois ; un nouveau s'il manque ou s'il est illisible."""
        lu = self.cleaned_data.get("formulaire") if self.is_valid() else None
        return lu or uuid4()
