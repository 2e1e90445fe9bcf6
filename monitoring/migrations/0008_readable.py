"""Shows measurements with the tag's name and ISO 8601, to whoever looks into the database itself.

SQLite can't rename a table that a view stands on: a migration that alters tags or measurements
takes ``DROP`` before and ``create_view`` after.
"""

from django.db import migrations

DROP = "DROP VIEW readable_measurements"
READABLE = {
    "sqlite": """
        CREATE VIEW readable_measurements AS
        SELECT measurements.id,
            strftime('%Y-%m-%dT%H:%M:%S', (timestamp - ((timestamp % 1000000) + 1000000) % 1000000) / 1000000,
                'unixepoch') || printf('.%06dZ', ((timestamp % 1000000) + 1000000) % 1000000) AS timestamp,
            tags.name AS tag, value, is_anomaly
        FROM measurements JOIN tags ON tags.id = measurements.tag
    """,
    "postgresql": """
        CREATE VIEW readable_measurements AS
        SELECT measurements.id,
            timestamptz '1970-01-01T00:00:00Z' + measurements.timestamp * interval '1 microsecond' AS timestamp,
            tags.name AS tag, value, is_anomaly
        FROM measurements JOIN tags ON tags.id = measurements.tag
    """,
}


def create_view(apps, schema_editor):
    schema_editor.execute(READABLE[schema_editor.connection.vendor], params=None)


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0007_groups")]

    operations = [migrations.RunPython(create_view)]
