"""Du contexte au message, une seule fois ; puis du message gardé en base aux octets envoyés, toujours les mêmes."""

from email.headerregistry import Address
from email.utils import format_datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.validators import validate_email
from django.template import Context, Engine
from django.utils import timezone, translation

from portail.models import Collectivite, Courriel
from portail.registre import sorte_de_courriel


def rediger(courriel: Courriel) -> dict[str, str] | None:
    """Le message, en JSON ; None s'il est devenu sans objet. ValidationError pour une adresse impossible."""
    validate_email(courriel.destinataire)
    sorte, collectivite = sorte_de_courriel(courriel.sorte), courriel.collectivite
    with translation.override(settings.LANGUAGE_CODE), timezone.override(ZoneInfo(collectivite.fuseau)):
        contenu = sorte.composer(collectivite, courriel.contexte)
        if contenu is None:
            return None
        contexte = {**contenu.valeurs, "collectivite": collectivite, "sujet": contenu.sujet}
        return {
            "de": _expediteur(collectivite),
            "sujet": " ".join(str(contenu.sujet).split()),
            "texte": _rendre(sorte.texte, contexte, html=False),
            "html": _rendre(sorte.html, contexte, html=True),
            "date": format_datetime(timezone.now()),
        }


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
