"""Les pages d'un objet : sa fiche, son historique, et une page par acte."""

from dataclasses import dataclass
from decimal import Decimal
from http import HTTPStatus
from itertools import compress
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.admin.utils import label_for_field, lookup_field
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portail.gestion import conflits, frise, registre
from portail.gestion.champs import ChampsReserves
from portail.gestion.droits import acces
from portail.gestion.refus import pourquoi_pas, refuser, trier
from portail.models import Collectivite
from portail.reponses import VoirAilleurs
from portail.versions import Conflit, DejaModifie


@dataclass(frozen=True)
class Cellule:
    """Une valeur à montrer ; si c'est un objet que la personne peut voir, où le voir."""

    valeur: Any
    lien: str = ""


class PagesDUnObjet(ChampsReserves):
    """Ce que ``AdminParCommune`` sert pour un objet ; ``objet`` le trouve dans la commune, ou répond 404."""

    installation: ClassVar[bool] = False
    fiche: ClassVar[tuple[Any, ...]] = ()
    gabarit_de_fiche: ClassVar[str] = "gestion/fiche.html"
    pluriel: Any = ""
    question: Any = gettext_lazy("Historique")  # qui mène à sa frise

    def objet(self, request: HttpRequest, cle: str) -> Any:
        """Celui de la commune, ou 404."""
        raise NotImplementedError

    def change_view(self, request: Any, object_id: str, *_args: Any, **_extra: Any) -> HttpResponse:
        """La fiche : ses champs, ce qui lui est lié, et ce que la personne peut en faire."""
        objet = self.objet(request, object_id)
        actes, empechements = trier(self.actes_permis(request), objet, request.user)
        contexte = {
            "champs": [
                self._champ(request, objet, nom) for nom in self.champs_visibles(request, self.get_fiche(request))
            ],
            "tableaux": [self._tableau(request, t(objet)) for t in registre.tableaux(self.opts.label_lower)],
            "actes": actes,
            "empechements": empechements,
            **self.en_plus(request, objet),
        }
        return self._rendre(request, self.gabarit_de_fiche, objet, contexte)

    def en_plus(self, request: HttpRequest, objet: Any) -> dict[str, Any]:
        """Ce que le gabarit propre à ce modèle montre de plus sur sa fiche."""
        return {}

    def get_fiche(self, request: HttpRequest) -> tuple[Any, ...]:
        """Les champs de la fiche."""
        return self.fiche

    def _champ(self, request: HttpRequest, objet: Any, nom: Any) -> tuple[str, Cellule]:
        champ, _attribut, valeur = lookup_field(nom, objet, self)
        if champ is not None and getattr(champ, "choices", None):
            valeur = getattr(objet, f"get_{champ.name}_display")()
        return capfirst(str(label_for_field(nom, self.model, self))), self._cellule(request, valeur)

    def _tableau(self, request: HttpRequest, tableau: registre.Tableau) -> dict[str, Any]:
        """Sans les colonnes que la personne ne lit pas ; sans aucune ligne si elle n'en lit aucune."""
        droit = acces(request)
        lues = [
            not isinstance(colonne, registre.Reservee) or (droit is not None and droit.lit(colonne.lecteurs))
            for colonne in tableau.colonnes
        ]
        lignes = [[self._cellule(request, v) for v in compress(ligne, lues)] for ligne in tableau.lignes if any(lues)]
        montants = [isinstance(cellule.valeur, Decimal) for cellule in lignes[0]] if lignes else []
        colonnes = zip(compress(tableau.colonnes, lues), montants, strict=False)
        return {"titre": tableau.titre, "colonnes": colonnes, "lignes": lignes}

    def _cellule(self, request: HttpRequest, valeur: Any) -> Cellule:
        autre = self.admin_site._registry.get(type(valeur)) if isinstance(valeur, Model) else None
        if autre is None or not autre.has_view_permission(request):
            return Cellule(valeur)
        opts = autre.opts
        return Cellule(valeur, reverse(f"gestion:{opts.app_label}_{opts.model_name}_change", args=[valeur.pk]))

    def history_view(self, request: Any, object_id: str, *_args: Any, **_extra: Any) -> HttpResponse:
        """Ce qui lui est arrivé dans cette commune ; Django tient son propre journal, où il écrirait des noms."""
        objet = self.objet(request, object_id)
        jours = [
            (jour, [(evenement, self._cellule(request, evenement.objet)) for evenement in evenements])
            for jour, evenements in frise.raconter(self, request, objet)
        ]
        return self._rendre(request, "gestion/frise.html", objet, {"jours": jours})

    # --- les actes

    def actes_permis(self, request: HttpRequest) -> list[registre.Acte]:
        """Ceux de ce modèle que permet le rôle de la personne."""
        return [acte for acte in registre.actes(self.opts.label_lower) if self.peut(request, acte)]

    def boutons(self, request: HttpRequest, chiffre: registre.Chiffre) -> list[tuple[registre.Acte, str]]:
        """Les actes que propose ce chiffre de l'accueil et que permet son rôle, chacun avec sa page."""
        if chiffre.objet is None:
            return []
        permis = [acte for acte in self.actes_permis(request) if acte.nom in chiffre.actes]
        return [(acte, reverse(f"{self.nom_racine}{acte.nom}", args=[chiffre.objet.pk])) for acte in permis]

    def actes_de_liste_permis(self, request: HttpRequest) -> list[registre.Acte]:
        """Ceux de la liste, de même."""
        return [acte for acte in registre.actes_de_liste(self.opts.label_lower) if self.peut(request, acte)]

    def peut(self, request: HttpRequest, acte: registre.Acte) -> bool:
        """Vrai si son rôle le permet."""
        droit = acces(request)
        return droit is not None and droit.peut(f"{self.opts.label_lower}.{acte.nom}")

    def acte_view(self, request: HttpRequest, object_id: str, acte: registre.Acte) -> HttpResponseBase:
        """GET : ce qui va se passer ; POST : le faire."""
        objet = self.objet(request, object_id)
        contexte: dict[str, Any] = {"retour": reverse(f"{self.nom_racine}change", args=[objet.pk]), "sur_objet": True}
        if acte.page and _est_d_ici(request, objet):
            page = registre.page(acte.page)
            contexte |= {"retour": reverse(f"gestion:{page.nom}"), "depart": page.libelle}
        try:
            return self._mener(request, acte, objet, contexte)
        except Conflit:
            return self._dire_le_conflit(request, acte, self.objet(request, object_id), contexte)

    def acte_de_liste_view(self, request: Any, acte: registre.Acte) -> HttpResponseBase:
        """La même page, pour un acte qui ne part d'aucun objet."""
        contexte = {"retour": self.adresse_de_la_liste, "sur_objet": False}
        return self._mener(request, acte, request.collectivite, contexte)

    def _mener(
        self, request: HttpRequest, acte: registre.Acte, objet: Any, contexte: dict[str, Any]
    ) -> HttpResponseBase:
        if not self.peut(request, acte):
            raise PermissionDenied
        envoi = (request.POST, request.FILES) if request.method == "POST" else ()
        formulaire, refus = acte.remplir(objet, *envoi), pourquoi_pas(acte, objet, request.user)
        lecture = conflits.exiger_la_meme(request, conflits.lire(acte, objet))
        contexte |= _de_l_acte(acte, objet, formulaire) | {"refus": refus, "lecture": lecture}
        if refus:
            return self._rendre(request, "gestion/acte.html", objet, contexte, HTTPStatus.CONFLICT)
        if envoi and formulaire.is_valid():
            if acte.apercu and "confirmer" not in request.POST:
                contexte["apercu"] = acte.apercu(objet, **formulaire.cleaned_data)
            elif fait := self._faire(request, acte, objet, formulaire, contexte["retour"]):
                return fait
        return self._rendre(request, "gestion/acte.html", objet, contexte)

    def _dire_le_conflit(
        self, request: HttpRequest, acte: registre.Acte, objet: Any, contexte: dict[str, Any]
    ) -> HttpResponseBase:
        """409 : ce que les autres ont fait, et ce que la personne écrivait, à reprendre si l'acte se peut encore."""
        formulaire = acte.remplir(objet, request.POST, request.FILES)
        contexte |= _de_l_acte(acte, objet, formulaire) | {
            "refus": pourquoi_pas(acte, objet, request.user),
            "lecture": conflits.lire(acte, objet),
            "conflit": self._tableau(request, conflits.depuis(self.admin_site, request, objet)),
            "saisie": conflits.saisie(formulaire),
        }
        return self._rendre(request, "gestion/acte.html", objet, contexte, HTTPStatus.CONFLICT)

    def _faire(
        self, request: HttpRequest, acte: registre.Acte, objet: Any, formulaire: BaseForm, retour: str
    ) -> HttpResponseBase | None:
        """Le fichier produit, ou la fiche qui suit et dit le succès ; None si l'acte n'a plus lieu d'être."""
        signature: dict[str, Any] = {"auteur": request.user} if acte.signe else {}
        if acte.recoit_la_requete:
            signature["request"] = request
        try:
            fait = acte.faire(objet, **formulaire.cleaned_data, **signature)
        except (registre.ActeImpossible, ValidationError, DejaModifie) as refus:
            refuser(formulaire, refus)
            return None
        if isinstance(fait, HttpResponseBase):
            return fait
        if isinstance(fait, registre.Fichier):
            return _telecharger(fait)
        if isinstance(fait, registre.Fait):
            liste = reverse(f"{self.nom_racine}changelist")
            retour = liste if fait.objet is None else self._cellule(request, fait.objet).lien or retour
            fait = fait.phrase
        messages.success(request, str(fait))
        return VoirAilleurs(retour)

    @property
    def adresse_de_la_liste(self) -> str:
        """Celle de la liste, sans filtre."""
        return reverse(f"{self.nom_racine}changelist")

    @property
    def nom_racine(self) -> str:
        """Le début du nom de ses adresses."""
        return f"gestion:{self.opts.app_label}_{self.opts.model_name}_"

    def _rendre(
        self, request: HttpRequest, gabarit: str, objet: Any, contexte: dict[str, Any], statut: int = HTTPStatus.OK
    ) -> HttpResponse:
        commun = {
            **self.admin_site.each_context(request),
            "title": _("%(genre)s : %(objet)s") % {"genre": capfirst(self.opts.verbose_name), "objet": objet},
            "genre": capfirst(self.opts.verbose_name),
            "pluriel": self.pluriel,
            "objet": objet,
            "question": self.question,
            "lecture": None,
            "nom_racine": self.nom_racine,
            "nom_liste": f"{self.nom_racine}changelist",
            "nom_fiche": f"{self.nom_racine}change",
            "nom_historique": f"{self.nom_racine}history",
        }
        return TemplateResponse(request, gabarit, commun | contexte, status=statut)


def _est_d_ici(request: Any, objet: Any) -> bool:
    """L'exploitant agit aussi sur une autre commune que celle où il est : ses pages ne sont pas celles-ci."""
    return bool((objet if isinstance(objet, Collectivite) else objet.collectivite) == request.collectivite)


def _de_l_acte(acte: registre.Acte, objet: Any, formulaire: BaseForm) -> dict[str, Any]:
    """Ce que sa page en montre toujours."""
    se_voit_avant = acte.apercu is not None  # un gabarit appellerait la fonction
    return {"acte": acte, "form": formulaire, "rappel": acte.rappel(objet), "se_voit_avant": se_voit_avant}


def _telecharger(fichier: registre.Fichier) -> HttpResponseBase:
    genre: type[HttpResponse | StreamingHttpResponse] = HttpResponse
    if not isinstance(fichier.contenu, bytes):
        genre = StreamingHttpResponse
    reponse = genre(fichier.contenu, content_type=fichier.genre)
    reponse["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=fichier.nom)
    return reponse
