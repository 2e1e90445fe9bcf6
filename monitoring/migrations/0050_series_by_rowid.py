import django.db.models.deletion
from django.db import migrations

import monitoring.models.fields


class Migration(migrations.Migration):
    """The key of ``series`` as SQLite's row number: one lookup a row instead of two."""

    dependencies = [
        ("monitoring", "0049_forest"),
    ]

    operations = [
        migrations.AlterField(
            model_name="series",
            name="tag",
            field=monitoring.models.fields.RowNumberOneToOneField(
                db_column="tag",
                on_delete=django.db.models.deletion.CASCADE,
                primary_key=True,
                related_name="series",
                serialize=False,
                to="monitoring.tag",
            ),
        ),
    ]
