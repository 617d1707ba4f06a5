"""Argon2id au minimum de l'OWASP (19 Mio, deux passes, une voie) : cinq fois plus de connexions qu'au défaut."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2id(Argon2PasswordHasher):
    """Une rafale de connexions un jour de facturation ne doit prendre ni la mémoire ni le processeur du serveur."""

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1
