"""Un code QR pour le papier."""

from io import BytesIO

import segno


def dessiner(texte: str) -> bytes:
    """Le SVG de ``texte``, avec sa marge : il se lit encore sur une feuille pliée ou tachée (15 %)."""
    sortie = BytesIO()
    segno.make_qr(texte, error="m").save(sortie, kind="svg", border=4, xmldecl=False)
    return sortie.getvalue()
