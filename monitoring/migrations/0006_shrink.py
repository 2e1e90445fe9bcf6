"""Lets SQLite give back to the disk what retention deletes; it takes a rewrite of the whole file once."""

from django.db import migrations


def allow_shrinking(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        with schema_editor.connection.cursor() as cursor:
            cursor.execute("PRAGMA auto_vacuum = INCREMENTAL")
            cursor.execute("VACUUM")


class Migration(migrations.Migration):
    atomic = False  # VACUUM is a transaction of its own

    dependencies = [("monitoring", "0005_roll_up")]

    operations = [migrations.RunPython(allow_shrinking, migrations.RunPython.noop)]
