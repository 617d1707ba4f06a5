"""Ce qui précède l'ouverture : base, cache, statiques, démonstration ; un seul processus, pour aller vite."""

import hashlib
from importlib.metadata import version
from pathlib import Path

import django
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command


def preparer() -> None:
    """Idempotente ; seules les lignes de la commande ``demo`` vont sur la sortie standard."""
    call_command("migrate", interactive=False, verbosity=0)
    call_command("createcachetable", verbosity=0)
    rassembler_les_statiques()
    call_command("demo")


def rassembler_les_statiques() -> bool:
    """Vrai si quelque chose avait changé : les compresser tous prend plusieurs secondes."""
    temoin = Path(settings.STATIC_ROOT).with_suffix(".empreinte")
    attendue = _empreinte()
    if (settings.STATIC_ROOT / "staticfiles.json").is_file() and temoin.is_file() and temoin.read_text() == attendue:
        return False
    temoin.unlink(missing_ok=True)
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    temoin.write_text(attendue)
    return True


def _empreinte() -> str:
    somme = hashlib.sha256(f"{version('django')} {version('whitenoise')}".encode())
    for chercheur in get_finders():
        for chemin, stockage in sorted(chercheur.list([]), key=lambda trouve: trouve[0]):
            infos = Path(stockage.path(chemin)).stat()
            somme.update(f"{chemin} {infos.st_size} {infos.st_mtime_ns}\n".encode())
    return somme.hexdigest()


if __name__ == "__main__":
    django.setup()
    preparer()
