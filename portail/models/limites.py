"""Les compteurs des limites."""

from django.db import models


class Compteur(models.Model):
    """Les demandes d'un sujet pour une limite, jusqu'à ``fin`` (secondes UTC) ; écrit par ``portail.limites`` seul."""

    cle = models.CharField(max_length=64, unique=True)
    nombre = models.PositiveIntegerField()
    fin = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.cle[:8]} · {self.nombre}"
