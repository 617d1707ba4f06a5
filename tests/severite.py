"""Ce qu'un navigateur ou un lecteur pardonne et que les tests refusent, pour toute page qu'ils font rendre."""

from collections.abc import Callable
from html.parser import HTMLParser
from typing import NoReturn

from django.http import HttpRequest, HttpResponseBase

SCRIPTS_INERTES = {"application/json"}  # des données, que la CSP laisse passer


class VariableIntrouvable(AssertionError):
    """Un gabarit a écrit une variable qui n'existe pas (``self`` de VariableNode.render dit laquelle)."""


class Introuvable:
    """Ce que vaut une variable absente : fausse pour ``if`` et ``default``, une erreur pour tout le reste."""

    def __bool__(self) -> bool:
        return False

    def __contains__(self, _: object) -> bool:
        return False  # Django y cherche « %s »

    def _refuser(self, *_: object) -> NoReturn:
        raise VariableIntrouvable

    __str__ = __iter__ = __len__ = __eq__ = __hash__ = __format__ = _refuser  # type: ignore[assignment]


class Fautes(HTMLParser):
    """Ce que la CSP bloquerait dans une page, et les formulaires que Django refuserait."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.trouvees = [f"« {reste} » resté dans la page" for reste in ("{{", "{%", "{#") if reste in page]
        self._sans_jeton: str | None = None
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        valeurs = {nom: valeur or "" for nom, valeur in attrs}
        self.trouvees += [f"<{tag} {nom}=…>" for nom in valeurs if nom == "style" or nom.startswith("on")]
        if tag == "style" or (tag == "script" and not valeurs.keys() & {"src"} and not _inerte(valeurs)):
            self.trouvees.append(f"<{tag}> dans la page")
        if tag == "form" and _envoie_chez_nous(valeurs):
            self._sans_jeton = valeurs.get("action", "")
        if valeurs.get("name") == "csrfmiddlewaretoken":
            self._sans_jeton = None

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._sans_jeton is not None:
            self.trouvees.append(f"formulaire sans csrf_token (action « {self._sans_jeton} »)")
            self._sans_jeton = None


def _inerte(valeurs: dict[str, str]) -> bool:
    return valeurs.get("type") in SCRIPTS_INERTES


def _envoie_chez_nous(valeurs: dict[str, str]) -> bool:
    return valeurs.get("method", "").lower() == "post" and "://" not in valeurs.get("action", "")


def pages(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Un intergiciel des tests : aucune réponse HTML ne sort avec une faute."""

    def intergiciel(request: HttpRequest) -> HttpResponseBase:
        reponse = get_response(request)
        if reponse.get("Content-Type", "").startswith("text/html") and not reponse.streaming:
            trouvees = Fautes(reponse.content.decode()).trouvees
            assert trouvees == [], f"{request.path} : {', '.join(trouvees)}"
        return reponse

    return intergiciel
