"""Du contexte au message, une seule fois ; puis du message gardé en base aux octets envoyés, toujours les mêmes."""

from collections.abc import Callable
from email.headerregistry import Address
from email.utils import format_datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.validators import validate_email
from django.template import Context, Engine
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portail.emplacements import remplacer
from portail.models import Collectivite, Courriel, TexteDeCourriel
from portail.registre import Contenu, SorteDeCourriel, sorte_de_courriel

# Les emplacements de tous les courriels, et ce qu'ils valent ; « sujet » n'a de sens que dans le sujet.
EMPLACEMENTS: dict[str, Promise] = {
    "commune": _("le nom de la commune"),
    "telephone": _("son téléphone"),
    "horaires": _("ses horaires"),
}
SUJET, SIGNATURE = "{sujet}", "{commune}"  # les textes d'origine ; l'introduction est vide
EXEMPLE = {"exemple": True}  # le contexte d'un essai, qui ne parle de personne


def rediger(courriel: Courriel) -> dict[str, str] | None:
    """Le message, en JSON ; None s'il est devenu sans objet. ValidationError pour une adresse impossible."""
    validate_email(courriel.destinataire)
    sorte, collectivite = sorte_de_courriel(courriel.sorte), courriel.collectivite
    mots = TexteDeCourriel.objects.filter(collectivite=collectivite, sorte=sorte.nom).first()
    if sorte.exemple is not None and courriel.contexte == EXEMPLE:
        return composer(sorte, collectivite, mots, sorte.exemple)
    return composer(sorte, collectivite, mots, lambda chez: sorte.composer(chez, courriel.contexte))


def composer(
    sorte: SorteDeCourriel,
    collectivite: Collectivite,
    mots: TexteDeCourriel | None,
    dire: Callable[[Collectivite], Contenu | None],
) -> dict[str, str] | None:
    """Ce que ``dire`` a à dire, avec les mots de la commune ; None s'il n'y a rien."""
    with translation.override(settings.LANGUAGE_CODE), timezone.override(ZoneInfo(collectivite.fuseau)):
        contenu = dire(collectivite)
        if contenu is None:
            return None
        textes = _placer(mots or TexteDeCourriel(), collectivite, contenu)
        contexte = {**contenu.valeurs, "collectivite": collectivite, **textes}
        return {
            "de": _expediteur(collectivite),
            "sujet": textes["sujet"],
            "texte": _rendre(sorte.texte, contexte, html=False),
            "html": _rendre(sorte.html, contexte, html=True),
            "date": format_datetime(timezone.now()),
        }


def _placer(mots: TexteDeCourriel, collectivite: Collectivite, contenu: Contenu) -> dict[str, str]:
    """Les textes de la commune, ou ceux d'origine, leurs emplacements remplis ; ce sont les gabarits qui échappent."""
    valeurs = {nom: getattr(collectivite, champ) for nom, champ in _CHAMPS.items()}
    valeurs |= {"sujet": str(contenu.sujet), **contenu.emplacements}
    return {
        "sujet": " ".join(remplacer(mots.sujet or SUJET, valeurs).split()),
        "introduction": remplacer(mots.introduction, valeurs),
        "signature": remplacer(mots.signature or SIGNATURE, valeurs),
    }


_CHAMPS = {"commune": "nom", "telephone": "telephone", "horaires": "horaires"}


class MessageFige(EmailMultiAlternatives):
    """Un message dont les octets ne dépendent que de ce qui est gardé en base."""

    def message(self, **options: Any) -> Any:
        """Django tirerait la frontière des parties au hasard à chaque envoi."""
        compose = super().message(**options)
        compose.set_boundary(f"partie-{self.extra_headers['Message-ID'].strip('<>').partition('@')[0]}")
        return compose


def preparer(courriel: Courriel, connexion: Any) -> MessageFige:
    """Le message gardé en base, prêt à partir par cette connexion."""
    message: dict[str, str] = courriel.message or {}
    fige = MessageFige(
        subject=message["sujet"],
        body=message["texte"],
        from_email=message["de"],
        to=[courriel.destinataire],
        connection=connexion,
        headers={
            "Message-ID": courriel.message_id,
            "Date": message["date"],
            "Auto-Submitted": "auto-generated",  # aucun répondeur automatique n'y répondra
        },
    )
    fige.attach_alternative(message["html"], "text/html")
    return fige


def _expediteur(collectivite: Collectivite) -> str:
    """« Ville de Boé <factures@exemple.fr> » : seul le nom change d'une commune à l'autre."""
    return str(Address(" ".join(collectivite.nom.split()), addr_spec=settings.COURRIEL_EXPEDITEUR))


def _rendre(gabarit: str, contexte: dict[str, Any], *, html: bool) -> str:
    """Le texte brut n'est pas échappé, et un gabarit n'a pas à s'en souvenir."""
    return Engine.get_default().get_template(gabarit).render(Context(contexte, autoescape=html)).strip() + "\n"
