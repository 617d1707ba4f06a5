"""La feuille de style d'une commune : sa couleur, vérifiée, et les nuances qu'en demandent le clair et le sombre."""

from functools import lru_cache
from hashlib import sha256

from portail.couleurs import BLANC, NOIR, lisible, melanger
from portail.models import Collectivite, valider_couleur

# Les fonds de static/css/jetons.css où une nuance sert de texte ; un test les compare.
FONDS_CLAIRS = ("#ffffff", "#faf8f4", "#f6f3ee")
FONDS_SOMBRES = ("#171513", "#221f1c", "#2a2622")


def nuances(couleur: str) -> tuple[dict[str, str], dict[str, str]]:
    """Les jetons que la couleur remplace, en clair puis en sombre : chacun se lit partout où il sert."""
    return _claires(couleur), _sombres(couleur)


def _claires(couleur: str) -> dict[str, str]:
    voile = melanger(couleur, BLANC, 0.94)
    return {
        "couleur-commune": couleur,
        "plein": couleur,
        "plein-survol": melanger(couleur, NOIR, 0.2),
        "lien": lisible(couleur, vers=NOIR, sur=(*FONDS_CLAIRS, voile)),
        "voile": voile,
    }


def _sombres(couleur: str) -> dict[str, str]:
    voile = melanger(couleur, FONDS_SOMBRES[1], 0.86)
    plein = lisible(melanger(couleur, BLANC, 0.4), vers=BLANC, sur=FONDS_SOMBRES)
    return {
        "plein": plein,
        "plein-survol": melanger(plein, BLANC, 0.4),
        "lien": lisible(plein, vers=BLANC, sur=(*FONDS_SOMBRES, voile)),
        "voile": voile,
    }


def feuille(collectivite: Collectivite) -> str:
    """Le CSS de la commune. ValidationError si la couleur a échappé au contrôle à la saisie."""
    valider_couleur(collectivite.couleur)
    return _feuille(collectivite.couleur)


@lru_cache(maxsize=256)
def _feuille(couleur: str) -> str:
    """Calculée une fois par couleur : chaque page en cite l'empreinte."""
    claires, sombres = (_declarations(jetons) for jetons in nuances(couleur))
    # « screen » à part : le moteur des PDF lit aussi cette feuille, et ne connaît que les médias simples.
    sombre = f"@media screen {{ @media (prefers-color-scheme: dark) {{ :root {{ {sombres} }} }} }}"
    return f":root {{ {claires} }}\n{sombre}\n"


def empreinte(collectivite: Collectivite) -> str:
    """Change quand la feuille change, pour que les navigateurs la gardent un an."""
    return sha256(feuille(collectivite).encode()).hexdigest()[:12]


def _declarations(jetons: dict[str, str]) -> str:
    return " ".join(f"--{nom}: {valeur};" for nom, valeur in jetons.items())
