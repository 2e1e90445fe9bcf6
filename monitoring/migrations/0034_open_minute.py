"""The newest minute of a tag beside its totals, until it ends."""
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('monitoring', '0031_quality_span_open'),
    ]

    operations = [
        migrations.AddField(
            model_name='series',
            name='open_start',
            field=models.BigIntegerField(help_text='The start of the minute of which the following columns have measurements that the rollups lack. Empty: the rollups have all.', null=True),
        ),
        *(
            migrations.AddField(model_name='series', name=name, field=kind)
            for name, kind in (
                ('open_count', models.BigIntegerField(null=True)),
                ('open_total', models.FloatField(null=True)),
                ('open_minimum', models.FloatField(null=True)),
                ('open_minimum_at', models.BigIntegerField(null=True)),
                ('open_maximum', models.FloatField(null=True)),
                ('open_maximum_at', models.BigIntegerField(null=True)),
                ('open_anomalies', models.BigIntegerField(null=True)),
            )
        ),
    ]
