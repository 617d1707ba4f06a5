"""Le travail de fond du rez-de-chaussée."""

from django_tasks import task

from portail import journal


@task()
def sceller_le_journal() -> None:
    """Une plage scellée ne peut plus changer sans que ``verifier_journal`` le dise."""
    while journal.sceller() == journal.PAR_SCEAU:
        pass
