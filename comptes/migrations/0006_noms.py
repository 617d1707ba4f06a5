"""Les noms réduits, remplis pour les personnes déjà là, puis rangés."""

from itertools import islice

from django.db import migrations, models

import comptes.models.noms
import portail.reperes

PAR_PAQUET = 1000


def remplir(apps, schema_editor):
    for nom in ("Redevable", "Usager"):
        modele = apps.get_model("comptes", nom)
        champ = modele._meta.get_field("noms")
        personnes = modele.objects.only("nom", "prenom").iterator(chunk_size=PAR_PAQUET)
        while paquet := list(islice(personnes, PAR_PAQUET)):
            for personne in paquet:
                champ.calculer(personne)
            modele.objects.bulk_update(paquet, ["noms"])


class Migration(migrations.Migration):
    dependencies = [
        ("comptes", "0005_visites"),
    ]

    operations = [
        migrations.AddField(
            model_name="redevable",
            name="noms",
            field=comptes.models.noms.NomsField(default="", editable=False),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="usager",
            name="noms",
            field=comptes.models.noms.NomsField(default="", editable=False),
            preserve_default=False,
        ),
        migrations.RunPython(remplir, migrations.RunPython.noop, elidable=True),
        migrations.AddIndex(
            model_name="redevable",
            index=models.Index(
                models.F("collectivite"), portail.reperes.Compact("code"), name="redevable_par_code_compact"
            ),
        ),
        migrations.AddIndex(
            model_name="redevable",
            index=comptes.models.noms.IndexDeMots(comptes.models.noms.Mots("noms"), name="redevable_par_noms"),
        ),
        migrations.AddIndex(
            model_name="usager",
            index=comptes.models.noms.IndexDeMots(comptes.models.noms.Mots("noms"), name="usager_par_noms"),
        ),
    ]
