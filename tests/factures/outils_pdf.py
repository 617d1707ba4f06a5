"""De petits PDF, sains ou non."""

import io

import pikepdf


def pdf(texte="Facture", *, pages=1, **chiffrement):
    document = pikepdf.new()
    for _ in range(pages):
        document.add_blank_page(page_size=(595, 842))
    document.docinfo["/Title"] = texte
    return ecrit(document, **chiffrement)


def ecrit(document, **options):
    sortie = io.BytesIO()
    document.save(sortie, deterministic_id=not options, **options)
    return sortie.getvalue()


def avec(changer):
    """Un PDF d'une page que ``changer(document)`` a modifié."""
    document = pikepdf.new()
    document.add_blank_page()
    changer(document)
    return ecrit(document)
