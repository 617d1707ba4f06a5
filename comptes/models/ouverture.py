"""Ce qu'une demande d'activation permet d'ouvrir, relu à chaque étape : à l'envoi du courriel, sur la page du lien."""

import enum
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from comptes.etats import EtatRattachement
from comptes.models.activation import Activation
from comptes.models.redevables import Rattachement, Redevable
from comptes.models.usagers import Usager


class Suite(enum.StrEnum):
    """Ce que le courriel dit de faire."""

    LIEN = "lien"
    COMPTE = "compte"
    INCONNUE = "inconnue"
    CODES = "codes"


@dataclass(frozen=True)
class Ouverture:
    """Le compte qui a déjà l'adresse de la demande, et les comptes clients à lui ouvrir."""

    activation: Activation
    usager: Usager | None
    designes: list[Redevable]

    @classmethod
    def de(cls, activation: Activation) -> Self:
        """Ceux que désigne la demande : celui du code, sinon ceux dont le service connaît l'adresse."""
        code = activation.code
        if activation.avec_code:
            designes = [code.redevable] if code and code.utilise_le is None else []
        else:
            designes = list(Redevable.objects.connus_par(activation.courriel, chez=activation.collectivite))
        return cls(activation, Usager.objects.filter(email=activation.courriel).first(), designes)

    @cached_property
    def redevables(self) -> list[Redevable]:
        """Ceux qui restent à ouvrir : ni ce que ce compte lit déjà, ni ce que le service lui a fermé."""
        tenus = Rattachement.objects.filter(usager=self.usager, redevable__in=self.designes)
        deja = set(tenus.exclude(etat=EtatRattachement.DETACHE).values_list("redevable_id", flat=True))
        return [redevable for redevable in self.designes if redevable.pk not in deja]

    @property
    def suite(self) -> Suite:
        """Ce que la demande permet aujourd'hui."""
        if self.redevables:
            return Suite.LIEN
        if self.activation.avec_code and not self.designes:
            return Suite.CODES
        return Suite.COMPTE if self.usager else Suite.INCONNUE

    @property
    def plusieurs_personnes(self) -> bool:
        """L'adresse est à plusieurs personnes : un code client imprimé dira laquelle, rien n'est montré avant."""
        return len({redevable.personne for redevable in self.redevables}) > 1

    def choisis(self, client: str) -> list[Redevable]:
        """Ceux de la personne à qui est ce code client ; aucun s'il n'en désigne pas une seule."""
        lus = Redevable.objects.de_code(client, chez=self.activation.collectivite)
        personnes = {r.personne for r in lus.filter(pk__in=[r.pk for r in self.redevables])}
        return [r for r in self.redevables if r.personne in personnes] if len(personnes) == 1 else []
