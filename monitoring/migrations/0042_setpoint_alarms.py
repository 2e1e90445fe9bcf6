import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Without a default SQLite adds the column in place: a remade table would lose its triggers."""

    dependencies = [
        ('monitoring', '0040_golden_profiles'),
    ]

    operations = [
        migrations.AddField(
            model_name='alarmdefinition',
            name='settle_s',
            field=models.FloatField(blank=True, help_text='Of a deviation from a tag: seconds after a move of that tag in which it does not count.', null=True, verbose_name='settling time'),
        ),
        migrations.AlterField(
            model_name='alarmdefinition',
            name='target_tag',
            field=models.ForeignKey(blank=True, help_text='Of a deviation alarm: the tag with the target, such as a setpoint.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='monitoring.tag'),
        ),
    ]
