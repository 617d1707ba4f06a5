"""Ce qu'un navigateur ou un lecteur pardonne et que les tests refusent, pour toute page qu'ils font rendre."""

from collections.abc import Callable
from typing import Any, NoReturn

from django.http import HttpRequest, HttpResponseBase
from lxml.html import HTMLParser, document_fromstring

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


def fautes(page: str) -> list[str]:
    """Ce que la CSP bloquerait dans une page, et les formulaires que Django refuserait."""
    # libxml2 : le lecteur de la bibliothèque standard prendrait à lui seul un quart du temps de la suite.
    arbre = document_fromstring(page.encode(), parser=HTMLParser(encoding="utf-8"))
    return [
        *(f"« {reste} » resté dans la page" for reste in ("{{", "{%", "{#") if reste in page),
        *(f"<{a.getparent().tag} {a.attrname}=…>" for a in arbre.xpath(ATTRIBUTS)),
        *(f"<{e.tag}> dans la page" for e in arbre.xpath("//style | //script[not(@src)]") if not _inerte(e)),
        *(
            f"formulaire sans csrf_token (action « {f.get('action', '')} »)"
            for f in arbre.xpath(ENVOIS)
            if _chez_nous(f)
        ),
    ]


ATTRIBUTS = "//*/@style | //*/@*[starts-with(name(), 'on')]"
ENVOIS = "//form[not(.//*[@name='csrfmiddlewaretoken'])]"


def _inerte(script: Any) -> bool:
    return script.get("type") in SCRIPTS_INERTES


def _chez_nous(formulaire: Any) -> bool:
    return formulaire.get("method", "").lower() == "post" and "://" not in formulaire.get("action", "")


def pages(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Un intergiciel des tests : aucune réponse HTML ne sort avec une faute."""

    def intergiciel(request: HttpRequest) -> HttpResponseBase:
        reponse = get_response(request)
        html = reponse.get("Content-Type", "").startswith("text/html") and not reponse.streaming
        if html and reponse.content.strip():  # une redirection n'a pas de page
            trouvees = fautes(reponse.content.decode())
            assert trouvees == [], f"{request.path} : {', '.join(trouvees)}"
        return reponse

    return intergiciel
