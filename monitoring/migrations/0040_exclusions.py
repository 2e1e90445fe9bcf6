"""Exclusions, the measurements that they have taken out, and until when a tag has any."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('monitoring', '0060_on_conflict'),
    ]

    operations = [
        migrations.AddField(
            model_name='series',
            name='excluded_until',
            field=models.BigIntegerField(help_text="The newest excluded measurement's timestamp. Empty: none is excluded.", null=True),
        ),
        migrations.CreateModel(
            name='Exclusion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('start', models.BigIntegerField()),
                ('end', models.BigIntegerField()),
                ('ids', models.JSONField(editable=False, null=True)),
                ('upto_id', models.BigIntegerField(editable=False)),
                ('reason', models.TextField()),
                ('made_by', models.CharField(max_length=200, verbose_name='excluded by')),
                ('made_at', models.DateTimeField(verbose_name='excluded at')),
                ('revoked_at', models.DateTimeField(null=True, verbose_name='included again at')),
                ('revoked_by', models.CharField(blank=True, max_length=200, verbose_name='included again by')),
                ('revoke_reason', models.TextField(blank=True, verbose_name='reason to include again')),
                ('taken', models.BigIntegerField(default=0, verbose_name='measurements excluded')),
                ('returned', models.BigIntegerField(default=0, verbose_name='measurements included again')),
                ('is_complete', models.BooleanField(default=False, verbose_name='complete')),
                ('is_judged', models.BooleanField(default=False, verbose_name='events follow')),
                ('tag', models.ForeignKey(db_column='tag', db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='exclusions', to='monitoring.tag')),
            ],
            options={
                'db_table': 'exclusions',
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='ExcludedMeasurement',
            fields=[
                ('id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('timestamp', models.BigIntegerField()),
                ('value', models.FloatField()),
                ('is_anomaly', models.BooleanField(verbose_name='anomaly')),
                ('findings', models.JSONField(default=list)),
                ('tag', models.ForeignKey(db_column='tag', db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='monitoring.tag')),
                ('exclusion', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='measurements', to='monitoring.exclusion')),
            ],
            options={
                'db_table': 'excluded_measurements',
                'ordering': ['-timestamp', '-id'],
            },
        ),
        migrations.AddIndex(
            model_name='exclusion',
            index=models.Index(fields=['tag', 'start'], name='exclusion_tag_start'),
        ),
        migrations.AddIndex(
            model_name='exclusion',
            index=models.Index(condition=models.Q(('is_complete', False)), fields=['id'], name='unfinished_exclusion'),
        ),
        migrations.AddIndex(
            model_name='exclusion',
            index=models.Index(condition=models.Q(('is_judged', False)), fields=['id'], name='unjudged_exclusion'),
        ),
        migrations.AddIndex(
            model_name='excludedmeasurement',
            index=models.Index(fields=['timestamp'], name='excluded_timestamp'),
        ),
        migrations.AddIndex(
            model_name='excludedmeasurement',
            index=models.Index(fields=['exclusion', 'timestamp'], name='excluded_exclusion'),
        ),
        migrations.AddConstraint(
            model_name='excludedmeasurement',
            constraint=models.UniqueConstraint(fields=('tag', 'timestamp'), name='excluded_tag_timestamp'),
        ),
    ]
