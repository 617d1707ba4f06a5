"""L'adresse mail, déjà masquée dans les échanges, ne reste pas en clair dans la dernière réponse de PayFiP."""

import re
from itertools import islice

from django.db import migrations

PAR_PAQUET = 1000
ADRESSE = re.compile("(<mel>)[^<]*", re.IGNORECASE)


def masquer(apps, schema_editor):
    paiements = apps.get_model("paiement_tipi", "Paiement").objects
    lus = paiements.filter(reponse__icontains="<mel>").only("reponse").iterator(chunk_size=PAR_PAQUET)
    while paquet := list(islice(lus, PAR_PAQUET)):
        for paiement in paquet:
            paiement.reponse = ADRESSE.sub(r"\1…", paiement.reponse)
        paiements.bulk_update(paquet, ["reponse"])


class Migration(migrations.Migration):
    dependencies = [
        ("paiement_tipi", "0010_alerte_du_contrat"),
    ]

    operations = [
        migrations.RunPython(masquer, migrations.RunPython.noop, elidable=True),
    ]
