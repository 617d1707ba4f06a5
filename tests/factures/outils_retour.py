"""Écrire un PES Retour Recette balise par balise, d'après payfip.md §8 ; n'emploie rien du lecteur."""

from xml.sax.saxutils import quoteattr


def v(nom, valeur):
    return f"<{nom} V={quoteattr(str(valeur))}/>" if valeur is not None else ""


def ancien(montant, jour="2026-11-10", mode="03", identifiant="7001"):
    """Un encaissement jusqu'à la version 5.2."""
    return (
        f"<Recouvrement>{v('TypFlux', '01')}{v('ModRegl', mode)}{v('DteReco', jour)}"
        f"{v('IdEncaissement', identifiant)}{v('MtReco', montant)}</Recouvrement>"
    )


def emarge(montant, jour="2026-11-10", origine="10"):
    """Un encaissement depuis la version 5.3."""
    return (
        f"<EncaissementEmargement>{v('OrgEma', origine)}{v('DteReco', jour)}{v('MtReco', montant)}"
        "</EncaissementEmargement>"
    )


def ligne(*recus, numero="1", produit="EA01"):
    return (
        f"<LigneDePiece><BlocLignePiece><InfoLignePiece>{v('IdLigne', numero)}{v('CodProdLoc', produit)}"
        f"{v('MtHT', '243.11')}</InfoLignePiece><InfoRecouvrement>{v('NbrReco', len(recus))}</InfoRecouvrement>"
        f"</BlocLignePiece><Tiers><InfoTiers>{v('Nom', 'SECRET')}</InfoTiers><CpteBancaire>{v('IBAN', 'FR76SECRET')}"
        f"</CpteBancaire></Tiers>{''.join(recus)}</LigneDePiece>"
    )


def titre(*lignes, numero="17", **codes):
    """Un titre ; ``typ`` et ``nat`` pour un autre genre de pièce."""
    return (
        f"<Piece><BlocPiece>{v('IdPce', numero)}{v('TypPce', codes.get('typ', '01'))}"
        f"{v('NatPce', codes.get('nat', '01'))}{v('EtatPce', '02')}</BlocPiece>{''.join(lignes)}</Piece>"
    )


def article(*lignes, dette="1317", periode="1"):
    """Un article de rôle, comme l'écrit la version 5.3."""
    orm = f"<InfoORMC>{v('NumDette', dette)}{v('Per', periode)}{v('Cle1', '8')}{v('Cle2', 'L')}</InfoORMC>"
    return (
        f"<Piece><BlocPiece>{v('IdPce', '5')}{v('TypPce', '15')}{v('NatPce', '01')}{v('EtatPce', '02')}{orm}"
        f"</BlocPiece>{''.join(lignes)}</Piece>"
    )


def retour(*pieces, nature="2", typ_bord="01", au="2026-11-20", exercice="2026", **options):
    prologue, racine = options.get("prologue", ""), options.get("racine", "PES_Retour")
    entete = f"<EnTeteRecette>{v('IdVer', '2')}{v('NatInf', nature)}</EnTeteRecette>"
    texte = (
        f"<?xml version='1.0' encoding='ISO-8859-1'?>{prologue}"
        f'<n:{racine} xmlns:n="http://www.minefi.gouv.fr/cp/helios/pes_v2/Rev0/retour"><Enveloppe><Parametres>'
        f"{v('Version', '2')}{v('TypFic', 'PESRETOUR_REC')}{v('NomFic', 'x')}</Parametres></Enveloppe>"
        f"<EnTetePES>{v('DteStr', au)}{v('IdPost', '047000')}{v('CodCol', '315')}</EnTetePES><PES_RecetteRetour>"
        f"{options.get('entete', entete)}<Bordereau><BlocBordereau>{v('Exer', exercice)}{v('IdBord', '44')}"
        f"{v('TypBord', typ_bord)}</BlocBordereau>{''.join(pieces)}</Bordereau></PES_RecetteRetour></n:{racine}>"
    )
    return texte.encode("latin-1")
