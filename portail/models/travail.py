"""Le travail de fond."""

from django.db import models


class Tic(models.Model):
    """Une exécution prévue d'une tâche périodique : sa clé unique rend deux planificateurs inoffensifs."""

    tache = models.CharField(max_length=120)
    rang = models.BigIntegerField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("tache", "rang"), name="tic_unique"),)

    def __str__(self) -> str:
        return f"{self.tache} · {self.rang}"
