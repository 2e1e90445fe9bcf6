"""Names of three tables in the admin."""
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('monitoring', '0025_saved_view'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='alarmjournalentry',
            options={'ordering': ['-id'], 'verbose_name': 'line of the alarm journal', 'verbose_name_plural': 'alarm journal'},
        ),
        migrations.AlterModelOptions(
            name='refusal',
            options={'ordering': ['-id'], 'verbose_name': 'rejected reading', 'verbose_name_plural': 'rejected readings'},
        ),
        migrations.AlterModelOptions(
            name='refusalcount',
            options={'ordering': ['-hour', 'tag', 'reason'], 'verbose_name': 'count of rejected readings', 'verbose_name_plural': 'counts of rejected readings'},
        ),
    ]
