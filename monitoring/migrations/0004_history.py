"""Numbers in place of texts in measurements, so that a year fits; and the tables that time is no object for."""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

SQLITE = (
    # A column of SQLite holds what it is given, so the rows change before their table does.
    """
    UPDATE measurements SET
        timestamp = CAST(strftime('%s', substr(timestamp, 1, 19)) AS INTEGER) * 1000000
            + CASE WHEN length(timestamp) > 19
                THEN CAST(substr(timestamp || '000000', 21, 6) AS INTEGER) ELSE 0 END,
        tag = (SELECT id FROM tags WHERE name = measurements.tag)
    """,
)
POSTGRESQL = (
    "ALTER TABLE measurements ADD COLUMN tag_number bigint REFERENCES tags (id) DEFERRABLE INITIALLY DEFERRED",
    "UPDATE measurements SET tag_number = tags.id FROM tags WHERE tags.name = measurements.tag",
    "SET CONSTRAINTS ALL IMMEDIATE",
    "ALTER TABLE measurements DROP COLUMN tag CASCADE",
    "ALTER TABLE measurements RENAME COLUMN tag_number TO tag",
    "ALTER TABLE measurements ALTER COLUMN tag SET NOT NULL",
    """
    ALTER TABLE measurements ALTER COLUMN timestamp TYPE bigint
        USING (extract(epoch FROM timestamp) * 1000000)::bigint
    """,
    "ALTER TABLE measurements ADD CONSTRAINT measurement_tag_timestamp UNIQUE (tag, timestamp)",
    "CREATE INDEX anomaly_tag_timestamp ON measurements (tag, timestamp) WHERE is_anomaly",
)


def to_numbers(apps, schema_editor):
    for statement in SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRESQL:
        schema_editor.execute(statement, params=None)


class AlterFieldInSQLite(migrations.AlterField):
    """Elsewhere the statements above have altered the column."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor == "sqlite":
            super().database_forwards(app_label, schema_editor, from_state, to_state)


class Migration(migrations.Migration):

    dependencies = [
        ('monitoring', '0003_refusals'),
    ]

    operations = [
        migrations.CreateModel(
            name='Series',
            fields=[
                ('tag', models.OneToOneField(db_column='tag', on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='series', serialize=False, to='monitoring.tag')),
                ('measurements', models.BigIntegerField(default=0, help_text='Rows of the tag in measurements.')),
                ('anomalies', models.BigIntegerField(default=0, help_text='Those of them that are anomalies.')),
                ('last', models.BigIntegerField(help_text="The newest measurement's timestamp.", null=True)),
                ('raw_from', models.BigIntegerField(help_text="What is older was deleted, as the tag's retention says, and is refused.", null=True)),
            ],
            options={
                'verbose_name_plural': 'series',
                'db_table': 'series',
            },
        ),
        migrations.AddField(
            model_name='tag',
            name='anomaly_retention_days',
            field=models.PositiveIntegerField(blank=True, help_text='Days, at least as many as raw readings. Empty: for ever.', null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='keep anomalies for'),
        ),
        migrations.AddField(
            model_name='tag',
            name='retention_days',
            field=models.PositiveIntegerField(blank=True, help_text='Days. Older measurements are deleted; their rollups stay. Empty: for ever.', null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='keep raw readings for'),
        ),
        migrations.RunPython(to_numbers),
        AlterFieldInSQLite(
            model_name='measurement',
            name='tag',
            field=models.ForeignKey(db_column='tag', db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='measurements', to='monitoring.tag'),
        ),
        AlterFieldInSQLite(
            model_name='measurement',
            name='timestamp',
            field=models.BigIntegerField(),
        ),
        migrations.CreateModel(
            name='Rollup',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('resolution_s', models.PositiveIntegerField()),
                ('start', models.BigIntegerField()),
                ('count', models.BigIntegerField()),
                ('total', models.FloatField()),
                ('minimum', models.FloatField()),
                ('minimum_at', models.BigIntegerField()),
                ('maximum', models.FloatField()),
                ('maximum_at', models.BigIntegerField()),
                ('anomalies', models.BigIntegerField()),
                ('tag', models.ForeignKey(db_column='tag', db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='rollups', to='monitoring.tag')),
            ],
            options={
                'db_table': 'rollups',
                'constraints': [models.UniqueConstraint(fields=('tag', 'resolution_s', 'start'), name='rollup_interval')],
            },
        ),
    ]
