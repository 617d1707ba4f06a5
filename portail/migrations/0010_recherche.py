from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("portail", "0009_annonces"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="courriel",
            index=models.Index(fields=["collectivite", "destinataire"], name="courriel_par_destinataire"),
        ),
        migrations.AddIndex(
            model_name="journal",
            index=models.Index(fields=["collectivite", "action"], name="journal_par_action"),
        ),
    ]
