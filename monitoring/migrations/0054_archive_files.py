"""Files of the archive, and the tag's setting for them."""
import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


def refuse_with_files(apps, schema_editor):
    """Keep the list of files while archived measurements are in them."""
    files = apps.get_model('monitoring', 'ArchiveFile').objects.using(schema_editor.connection.alias)
    counting = files.filter(superseded_at=None, moved_until__gt=models.F('start')).count()
    if counting:
        raise RuntimeError(
            f'{counting} files of the archive have measurements that the database has not. Bring them back'
            " first: empty 'archive after' of all tags, then 'manage.py archive --restore' for each."
        )


class Migration(migrations.Migration):

    dependencies = [
        ('monitoring', '0053_external_identities'),
    ]

    operations = [
        migrations.AddField(
            model_name='tag',
            name='archive_after_days',
            field=models.PositiveIntegerField(blank=True, help_text='Days. Older measurements move from the database to files of the archive, and are read as before. Empty: never.', null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(36500)], verbose_name='archive after'),
        ),
        migrations.AddField(
            model_name='series',
            name='archived_until',
            field=models.BigIntegerField(help_text='Measurements from here on are in the database; some of the older ones are in files of the archive. Empty: none is.', null=True),
        ),
        migrations.CreateModel(
            name='ArchiveFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('start', models.BigIntegerField()),
                ('end', models.BigIntegerField()),
                ('moved_until', models.BigIntegerField()),
                ('first', models.BigIntegerField(help_text="The oldest measurement's timestamp.", null=True)),
                ('last', models.BigIntegerField(help_text="The newest measurement's timestamp.", null=True)),
                ('path', models.CharField(max_length=200, unique=True)),
                ('rows', models.BigIntegerField(default=0)),
                ('anomalies', models.BigIntegerField(default=0)),
                ('first_id', models.BigIntegerField(default=0)),
                ('last_id', models.BigIntegerField(default=0)),
                ('bytes', models.BigIntegerField(default=0)),
                ('sha256', models.CharField(blank=True, default='', max_length=64)),
                ('created_at', models.BigIntegerField()),
                ('superseded_at', models.BigIntegerField(null=True)),
                ('tag', models.ForeignKey(db_column='tag', db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='archive_files', to='monitoring.tag')),
            ],
            options={
                'db_table': 'archive_files',
                'ordering': ['start', 'tag'],
            },
        ),
        migrations.AddConstraint(
            model_name='archivefile',
            constraint=models.UniqueConstraint(condition=models.Q(('superseded_at', None)), fields=('tag', 'start'), name='archive_tag_day'),
        ),
        migrations.AddIndex(
            model_name='archivefile',
            index=models.Index(fields=['start', 'tag'], name='archive_day_tag'),
        ),
        migrations.AddIndex(
            model_name='archivefile',
            index=models.Index(condition=models.Q(('superseded_at', None)), fields=['last_id'], name='archive_last_id'),
        ),
        migrations.AddIndex(
            model_name='archivefile',
            index=models.Index(condition=models.Q(('anomalies__gt', 0), ('superseded_at', None)), fields=['tag', 'start'], name='archive_anomalies_tag_day'),
        ),
        migrations.AddIndex(
            model_name='archivefile',
            index=models.Index(condition=models.Q(('superseded_at__isnull', False)), fields=['superseded_at'], name='archive_superseded'),
        ),
        migrations.RunPython(migrations.RunPython.noop, refuse_with_files),
    ]
