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


def pdf_qui_dit(texte):
    def ecrire(document):
        police = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
        page = document.pages[0]
        page.obj.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=police))
        page.obj.Contents = document.make_stream(f"BT /F1 12 Tf 72 720 Td ({texte}) Tj ET".encode("latin-1"))

    return avec(ecrire)
