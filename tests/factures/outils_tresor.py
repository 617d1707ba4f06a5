"""Écrire un PES V2, un ORMC et un ROLMRE champ par champ, d'après payfip.md §6 ; n'emploie rien des lecteurs."""

import base64
import gzip
from xml.sax.saxutils import quoteattr

# PES : chaque scalaire est un élément vide à l'attribut V (§6.2).


def v(nom, valeur):
    return f"<{nom} V={quoteattr(str(valeur))}/>" if valeur is not None else ""


def tiers(ref="C1", nom="LŒUVRE", prenom="ÉLODIE", **champs):
    adresse = {"Adr1": None, "Adr2": "1 RUE DE L'ÉTÉ", "Adr3": None, "CP": "47550", "Ville": "BOÉ", **champs}
    return (
        f"<Tiers><InfoTiers>{v('IdTiers', '9')}{v('RefTiers', ref)}{v('CatTiers', '01')}{v('NatJur', '01')}"
        f"{v('TypTiers', '01')}{v('Civilite', 'MME')}{v('Nom', nom)}{v('Prenom', prenom)}</InfoTiers>"
        f"<Adresse>{v('TypAdr', '1')}{''.join(v(n, a) for n, a in adresse.items())}{v('CodRes', '0')}</Adresse>"
        f"<CpteBancaire>{v('BIC', 'SECRETBIC')}{v('IBAN', 'FR76SECRET')}{v('TitCpte', 'SECRET')}</CpteBancaire></Tiers>"
    )


def ligne(ligne="1", ht="243.11", tva=None, produit="EA01", prelevement=None, debiteurs=None, **champs):
    prel = f"<InfoPrelevementSEPA>{v('NatPrel', '01')}{v('DtePrel', prelevement)}</InfoPrelevementSEPA>"
    return (
        f"<LigneDePiece><BlocLignePiece><InfoLignePiece>{v('IdLigne', ligne)}{v('CodProdLoc', produit)}"
        f"{v('Nature', '70111')}{v('MtHT', ht)}{v('MtTVA', tva)}{v('ObjLignePce', champs.get('objet'))}"
        f"</InfoLignePiece>{prel if prelevement else ''}{champs.get('joint', '')}</BlocLignePiece>"
        f"{''.join(debiteurs or [tiers()])}</LigneDePiece>"
    )


def pj_ref(identifiant):
    return f"<PJRef>{v('Support', '01')}{v('IdUnique', identifiant)}{v('NomPJ', f'{identifiant}.pdf')}</PJRef>"


def piece(*lignes, id_pce="17", typ="01", nat="01", objet="EAU 1ER SEMESTRE", joint="", **champs):
    ormc = "".join(v(nom, champs.get(nom)) for nom in ("NumDette", "Per", "Cle1", "Cle2", "NumeroFacture"))
    return (
        f"<Piece><BlocPiece>{v('IdPce', id_pce)}{v('TypPce', typ)}{v('NatPce', nat)}{v('ObjPce', objet)}{ormc}"
        f"{v('Edition', '01')}{joint}</BlocPiece>{''.join(lignes or (ligne(),))}</Piece>"
    )


def pj(identifiant, contenu, *, compresse=True):
    brut = gzip.compress(contenu, mtime=0) if compresse else contenu
    return (
        f'<PJ><Contenu><Fichier MIMEType="application/pdf">{base64.encodebytes(brut).decode()}</Fichier></Contenu>'
        f"{v('IdUnique', identifiant)}{v('NomPJ', f'{identifiant}.pdf')}{v('TypePJ', '007')}</PJ>"
    )


def pes(*pieces, typ_bord="01", joints=(), exercice="2026", prologue="", racine="PES_Aller", encodage="ISO-8859-15"):
    bloc = (
        f"<BlocBordereau>{v('Exer', exercice)}{v('IdBord', '44')}{v('DteBordEm', '2026-11-02')}{v('TypBord', typ_bord)}"
        f"{v('NbrPce', len(pieces))}{v('MtBordHt', '0')}{v('Objet', 'BORDEREAU')}</BlocBordereau>"
    )
    jointes = f"<PES_PJ><EnTetePES_PJ>{v('IdVer', '1')}</EnTetePES_PJ>{''.join(joints)}</PES_PJ>" if joints else ""
    texte = (
        f"<?xml version='1.0' encoding='{encodage}'?>{prologue}"
        f'<n:{racine} xmlns:n="http://www.minefi.gouv.fr/cp/helios/pes_v2/Rev0/aller"><Enveloppe><Parametres>'
        f"{v('Version', '2')}{v('TypFic', 'PESALR2')}{v('NomFic', 'x')}</Parametres></Enveloppe>"
        f"<EnTetePES>{v('DteStr', '2026-11-02')}{v('IdPost', '047000')}{v('IdColl', '21470031000012')}</EnTetePES>"
        f"<PES_RecetteAller><EnTeteRecette>{v('IdVer', '2')}</EnTeteRecette><Bordereau>{bloc}{''.join(pieces)}"
        f"</Bordereau></PES_RecetteAller>{jointes}</n:{racine}>"
    )
    return texte.encode(encodage, "xmlcharrefreplace")


def article(dette="1317", **champs):
    """Une pièce d'ORMC."""
    return piece(typ="15", NumDette=dette, Per="1", Cle1="8", Cle2="L", id_pce=champs.pop("id_pce", "5"), **champs)


# ROLMRE : 500 caractères, positions de l'arrêté du 4 janvier 2010 (§6.5).


def rolmre(**champs):
    valeurs = {
        "ROLMVT": "1",
        "ROLEX": "2026",
        "ROLPER": "1",
        "ROLDET": 1317,
        "ROLREC": "EA",
        "ROLDAT": "20261102",
        "ROLEAU": 20000,
        "ROLASS": 3000,
        "ROLTVE": 1000,
        "ROLTVA": 311,
        "ROLNOM": "LOEUVRE ELODIE",
        "ROLCNM": "",
        "ROLDIS": "BAT A",
        "ROLADR": "1 RUE DE L'ETE",
        "ROLCVI": "",
        "ROLCP": "01000",
        "ROLLOC": "BOE",
        "ROLORU": "EAU 1ER SEMESTRE",
        "ROLOVI": "",
        "ROLPRE": "2",
        "ROLCLI": "C1",
        "ROLDEB": "00",
        "ROLTPR": "1",
        **champs,
    }
    total = valeurs.pop("ROLTOT", sum(valeurs[nom] for nom in ("ROLEAU", "ROLASS", "ROLTVE", "ROLTVA")))
    morceaux = [
        f"{valeurs['ROLMVT']}",  # 1
        "AB",  # 2-3 ROLCOL
        "07",  # 4-5 ROLNAT
        f"{valeurs['ROLEX']}",  # 6-9
        f"{valeurs['ROLPER']}",  # 10
        f"{valeurs['ROLDET']:013d}",  # 11-23
        "8",  # 24 ROLCLE1
        "0",  # 25 ROLNUL
        "L",  # 26 ROLCLE2
        f"{valeurs['ROLREC']}",  # 27-28
        f"{valeurs['ROLDAT']}",  # 29-36
        "03",  # 37-38 ROLROL
        *(f"{valeurs[nom]:012d}" for nom in ("ROLEAU", "ROLASS", "ROLTVE", "ROLTVA")),  # 39, 51, 63, 75
        f"{total:012d}",  # 87
        f"{0:012d}",  # 99 ROLNMAJ
        *(f"{valeurs[nom]:32.32}" for nom in ("ROLNOM", "ROLCNM", "ROLDIS", "ROLADR", "ROLCVI")),  # 111…270
        f"{valeurs['ROLCP']:5.5}",  # 271
        f"{valeurs['ROLLOC']:27.27}",  # 276
        f"{valeurs['ROLORU']:32.32}",  # 303
        f"{valeurs['ROLOVI']:32.32}",  # 335
        f"{valeurs['ROLPRE']}",  # 367
        "SECRETRIB".ljust(23, "9"),  # 368-390
        "SECRET TITULAIRE".ljust(24),  # 391-414
        f"{valeurs['ROLCLI']:20.20}",  # 415-434
        " " * 10,  # 435 ROLSCH
        " " * 20,  # 445 ROLART
        "E",  # 465
        " ",  # 466
        f"{valeurs['ROLDEB']}",  # 467-468
        " " * 30,  # 469-498
        f"{valeurs['ROLTPR']}",  # 499
        "2",  # 500
    ]
    enregistrement = "".join(morceaux)
    assert len(enregistrement) == 500
    return enregistrement


def fichier_rolmre(*enregistrements, fin="\r\n", encodage="latin-1"):
    return (fin.join(enregistrements) + fin).encode(encodage)
