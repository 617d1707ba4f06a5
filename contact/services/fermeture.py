"""Un compte qui se ferme, vu des demandes : celles qui attendent restent au service, avec de quoi répondre."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from comptes.models import Redevable, Usager
from comptes.registre import Fermeture
from contact.etats import Genre
from contact.models import Demande
from contact.pieces import Envoi
from contact.services.fil import ajouter, tenir
from portail.journal import noter
from portail.models import Collectivite


def _suite(usager: Usager, chez: Collectivite) -> str:
    nombre = Demande.objects.de(usager, chez=chez).ouvertes().count()
    phrase = ngettext(
        "Une de vos demandes est encore ouverte : le service la garde. Sans compte, la réponse viendra par la poste.",
        "%(n)d de vos demandes sont encore ouvertes : le service les garde. Sans compte, les réponses viendront par la "
        "poste.",
        nombre,
    )
    return phrase % {"n": nombre} if nombre else ""


def _effacer(usager: Usager) -> None:
    """Une note dit au service à qui répondre, et qu'une réponse écrite ici ne serait lue de personne."""
    for demande in Demande.objects.filter(usager=usager).ouvertes().select_related("collectivite").order_by("pk"):
        texte = _("Cette personne a fermé son compte : elle ne lira plus rien ici. Répondez par la poste, à :")
        siens = map(str, Redevable.objects.de(usager, chez=demande.collectivite).order_by("pk"))
        tenue = tenir(demande)
        ajouter(tenue, genre=Genre.NOTE, par=usager, envoi=Envoi("\n".join((texte, usager.nom_complet, *siens))))
        noter("demande.note", sur=tenue)


FERMETURE = Fermeture(suite=_suite, effacer=_effacer)
