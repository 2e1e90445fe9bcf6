from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

readable = import_module("monitoring.migrations.0008_readable")


class Migration(migrations.Migration):

    dependencies = [
        ('monitoring', '0030_host_clocks'),
    ]

    operations = [
        migrations.RunSQL(readable.DROP),
        migrations.AddField(
            model_name='tag',
            name='on_conflict',
            field=models.CharField(choices=[('refuse', 'refuse the new value'), ('keep_first', 'keep the first value'), ('keep_last', 'keep the last value')], db_default='refuse', default='refuse', help_text='What happens to a reading whose timestamp is stored with another value. Refuse: 409, and it is remembered as refused. Keep the first: it is dropped. Keep the last: it replaces the stored value, and the old value is recorded.', max_length=10),
        ),
        migrations.CreateModel(
            name='Replacement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('timestamp', models.BigIntegerField(help_text="The measurement's timestamp.")),
                ('old_value', models.FloatField()),
                ('new_value', models.FloatField()),
                ('replaced_at', models.DateTimeField()),
                ('source', models.CharField(blank=True, help_text='Sender of the new value; empty: Fermon itself.', max_length=100)),
                ('tag', models.ForeignKey(db_column='tag', db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='replacements', to='monitoring.tag')),
            ],
            options={
                'db_table': 'replacements',
                'ordering': ['-id'],
                'indexes': [models.Index(fields=['tag', 'timestamp'], name='replacement_tag_timestamp')],
            },
        ),
        migrations.RunPython(readable.create_view),
    ]
