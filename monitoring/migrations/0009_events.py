"""Events, what the detectors have learnt of each tag, and how they go about it."""

from importlib import import_module

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

readable = import_module("monitoring.migrations.0008_readable")


class Migration(migrations.Migration):

    dependencies = [
        ('monitoring', '0008_readable'),
    ]

    operations = [
        migrations.RunSQL(readable.DROP),
        migrations.CreateModel(
            name='DetectorState',
            fields=[
                ('tag', models.OneToOneField(db_column='tag', on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='detector_state', serialize=False, to='monitoring.tag')),
                ('version', models.PositiveIntegerField()),
                ('position', models.BigIntegerField()),
                ('data', models.BinaryField()),
            ],
            options={
                'db_table': 'detector_states',
            },
        ),
        migrations.AddField(
            model_name='lease',
            name='position',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='tag',
            name='detection_parameters',
            field=models.JSONField(blank=True, db_default=models.Value({}, output_field=models.JSONField()), default=dict, help_text='Numbers in place of the detectors\' own, as {"detector.parameter": 3}.'),
        ),
        migrations.AddField(
            model_name='tag',
            name='detectors_off',
            field=models.JSONField(blank=True, db_default=models.Value([], output_field=models.JSONField()), default=list, help_text='Those that find nothing for this tag.'),
        ),
        migrations.AddField(
            model_name='tag',
            name='sensitivity',
            field=models.FloatField(blank=True, db_default=1.0, default=1.0, help_text='0.1 to 10. 2 finds what is half as far from normal, 0.5 only what is twice as far.', validators=[django.core.validators.MinValueValidator(0.1), django.core.validators.MaxValueValidator(10)]),
        ),
        migrations.AlterField(
            model_name='tag',
            name='anomaly_retention_days',
            field=models.PositiveIntegerField(blank=True, help_text='Days, at least as many as raw readings; events, too. Empty: for ever.', null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='keep anomalies for'),
        ),
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('detector', models.CharField(max_length=40)),
                ('kind', models.CharField(max_length=40)),
                ('start', models.BigIntegerField()),
                ('end', models.BigIntegerField(null=True)),
                ('score', models.FloatField()),
                ('explanation', models.TextField()),
                ('revision', models.BigIntegerField()),
                ('tag', models.ForeignKey(db_column='tag', db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='events', to='monitoring.tag')),
            ],
            options={
                'db_table': 'events',
                'indexes': [models.Index(fields=['start'], name='event_start'), models.Index(fields=['tag', 'start'], name='event_tag_start'), models.Index(fields=['detector', 'start'], name='event_detector_start'), models.Index(condition=models.Q(('end', None)), fields=['start'], name='open_event_start'), models.Index(fields=['revision'], name='event_revision')],
                'constraints': [models.UniqueConstraint(fields=('tag', 'detector', 'start'), name='event_tag_detector_start')],
            },
        ),
        migrations.RunPython(readable.create_view),
    ]
