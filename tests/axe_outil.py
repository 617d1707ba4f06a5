"""axe dans une page : les mêmes règles partout, posées une fois par page et sans rien rapporter de ce qui va bien."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

SCRIPT = Axe().axe_script
# « violations » seules : axe décrit sinon chaque élément sans faute, ce qui prend trois fois plus de temps.
REGLES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "resultTypes": ["violations"],
}
TOUTES = {"resultTypes": ["violations"]}
CONTRASTE = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]}


def axe(page: Page, regles: dict[str, Any] = REGLES) -> list[tuple[str, list[str]]]:
    """Les règles qu'axe voit enfreintes, et où."""
    if page.evaluate("typeof axe") == "undefined":  # evaluate échappe à la CSP, qu'une balise n'aurait pas passée
        page.evaluate(SCRIPT)
    violations = page.evaluate("async regles => (await axe.run(document, regles)).violations", regles)
    return [(v["id"], [n["html"][:160] for n in v["nodes"]]) for v in violations]
