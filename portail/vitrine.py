"""``/composants/`` : toutes les pièces de nos pages, dans toutes leurs variantes. En développement seulement."""

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe


class ExempleForm(forms.Form):
    """Un champ de chaque sorte."""

    courriel = forms.EmailField(label=_("Adresse mail"), help_text=_("Par exemple nom@exemple.fr."))
    service = forms.ChoiceField(
        label=_("Service"), choices=[("eau", _("Eau")), ("cantine", _("Restauration scolaire"))]
    )
    message = forms.CharField(label=_("Votre message"), widget=forms.Textarea(attrs={"rows": 4}))
    souvenir = forms.BooleanField(label=_("Se souvenir de moi"), required=False)


@login_not_required
@require_safe
def composants(request: HttpRequest) -> HttpResponse:
    """404 hors développement, démonstration comprise."""
    if not settings.DEBUG:
        raise Http404
    formulaires = {"vierge": ExempleForm(prefix="vierge"), "fautif": ExempleForm({}, prefix="fautif")}
    return render(request, "portail/composants.html", formulaires)
