import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('monitoring', '0042_setpoint_alarms'),
    ]

    operations = [
        migrations.CreateModel(
            name='WithdrawnMoment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('moment', models.CharField(max_length=80)),
                ('at', models.BigIntegerField()),
                ('batch', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='withdrawn_moments', to='monitoring.batch')),
            ],
            options={
                'db_table': 'withdrawn_moments',
                'ordering': ['id'],
            },
        ),
    ]
