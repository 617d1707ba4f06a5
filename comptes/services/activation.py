"""J'active mon compte : la demande, puis l'ouverture par le lien que porte le courriel."""

from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from comptes.models import VALIDITE_LIEN, Activation, Ouverture, Redevable, Suite, Usager
from comptes.services.codes import consommer, reconnaitre
from comptes.services.rattachements import rattacher
from portail import courriels
from portail.journal import noter
from portail.models import Collectivite

COURRIEL = "activation"


@transaction.atomic
def demander(*, courriel: str, chez: Collectivite, client: str = "", code: str = "") -> None:
    """Met en file un courriel : lui seul dira, à qui tient cette boîte, si l'adresse ou les codes sont connus.

    Les mêmes gestes dans tous les cas, pour que la page ne le dise à personne.
    """
    reconnu = reconnaitre(client=client, code=code, chez=chez) if code else None
    activation = Activation.objects.create(collectivite=chez, courriel=courriel, avec_code=bool(code), code=reconnu)
    noter("activation.demandee", sur=activation)
    courriels.deposer(
        sorte=COURRIEL,
        cle=f"{COURRIEL}:{activation.uuid}",
        collectivite=chez,
        destinataire=courriel,
        contexte={"activation": str(activation.uuid)},
    )


def envoyer_le_lien(activation: Activation) -> str:
    """Le lien, qui vaut à partir de maintenant : une panne du courriel n'use pas son temps."""
    Activation.objects.filter(pk=activation.pk).update(expire_le=timezone.now() + VALIDITE_LIEN)
    return activation.adresse


def retrouver(*, uuid: UUID, jeton: str) -> Activation | None:
    """La demande de ce lien, s'il vaut encore ; la commune reste à vérifier."""
    activation = Activation.objects.utilisables().select_related("collectivite").filter(uuid=uuid).first()
    return activation if activation and activation.reconnait(jeton) else None


def ouvrir(uuid: str, *, chez: Collectivite) -> Ouverture | None:
    """Ce que ce lien ouvre dans cette commune ; None s'il a servi, s'il a expiré, ou s'il n'est pas d'ici."""
    utilisables = Activation.objects.utilisables().select_related("collectivite", "code__redevable")
    activation = utilisables.filter(uuid=uuid, collectivite=chez).first() if uuid else None
    ouverture = Ouverture.de(activation) if activation else None
    return ouverture if ouverture and ouverture.suite == Suite.LIEN else None


@transaction.atomic
def activer(*, ouverture: Ouverture, redevables: list[Redevable], mot_de_passe: str | None) -> bool:
    """Ouvre le compte s'il n'existe pas, et lui rattache ces comptes clients ; vrai pour l'unique appel qui l'emporte.

    Un compte qui existe garde son mot de passe : le lien prouve l'adresse, pas davantage.
    """
    activation = ouverture.activation
    prise = Activation.objects.utilisables().filter(pk=activation.pk).update(consommee_le=timezone.now())
    if not prise or (activation.code and not consommer(activation.code)):
        return False
    usager = _compte(activation.courriel, redevables[0], mot_de_passe)
    rattacher(usager=usager, redevables=redevables)
    noter("activation.faite", sur=activation, acteur=usager.pk)
    return True


def _compte(courriel: str, redevable: Redevable, mot_de_passe: str | None) -> Usager:
    """Le compte de cette adresse, ouvert au besoin au nom que connaît le service."""
    identite = {"civilite": redevable.civilite, "nom": redevable.nom, "prenom": redevable.prenom}
    usager, cree = Usager.objects.update_or_create(
        email=courriel,
        defaults={"courriel_confirme_le": timezone.now()},
        create_defaults=identite | {"password": make_password(mot_de_passe), "courriel_confirme_le": timezone.now()},
    )
    if cree:
        noter("compte.ouvert", sur=usager, acteur=usager.pk)
    return usager


def oublier() -> None:
    """Efface les demandes anciennes, avec l'adresse qu'elles portent."""
    Activation.objects.oubliables().delete()
