"""Les comptes clients d'une personne : en ajouter un, lui donner un nom, s'en détacher."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from comptes import services
from comptes.etats import EtatRattachement
from comptes.forms import CodesForm, NomForm
from comptes.models import Rattachement
from comptes.requete import RequeteUsager
from comptes.views.activation import compter_codes
from portail.reponses import VoirAilleurs

LISTE = "/mes-informations/comptes-client/"


def _sien(request: RequeteUsager, uuid: UUID) -> Rattachement:
    siens = Rattachement.objects.de(request.user, chez=request.collectivite)
    return get_object_or_404(siens, redevable__uuid=uuid)


@require_safe
def liste(request: RequeteUsager) -> HttpResponse:
    """Chaque compte client rattaché, avec le nom qu'on peut lui donner."""
    siens = Rattachement.objects.de(request.user, chez=request.collectivite)
    comptes = [{"rattachement": r, "form": NomForm(instance=r, auto_id=f"id_{r.redevable.uuid}_%s")} for r in siens]
    return render(request, "comptes/rattachements.html", {"comptes": comptes})


@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def ajouter(request: RequeteUsager) -> HttpResponse:
    """Un compte client de plus, par les codes de son courrier."""
    form = CodesForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        compter_codes(request, form.cleaned_data["client"])
        rattachement = services.rattacher_par_code(usager=request.user, chez=request.collectivite, **form.cleaned_data)
        if rattachement is not None:
            return _ajoute(request, rattachement)
        form.add_error(None, _("Ces codes ne sont pas les bons, ou le code d'activation a déjà servi."))
    return render(request, "comptes/rattacher.html", {"form": form})


def _ajoute(request: RequeteUsager, rattachement: Rattachement) -> HttpResponse:
    if rattachement.etat == EtatRattachement.SUSPENDU:
        messages.warning(request, _("Le service a suspendu votre accès à ce compte client. Appelez-le."))
    else:
        messages.success(request, _("C'est fait : vous voyez maintenant les factures de ce compte client."))
    return VoirAilleurs(LISTE)


@require_POST
def nommer(request: RequeteUsager, uuid: UUID) -> HttpResponse:
    """Le nom que la personne préfère ; vide, celui du service revient."""
    rattachement = _sien(request, uuid)
    form = NomForm(request.POST)
    if form.is_valid():
        services.nommer(rattachement=rattachement, nom=form.cleaned_data["nom_donne"])
        messages.success(request, _("Le nom est enregistré."))
    else:
        messages.error(request, _("Ce nom est trop long : quarante caractères au plus."))
    return VoirAilleurs(LISTE)


@require_http_methods(["GET", "HEAD", "POST"])
def detacher(request: RequeteUsager, uuid: UUID) -> HttpResponse:
    """Ce que cela change, puis le bouton qui le fait."""
    rattachement = _sien(request, uuid)
    if request.method != "POST":
        return render(request, "comptes/detacher.html", {"rattachement": rattachement})
    services.detacher(rattachement=rattachement)
    messages.success(request, _("C'est fait : vous ne voyez plus les factures de ce compte client."))
    return VoirAilleurs(LISTE)
