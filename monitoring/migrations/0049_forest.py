from importlib import import_module

from django.db import migrations, models

readable = import_module("monitoring.migrations.0008_readable")


class Migration(migrations.Migration):
    dependencies = [
        ("monitoring", "0048_forecasts"),
    ]

    operations = [
        migrations.RunSQL(readable.DROP),
        migrations.AddField(
            model_name="tag",
            name="detectors_on",
            field=models.JSONField(
                blank=True,
                db_default=models.Value([], output_field=models.JSONField()),
                default=list,
                help_text="Optional detectors that are in use for this tag.",
                verbose_name="optional detectors",
            ),
        ),
        migrations.RunPython(readable.create_view),
    ]
