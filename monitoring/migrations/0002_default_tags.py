"""The three tags that a new installation starts with."""

from django.db import migrations

from monitoring.kernel.tag_definition import DEFAULT_TAGS


def create_default_tags(apps, schema_editor):
    Tag = apps.get_model("monitoring", "Tag")
    for default in DEFAULT_TAGS:
        tag = default.definition
        Tag.objects.using(schema_editor.connection.alias).get_or_create(
            name=tag.name,
            defaults={
                "description": tag.description,
                "unit": tag.unit,
                "valid_min": tag.valid_min,
                "valid_max": tag.valid_max,
                "lower_limit": tag.lower_limit,
                "upper_limit": tag.upper_limit,
            },
        )


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0001_tables")]

    operations = [migrations.RunPython(create_default_tags, migrations.RunPython.noop)]
