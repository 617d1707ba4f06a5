"""Un compte fermé à la main, en SQL ou par un script, ne laisse pas non plus une commune sans administrateur.

PostgreSQL seulement : SQLite, qui sert aux essais, ne sait plus changer une table que nomme un déclencheur.
"""

from django.db import migrations

FONCTION = """
CREATE OR REPLACE FUNCTION comptes_garde_un_administrateur() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- Deux fermetures à la fois passent l'une après l'autre, comme dans les services.
  PERFORM 1 FROM portail_collectivite WHERE id IN (
    SELECT collectivite_id FROM portail_affectation
    WHERE usager_id = NEW.id AND role = 'administration' AND suspendue_le IS NULL
  ) ORDER BY id FOR NO KEY UPDATE;
  IF EXISTS (
    SELECT 1 FROM portail_affectation sienne
    WHERE sienne.usager_id = NEW.id AND sienne.role = 'administration' AND sienne.suspendue_le IS NULL
    AND NOT EXISTS (
      SELECT 1 FROM portail_affectation autre JOIN comptes_usager compte ON compte.id = autre.usager_id
      WHERE autre.collectivite_id = sienne.collectivite_id AND autre.usager_id <> NEW.id
      AND autre.role = 'administration' AND autre.suspendue_le IS NULL AND compte.is_active
    )
  ) THEN
    RAISE EXCEPTION 'Ce compte est le seul administrateur d''une commune : nommez-en d''abord un autre.'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
"""
DECLENCHEUR = """
CREATE TRIGGER comptes_garde_un_administrateur BEFORE UPDATE OF is_active ON comptes_usager FOR EACH ROW
WHEN (OLD.is_active AND NOT NEW.is_active) EXECUTE FUNCTION comptes_garde_un_administrateur();
"""
RETRAIT = "DROP FUNCTION IF EXISTS comptes_garde_un_administrateur() CASCADE;"


def poser(_apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for ordre in (FONCTION, DECLENCHEUR):
            schema_editor.execute(ordre, params=None)


def lever(_apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(RETRAIT, params=None)


class Migration(migrations.Migration):
    dependencies = [("comptes", "0006_noms"), ("portail", "0007_agents")]
    operations = [migrations.RunPython(poser, lever)]
