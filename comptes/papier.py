"""Ce qu'accepte une personne qui renonce au papier, mot pour mot ; Python pur."""

from typing import Final

# Changer un mot, c'est ajouter une version : les choix déjà faits renvoient à la leur.
TEXTES: Final[dict[int, str]] = {
    1: (
        "Je ne veux plus recevoir les factures de ce compte client au format papier. "
        "Elles seront déposées sur le portail et annoncées par un message à mon adresse mail. "
        "Je peux revenir au papier à tout moment."
    ),
}
VERSION: Final = max(TEXTES)
