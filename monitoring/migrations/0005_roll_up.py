"""Rolls up what was stored before there were rollups."""

from django.db import migrations

RESOLUTIONS_S = (60, 600, 3_600, 86_400)
# Rounded down also before 1970, where integer division rounds up.
INTERVAL = "timestamp - ((timestamp %% {us}) + {us}) %% {us}"
ROLL_UP = f"""
    INSERT INTO rollups
        (tag, resolution_s, start, count, total, minimum, minimum_at, maximum, maximum_at, anomalies)
    SELECT tag, {{s}}, {INTERVAL}, count(*), sum(value), min(value), 0, max(value), 0,
        sum(CASE WHEN is_anomaly THEN 1 ELSE 0 END)
    FROM measurements WHERE tag = %s GROUP BY tag, {INTERVAL}
"""
EXTREME_AT = """
    UPDATE rollups SET {extreme}_at = (
        SELECT min(timestamp) FROM measurements
        WHERE measurements.tag = rollups.tag AND measurements.value = rollups.{extreme}
            AND measurements.timestamp >= rollups.start
            AND measurements.timestamp < rollups.start + rollups.resolution_s * 1000000
    ) WHERE tag = %s AND resolution_s = {s}
"""
# The coarser ones look for their extremes among the finer, not among the measurements.
COARSE_EXTREME_AT = """
    UPDATE rollups SET {extreme}_at = (
        SELECT min(finer.{extreme}_at) FROM rollups AS finer
        WHERE finer.tag = rollups.tag AND finer.resolution_s = {finer}
            AND finer.{extreme} = rollups.{extreme} AND finer.start >= rollups.start
            AND finer.start < rollups.start + rollups.resolution_s * 1000000
    ) WHERE tag = %s AND resolution_s = {s}
"""
SERIES = """
    INSERT INTO series (tag, measurements, anomalies, last)
    SELECT tag, count(*), sum(CASE WHEN is_anomaly THEN 1 ELSE 0 END), max(timestamp)
    FROM measurements WHERE tag = %s GROUP BY tag
"""
def roll_up(apps, schema_editor):
    tags = apps.get_model("monitoring", "Tag").objects.using(schema_editor.connection.alias)
    tags = list(tags.values_list("id", "name"))
    with schema_editor.connection.cursor() as cursor:
        for number, (tag, name) in enumerate(tags, start=1):
            cursor.execute(SERIES, [tag])
            if not cursor.rowcount:
                continue
            print(f"\n    rolling up {name} ({number} of {len(tags)} tags)", end="", flush=True)
            for finer, resolution in zip((None, *RESOLUTIONS_S), RESOLUTIONS_S):
                cursor.execute(ROLL_UP.format(s=resolution, us=resolution * 1_000_000), [tag])
                for extreme in ("minimum", "maximum"):
                    look = COARSE_EXTREME_AT if finer else EXTREME_AT
                    cursor.execute(look.format(s=resolution, finer=finer, extreme=extreme), [tag])


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0004_history")]

    operations = [migrations.RunPython(roll_up)]
