"""Le nom d'un appareil, tel qu'une personne le reconnaît dans une liste ; Python pur."""

from typing import Final

# Le premier qui se trouve l'emporte : Edge et Opera se disent aussi Chrome, et Chrome se dit Safari.
NAVIGATEURS: Final = {
    "Edg": "Edge", "OPR/": "Opera", "SamsungBrowser": "Samsung Internet", "Firefox": "Firefox", "FxiOS": "Firefox",
    "Chrome": "Chrome", "CriOS": "Chrome", "Safari": "Safari",
}  # fmt: skip
SYSTEMES: Final = {
    "Android": "Android", "iPhone": "iPhone", "iPad": "iPad", "Windows": "Windows", "CrOS": "Chromebook",
    "Mac OS X": "Mac", "Linux": "Linux",
}  # fmt: skip


def nommer(agent: str) -> str:
    """« Firefox, Windows » ; vide si rien ne se reconnaît. Le reste de l'en-tête n'est gardé nulle part."""
    noms = (next((nom for signe, nom in table.items() if signe in agent), "") for table in (NAVIGATEURS, SYSTEMES))
    return ", ".join(filter(None, noms))
