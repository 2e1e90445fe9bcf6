from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# A profile that has judged batches stays as it was: a new version is a new row.
TABLES = ("profiles", "profile_members")
SQLITE = [
    f"""
    CREATE TRIGGER {table}_no_{act} BEFORE {act} ON {table}
    BEGIN SELECT RAISE(ABORT, '{table} never change: freeze a new version'); END
    """
    for table in TABLES
    for act in ("UPDATE", "DELETE")
]
SQLITE_BACK = [f"DROP TRIGGER {table}_no_{act}" for table in TABLES for act in ("UPDATE", "DELETE")]
POSTGRESQL = [
    """
    CREATE FUNCTION profiles_never_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION '% never change: freeze a new version', TG_TABLE_NAME; END $$
    """,
    *(
        f"""
        CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
        FOR EACH ROW EXECUTE FUNCTION profiles_never_change()
        """
        for table in TABLES
    ),
]
POSTGRESQL_BACK = [
    *(f"DROP TRIGGER {table}_append_only ON {table}" for table in TABLES),
    "DROP FUNCTION profiles_never_change()",
]


def protect(apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for sql in POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(sql, params=None)


def unprotect(apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for sql in POSTGRESQL_BACK if schema_editor.connection.vendor == "postgresql" else SQLITE_BACK:
        schema_editor.execute(sql)


class Migration(migrations.Migration):

    dependencies = [
        ('monitoring', '0038_rules'),
    ]

    operations = [
        migrations.AddField(
            model_name='profilemember',
            name='largest',
            field=models.JSONField(default=dict),
        ),
        migrations.RunPython(protect, unprotect),
    ]
