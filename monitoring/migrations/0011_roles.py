"""The roles, as groups. What each may do is granted after the migrations, when Django has made the permissions."""

from django.db import migrations

ROLES = ("viewer", "operator", "engineer", "administrator")


def create_groups(apps, schema_editor):
    Group = apps.get_model("auth", "Group")
    for role in ROLES:
        Group.objects.using(schema_editor.connection.alias).get_or_create(name=role)


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0010_backtests"), ("auth", "0012_alter_user_first_name_max_length")]

    operations = [migrations.RunPython(create_groups, migrations.RunPython.noop)]
