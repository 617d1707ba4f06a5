"""Beaucoup de cas dans un seul monde : chacun est défait avant le suivant, ce qui évite de le refaire cent fois."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from copy import deepcopy

from django.db import transaction
from django.test import Client


@contextmanager
def sans_suite(clients: Iterable[Client]) -> Iterator[None]:
    """La base et les cookies de ``clients`` redeviennent à la sortie ce qu'ils étaient à l'entrée."""
    cookies = [(client, deepcopy(client.cookies)) for client in clients]
    try:
        with transaction.atomic():
            yield
            transaction.set_rollback(True)
    finally:
        for client, avant in cookies:
            client.cookies = avant
