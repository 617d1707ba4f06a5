"""Les codes d'activation : émis en clair une seule fois, reconnus par leur empreinte, brûlés par les échecs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from comptes import codes
from comptes.models import VALIDITE_CODE, CodeActivation, Redevable, empreinte_code
from portail.journal import noter, noter_chacun
from portail.models import Collectivite

PAR_LOT = 1000  # un hachage lent par code : vingt secondes d'une machine au repos


class LotTropGrand(ValueError):
    """Plus de codes d'un coup que ``PAR_LOT``."""


@dataclass(frozen=True)
class CodeEmis:
    """Un code en clair, qui n'existe que le temps d'écrire son courrier."""

    redevable: Redevable
    code: str
    expire_le: datetime


def emettre(*, redevables: Sequence[Redevable]) -> list[CodeEmis]:
    """Un code neuf pour chacun ; le précédent, et les liens qu'il a permis, ne valent plus rien. LotTropGrand sinon."""
    if len(redevables) > PAR_LOT:
        raise LotTropGrand(len(redevables))
    fin = timezone.now() + VALIDITE_CODE
    emis = [CodeEmis(redevable, codes.presenter(codes.tirer()), fin) for redevable in redevables]
    haches = [_en_base(un_code) for un_code in emis]  # long : avant d'ouvrir la transaction
    with transaction.atomic():
        CodeActivation.objects.filter(redevable__in=redevables).delete()
        CodeActivation.objects.bulk_create(haches)
        noter_chacun("code.emis", sur=redevables)
    return emis


def _en_base(emis: CodeEmis) -> CodeActivation:
    redevable = emis.redevable
    return CodeActivation(
        collectivite_id=redevable.collectivite_id,
        redevable=redevable,
        empreinte=empreinte_code(codes.lire(emis.code), client=redevable.code, chez=redevable.collectivite),
        expire_le=emis.expire_le,
    )


def reconnaitre(*, client: str, code: str, chez: Collectivite) -> CodeActivation | None:
    """Le code s'il est bon. Un hachage et deux requêtes dans tous les cas : rien ne dit lequel des deux est faux."""
    empreinte = empreinte_code(code, client=client, chez=chez)
    possibles = CodeActivation.objects.utilisables().de_client(client, chez=chez)
    trouve = possibles.filter(empreinte=empreinte).select_related("redevable").first()
    possibles.update(echecs=F("echecs") + int(trouve is None))
    noter("code.reconnu" if trouve else "code.refuse", sur=chez, collectivite=chez.pk)
    return trouve


def consommer(code: CodeActivation) -> bool:
    """Vrai pour l'unique appel qui l'emploie."""
    return bool(CodeActivation.objects.utilisables().filter(pk=code.pk).update(utilise_le=timezone.now()))
