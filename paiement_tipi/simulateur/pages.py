"""Les pages HTML : des gabarits sur disque, chaque valeur échappée, une CSP stricte sur chacune."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from html import escape
from http import HTTPStatus
from pathlib import Path
from string import Template
from urllib.parse import urlencode, urlsplit

from paiement_tipi.simulateur.clients import Moyen
from paiement_tipi.simulateur.echange import Reponse
from paiement_tipi.simulateur.erreurs import EXPLICATIONS, Erreur
from paiement_tipi.simulateur.horloge import PARIS
from paiement_tipi.simulateur.operations import ABANDON, Operation, numero_autorisation

DOSSIER = Path(__file__).parent / "pages"
INSECABLE = "\u00a0"
CHEMIN_RETOUR = "/tpa/retour.web"
ANNEES_VALIDITE_CARTE = 2
SANS_REFERENT = "no-referrer"
MEME_ORIGINE = "same-origin"

BOUTONS = {
    Moyen.CARTE: "Payer par carte bancaire",
    Moyen.PRELEVEMENT: "Payer par prélèvement",
}
AIDES_CHOIX = {
    False: "Cette page s'ouvre une seule fois, dans les 15 minutes qui suivent la demande.",
    True: "Vous avez 15 minutes pour choisir un moyen de paiement.",
}
TITRES_SAISIE = {
    Moyen.CARTE: "Paiement par carte bancaire",
    Moyen.PRELEVEMENT: "Paiement par prélèvement",
}
TICKETS: Mapping[str, tuple[str, str, str]] = {
    "P": ("reussi", "Paiement accepté", "La carte a été acceptée (simulation)."),
    "V": ("reussi", "Prélèvement enregistré", "L'ordre de prélèvement a été accepté (simulation)."),
    "R": ("echec", "Paiement refusé", "La banque a refusé la carte (simulation)."),
    "Z": ("echec", "Prélèvement refusé", "La banque a refusé le prélèvement (simulation)."),
    ABANDON: ("echec", "Paiement abandonné", "Le paiement a été abandonné avant la fin."),
}


class Html(str):
    """Du HTML déjà échappé."""

    __slots__ = ()


def rendre(nom: str, valeurs: Mapping[str, str] | None = None) -> bytes:
    """Remplit un gabarit seul, hors de l'habillage commun."""
    return remplir(nom, valeurs or {}).encode()


def page_choix(operation: Operation) -> Reponse:
    """La première page : la dette et les moyens de paiement."""
    boutons = [remplir("_moyen", {"moyen": moyen, "libelle": BOUTONS[moyen]}) for moyen in operation.moyens]
    valeurs = {
        "titre": "Paiement en ligne",
        "idop": operation.idop,
        "service": _service(operation),
        "lignes": _lignes(_dette(operation)),
        "moyens": Html("".join(boutons)),
        "aide": AIDES_CHOIX[operation.par_url],
    }
    return _page("choix", valeurs, origine=origine_retour(operation), cache="no-cache")


def page_saisie(operation: Operation, moyen: Moyen, maintenant: datetime) -> Reponse:
    """La seconde page : la carte de test déjà remplie, ou la connexion simulée du prélèvement."""
    champs = remplir(f"_{moyen}", {"expiration": f"12/{maintenant.year + ANNEES_VALIDITE_CARTE}"})
    valeurs = {
        "titre": TITRES_SAISIE[moyen],
        "idop": operation.idop,
        "champs": champs,
        "lignes": _lignes(_dette(operation)),
    }
    return _page("saisie", valeurs, origine=origine_retour(operation))


def page_ticket(operation: Operation, resultat: str, conclue_le: datetime) -> Reponse:
    """Le ticket : le résultat, et le retour vers le site."""
    genre, titre, phrase = TICKETS[resultat]
    autorisation = numero_autorisation(operation, resultat)
    lignes = [*_dette(operation), ("Date", conclue_le.astimezone(PARIS).strftime("%d/%m/%Y à %H:%M"))]
    if autorisation:
        lignes.append(("Numéro d'autorisation", autorisation))
    valeurs = {
        "genre": genre,
        "titre": titre,
        "phrase": phrase,
        "lignes": _lignes(lignes),
        "suite": remplir("_fermer", {}) if operation.par_url else _bouton_retour(operation),
    }
    return _page("ticket", valeurs)


def page_retour(operation: Operation) -> Reponse:
    """Le retour par formulaire : sans JavaScript, c'est un bouton que la personne presse (payfip.md §3.10)."""
    valeurs = {"titre": "Retour sur le site", "adresse": operation.demande.urlredirect, "idop": operation.idop}
    return _page("retour", valeurs, origine=origine_retour(operation))


def page_erreur(erreur: Erreur, operation: Operation | None = None, precision: str = "") -> Reponse:
    """Une page d'erreur à nous, avec le chemin du retour quand on le connaît."""
    statut, titre, phrase = EXPLICATIONS[erreur]
    phrase = precision or phrase
    adresse = operation.demande.urlredirect if operation else ""
    retour = remplir("_retour", {"adresse": adresse}) if adresse else Html()
    return _page("erreur", {"titre": titre, "phrase": phrase, "retour": retour}, statut=statut)


def page_accueil(meteo: Html | None = None) -> Reponse:
    """La page d'accueil du simulateur ; son formulaire a besoin que le navigateur dise d'où il l'envoie."""
    valeurs = {"titre": "Simulateur PayFiP", "meteo": meteo or Html()}
    return _page("accueil", valeurs, referent=MEME_ORIGINE if meteo else SANS_REFERENT)


def origine_retour(operation: Operation) -> str:
    """L'origine du site marchand : la CSP doit la nommer pour que le retour d'un formulaire passe."""
    if operation.par_url:
        return ""
    morceaux = urlsplit(operation.demande.urlredirect)
    return f"{morceaux.scheme}://{morceaux.netloc}"


def montant_affiche(montant_centimes: int) -> str:
    """24311 → « 243,11 € », espaces insécables."""
    euros, centimes = divmod(montant_centimes, 100)
    milliers = f"{euros:,}".replace(",", INSECABLE)
    return f"{milliers},{centimes:02d}{INSECABLE}€"


def _page(
    nom: str,
    valeurs: Mapping[str, str],
    *,
    statut: HTTPStatus = HTTPStatus.OK,
    origine: str = "",
    cache: str = "no-store",
    referent: str = SANS_REFERENT,
) -> Reponse:
    corps = rendre("base", {"titre": valeurs["titre"], "contenu": remplir(nom, valeurs)})
    return Reponse(statut=statut, corps=corps, entetes=_entetes(origine, cache, referent))


def _entetes(origine: str, cache: str, referent: str) -> tuple[tuple[str, str], ...]:
    destinations = " ".join(filter(None, ["'self'", origine]))
    politique = (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
        f"frame-ancestors 'none'; form-action {destinations}"
    )
    return (
        ("Content-Security-Policy", politique),
        ("Cache-Control", cache),
        ("Referrer-Policy", referent),
    )


def _service(operation: Operation) -> str:
    _regie, collectivite, produit = operation.client.libelles
    return f"{collectivite} · {produit}"


def _dette(operation: Operation) -> list[tuple[str, str]]:
    demande = operation.demande
    lignes = [
        ("Référence de la dette", demande.refdet),
        ("Montant", montant_affiche(demande.montant_centimes)),
        ("Adresse électronique", demande.mel),
    ]
    return [*lignes, ("Objet", demande.objet)] if demande.objet else lignes


def _bouton_retour(operation: Operation) -> Html:
    return remplir("_retour", {"adresse": f"{CHEMIN_RETOUR}?{urlencode({'idop': operation.idop})}"})


def _lignes(lignes: list[tuple[str, str]]) -> Html:
    morceaux = [remplir("_ligne", {"terme": terme, "valeur": valeur}) for terme, valeur in lignes]
    return Html("".join(morceaux))


def remplir(nom: str, valeurs: Mapping[str, str]) -> Html:
    """Remplit un morceau de page : tout est échappé, sauf ce qui l'est déjà."""
    surs = {cle: valeur if isinstance(valeur, Html) else escape(valeur) for cle, valeur in valeurs.items()}
    return Html(_gabarit(nom).substitute(surs))


@cache
def _gabarit(nom: str) -> Template:
    return Template((DOSSIER / f"{nom}.html").read_text(encoding="utf-8"))
