import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('monitoring', '0036_computed_tags'),
    ]

    operations = [
        migrations.CreateModel(
            name='RuleProblem',
            fields=[
                ('vessel', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='rule_problem', serialize=False, to='monitoring.vessel')),
                ('text', models.TextField()),
                ('since', models.BigIntegerField()),
            ],
            options={
                'db_table': 'rule_problems',
                'ordering': ['vessel'],
            },
        ),
    ]
