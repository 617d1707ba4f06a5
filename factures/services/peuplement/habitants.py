"""Les redevables du peuplement, et la personne sur vingt qui a un compte, où nul ne peut se connecter."""

from collections.abc import Sequence

from django.contrib.auth.hashers import make_password

from comptes.models import Rattachement, Redevable, Usager
from factures.models import Declaration, Facture
from portail.models import Collectivite

SOURCE = "PEUPLER"
UN_COMPTE_SUR = 21  # premier avec la taille des groupes : des petits comptes clients comme des grands
UNE_MARQUE_SUR = 3
CIVILITES = ("Madame", "Monsieur")
NOMS = ("MARTIN", "BERNARD", "THOMAS", "PETIT", "ROBERT", "RICHARD", "DURAND", "DUBOIS", "MOREAU", "LAURENT", "SIMON")
PRENOMS = ("Camille", "Dominique", "Claude", "Sacha", "Alix", "Charlie", "Maxime")
RUES = ("rue de l'École", "chemin des Canetons", "place du Marché", "allée des Tilleuls", "impasse du Lavoir")


def creer_habitants(collectivite: Collectivite, rangs: range) -> dict[int, Redevable]:
    """Le redevable de chaque rang."""
    crees = Redevable.objects.bulk_create(_redevable(collectivite, rang) for rang in rangs)
    redevables = dict(zip(rangs, crees, strict=True))
    _rattacher(collectivite, [redevable for rang, redevable in redevables.items() if not rang % UN_COMPTE_SUR])
    return redevables


def _redevable(collectivite: Collectivite, rang: int) -> Redevable:
    return Redevable(
        collectivite=collectivite,
        source=SOURCE,
        code=f"P{rang}",
        civilite=CIVILITES[rang % 2],
        nom=NOMS[rang % len(NOMS)],
        prenom=PRENOMS[rang % len(PRENOMS)],
        adresse=f"{rang % 90 + 1} {RUES[rang % len(RUES)]}",
        ville=collectivite.nom,
    )


def _rattacher(collectivite: Collectivite, redevables: Sequence[Redevable]) -> None:
    inutilisable = make_password(None)
    usagers = Usager.objects.bulk_create(
        Usager(
            email=f"{r.code}.{collectivite.lien}@peupler.example".lower(),
            civilite=r.civilite,
            nom=r.nom,
            prenom=r.prenom,
            password=inutilisable,
        )
        for r in redevables
    )
    Rattachement.objects.bulk_create(
        Rattachement(collectivite=collectivite, usager=usager, redevable=redevable)
        for usager, redevable in zip(usagers, redevables, strict=True)
    )


def marquer_quelques_unes(collectivite: Collectivite, factures: Sequence[int]) -> None:
    """Parmi ces factures à payer, certaines sont marquées réglées par la personne qui les voit."""
    vues = Facture.objects.filter(pk__in=factures, redevable__rattachements__isnull=False).order_by("pk")
    qui = list(vues.values_list("pk", "redevable__rattachements__usager"))[::UNE_MARQUE_SUR]
    Declaration.objects.bulk_create(
        Declaration(collectivite=collectivite, facture_id=facture, usager_id=usager) for facture, usager in qui
    )
