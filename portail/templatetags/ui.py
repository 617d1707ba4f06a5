"""Les pièces de nos pages, que montre ``/composants/`` : une variante ou un paramètre inconnus sont une erreur.

Leur balisage est dans ``templates/composants/``, sauf celui du pictogramme et de la pastille, que la liste répète.
"""

from collections.abc import Container
from datetime import date, datetime
from functools import cache, lru_cache
from pathlib import PurePath
from typing import Any, cast

from django import template
from django.contrib.messages.storage.base import Message
from django.forms import BaseForm, BoundField
from django.template.exceptions import TemplateSyntaxError
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localtime
from django.utils.translation import get_language, gettext

from portail.charte import empreinte
from portail.models import Collectivite
from portail.montants import en_euros

register = template.Library()

# Les valeurs de data-etat ; le pictogramme d'un état porte son nom.
ETATS = frozenset({
    "a-payer", "en-cours", "payee", "partiellement-payee", "declaree", "prelevement", "suspendue", "echue", "annulee",
    "tresor", "essai", "avoir",
})  # fmt: skip
PICTOS = ETATS | {
    "accueil", "aide", "attention", "cadenas", "contact", "deconnexion", "factures", "info", "mairie", "payer", "pdf",
    "personne", "pouce", "retour", "suite", "telephone",
}  # fmt: skip
# Le ton d'une alerte, et son pictogramme.
TONS = {"info": "info", "neutre": "info", "succes": "payee", "attente": "en-cours", "echec": "attention"}
BOUTONS = frozenset({"simple", "plein", "lien"})
TON_DES_MESSAGES = {"debug": "info", "info": "info", "success": "succes", "warning": "attente", "error": "echec"}


montant = register.filter("montant", en_euros)


@register.filter(expects_localtime=True)
def jour(quand: date) -> str:
    """« 1er décembre 2026 », dans le fuseau où l'instant a été placé."""
    return _jour(quand.year, quand.month, quand.day)


@lru_cache(maxsize=1024)
def _jour(annee: int, mois: int, quantieme: int) -> str:
    # Une liste répète vingt fois les mêmes dates, et Django met longtemps à les écrire.
    texte = date_format(date(annee, mois, quantieme), "j F Y")
    return texte.replace("1 ", "1er ", 1) if quantieme == 1 else texte


@register.filter
def instant(quand: datetime) -> str:
    """« 1er décembre 2026 à 09:04 », dans le fuseau de la commune."""
    ici = localtime(quand)
    return gettext("%(jour)s à %(heure)s") % {"jour": jour(ici), "heure": date_format(ici, "H:i")}


@register.filter
def moment(quand: datetime) -> str:
    """« à 14 h 05 » aujourd'hui, « le 1er décembre 2026 à 14 h 05 » un autre jour, dans le fuseau de la commune."""
    ici = localtime(quand)
    heure = gettext("à %(heure)s") % {"heure": date_format(ici, r"G \h i")}
    heure = heure.replace(" ", "\N{NO-BREAK SPACE}")
    if ici.date() == localtime().date():
        return heure
    return gettext("le %(jour)s %(heure)s") % {"jour": jour(ici), "heure": heure}


@register.filter
def tel(telephone: str) -> str:
    """« 05 61 00 19 30 » → « tel:0561001930 », que compose un téléphone."""
    return "tel:" + "".join(signe for signe in telephone if signe.isdigit() or signe == "+")


@register.filter
def ton(message: Message) -> str:
    """Le ton d'alerte d'un message de Django."""
    return TON_DES_MESSAGES[message.level_tag]


@register.simple_tag
@cache
def picto(nom: str) -> SafeString:
    """Un pictogramme décoratif de ``static/img/pictos.svg``."""
    return format_html(
        '<svg class="picto" width="24" height="24" aria-hidden="true"><use href="{}#picto-{}"/></svg>',
        static("img/pictos.svg"),
        _parmi(PICTOS, nom),
    )


@register.simple_tag
@lru_cache(maxsize=64)
def pastille(etat: str, mot: str) -> SafeString:
    """L'état d'une facture ou d'un paiement : un mot, un pictogramme et une couleur."""
    return format_html('<span class="pastille" data-etat="{}">{} {}</span>', _parmi(ETATS, etat), picto(etat), mot)


@register.simple_tag
def options(champ: BoundField) -> SafeString:
    """Les choix d'une liste déroulante ; Django rend un gabarit pour chacun, ce qui coûterait plus que la page."""
    choisie = str(champ.value() or "")
    return _options(tuple((str(valeur), str(mot)) for valeur, mot in cast(Any, champ.field).choices), choisie)


@lru_cache(maxsize=512)
def _options(choix: tuple[tuple[str, str], ...], choisie: str) -> SafeString:
    lignes = ((valeur, " selected" if valeur == choisie else "", mot) for valeur, mot in choix)
    return format_html_join("", '<option value="{}"{}>{}</option>', lignes)


@register.simple_block_tag
def alerte(content: str, ton: str, titre: str = "") -> str:
    """Un encadré qui compte : ``{% alerte "succes" titre %}…{% endalerte %}``."""
    contexte = {"ton": _parmi(TONS, ton), "picto": TONS[ton], "titre": titre, "contenu": content}
    return render_to_string("composants/alerte.html", contexte)


@register.simple_block_tag
def bouton(content: str, variante: str = "simple", *, adresse: str = "", rel: str = "", fichier: bool = False) -> str:
    """Un lien s'il a une adresse, sinon l'envoi du formulaire ; « plein » pour ce qu'on vient faire sur la page."""
    contexte = {"adresse": adresse, "rel": rel, "fichier": fichier, "contenu": content}
    return render_to_string("composants/bouton.html", contexte | {"variante": _parmi(BOUTONS, variante)})


@register.simple_block_tag
def vide(content: str, nom_du_picto: str, titre: str) -> str:
    """Ce qu'on lit là où il n'y a rien : pourquoi, et quoi faire."""
    contexte = {"picto": _parmi(PICTOS, nom_du_picto), "titre": titre, "contenu": content}
    return render_to_string("composants/vide.html", contexte)


@register.simple_block_tag
def issue(content: str, ton: str, titre: str) -> str:
    """La réponse que la personne attend, en tête de page : réussi, en attente ou échoué."""
    contexte = {"ton": _parmi(TONS, ton), "picto": TONS[ton], "titre": titre, "contenu": content}
    return render_to_string("composants/issue.html", contexte)


@register.inclusion_tag("composants/champ.html")
def champ(champ: BoundField) -> dict[str, Any]:
    """Un champ, son étiquette, son aide et son erreur."""
    return {"champ": champ}


@register.inclusion_tag("composants/erreurs.html")
def erreurs(form: BaseForm) -> dict[str, Any]:
    """Le résumé des erreurs d'un formulaire, qui mène à chaque champ ; rien s'il n'y en a pas."""
    return {"form": form}


@register.inclusion_tag("composants/contact.html")
def contact(collectivite: Collectivite) -> dict[str, Any]:
    """La suite qui reste toujours : parler à quelqu'un."""
    return {"collectivite": collectivite}


@register.simple_tag
def rubriques(chemin: str, classe: str = "") -> SafeString:
    """Les pages d'une personne connectée, celle de ``chemin`` étant la page en cours."""
    return _rubriques(chemin, classe, get_language())


@lru_cache(maxsize=256)
def _rubriques(chemin: str, classe: str, _langue: str | None) -> SafeString:
    return render_to_string("_rubriques.html", {"chemin": chemin, "classe": classe})


@register.simple_tag
def pied(collectivite: Collectivite | None) -> SafeString:
    """Le pied de page : il ne change qu'avec la commune, et le composer prendrait le vingtième de la liste."""
    champs = collectivite._meta.concrete_fields if collectivite else ()
    etat = tuple(getattr(collectivite, champ.attname) for champ in champs)
    conformite = collectivite.conformite if collectivite else None  # change aussi avec le jour : un audit périme
    return _pied(collectivite or None, etat, conformite, get_language())  # absente des pages d'erreur


@lru_cache(maxsize=256)
def _pied(
    collectivite: Collectivite | None,
    _etat: tuple[Any, ...],
    _conformite: str | None,
    _langue: str | None,
) -> SafeString:
    return render_to_string("_pied.html", {"collectivite": collectivite})


@register.simple_block_tag
def une_ligne(content: str) -> SafeString:
    """Le contenu sans retour à la ligne ni double espace, pour ``<title>``."""
    return mark_safe(" ".join(content.split()))  # déjà échappé par le gabarit


@register.filter
def adresse_logo(collectivite: Collectivite) -> str:
    """Celle du logo de la commune ; elle change avec lui, que les navigateurs gardent une heure."""
    version = PurePath(collectivite.logo.name or "").stem.rpartition("-")[2]
    return f"{reverse('logo', args=[collectivite.lien])}?{urlencode({'v': version})}"


@register.filter
def empreinte_charte(collectivite: Collectivite) -> str:
    """L'empreinte qui termine l'adresse de la feuille de style de la commune."""
    return empreinte(collectivite)


def _parmi(connus: Container[str], nom: Any) -> str:
    if nom not in connus:
        raise TemplateSyntaxError(f"Variante inconnue : {nom}")
    return str(nom)
