"""The example for Prometheus, its alert rules and Grafana's dashboard, checked by a real Prometheus."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client
from pytest_django import Settings

from monitoring.access.token_store import issue_token
from monitoring.ingest.pipeline import ingest_readings
from monitoring.models.token import Scope
from monitoring.operations.metrics.collecting import collect
from tests.own_prometheus import Prometheus, promtool

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "deploy/prometheus/fermon.rules.yml"
CONFIGURATION = ROOT / "deploy/prometheus/prometheus.yml"
DASHBOARD = ROOT / "deploy/grafana/fermon-operations.json"
NAME = re.compile(r"\bfermon_[a-z_]+\b")

# Series of an installation in which all is well, in promtool's notation: from, step, repetitions.
WELL = {
    'up{job="fermon"}': "1+0x60",
    "fermon_database_up": "1+0x60",
    "fermon_metrics_seconds": "0.02+0x60",
    **{
        f'fermon_lease_age_seconds{{source="{name}"}}': "1+0x60"
        for name in ("worker", "detection", "alarms", "notifications")
    },
    "fermon_detection_lag_seconds": "1+0x60",
    "fermon_alarm_lag_seconds": "1+0x60",
    "fermon_redis_up": "1+0x60",
    "fermon_replica_up": "1+0x60",
    "fermon_dead_letters": "0+0x60",
    "fermon_dead_letters_bytes": "0+0x60",
    "fermon_dead_letters_limit_bytes": "1000+0x60",
    "fermon_spool_up": "1+0x60",
    "fermon_set_aside_readings": "0+0x60",
    "fermon_measurements_total": "0+600x60",
    'fermon_refusals_total{reason="unknown_tag"}': "0+1x60",
    'fermon_source_up{source="plc"}': "1+0x60",
    'fermon_source_silent_seconds{source="plc"}': "3+0x60",
    'fermon_channel_failing{channel="Anna"}': "0+0x60",
    'fermon_delivery_attempts_total{outcome="ok"}': "0+1x60",
    'fermon_delivery_attempts_total{outcome="temporary"}': "0+0x60",
    "fermon_oldest_due_seconds": "0+0x60",
    "fermon_flood": "0+0x60",
    "fermon_disk_free_bytes": "600+0x60",
    "fermon_disk_size_bytes": "1000+0x60",
    "fermon_disk_reserve_bytes": "10+0x60",
    "fermon_last_backup_timestamp_seconds": "0+0x60",
    'fermon_build_info{database="sqlite"}': "1+0x60",
    "fermon_stream_clients": "3+0x60",
    "fermon_stream_clients_limit": "250+0x60",
}
# What goes wrong, by the alerts that tell it; None: the series is missing.
FAULTS: list[tuple[set[str], dict[str, str | None]]] = [
    ({"FermonDown"}, {'up{job="fermon"}': "1+0x10 0+0x50"}),
    ({"FermonMissing"}, {'up{job="fermon"}': None}),
    ({"FermonDatabaseAway"}, {"fermon_database_up": "0+0x60"}),
    ({"FermonMetricsSlow"}, {"fermon_metrics_seconds": "1.9+0x60"}),
    ({"FermonWorkerSilent"}, {'fermon_lease_age_seconds{source="worker"}': "0+60x60"}),
    ({"FermonWorkerSilent"}, {'fermon_lease_age_seconds{source="worker"}': "Inf+0x60"}),
    ({"FermonDetectionSilent"}, {'fermon_lease_age_seconds{source="detection"}': "Inf+0x60"}),
    ({"FermonAlarmsSilent"}, {'fermon_lease_age_seconds{source="alarms"}': "0+60x60"}),
    ({"FermonNotificationsSilent"}, {'fermon_lease_age_seconds{source="notifications"}': "16+0x60"}),
    ({"FermonDetectionBehind"}, {"fermon_detection_lag_seconds": "61+0x60"}),
    ({"FermonAlarmsBehind"}, {"fermon_alarm_lag_seconds": "16+0x60"}),
    ({"FermonReplicaAway"}, {"fermon_replica_up": "0+0x60"}),
    ({"FermonRedisAway"}, {"fermon_redis_up": "0+0x60"}),
    ({"FermonDeadLetters"}, {"fermon_dead_letters": "1+0x60"}),
    ({"FermonDeadLettersFull"}, {"fermon_dead_letters_bytes": "801+0x60"}),
    ({"FermonReadingsTurnedAway"}, {"fermon_spool_up": "0+0x60"}),
    (
        {"FermonReadingsTurnedAway", "FermonDiskNearlyFull"},
        {"fermon_disk_free_bytes": "9+0x60"},
    ),
    ({"FermonReadingsSetAside"}, {"fermon_set_aside_readings": "1+0x60"}),
    ({"FermonReadingsRejected"}, {'fermon_refusals_total{reason="unknown_tag"}': "0+10x60"}),
    ({"FermonNoReadings"}, {"fermon_measurements_total": "500+0x60"}),
    ({"FermonSourceDown"}, {'fermon_source_up{source="plc"}': "0+0x60"}),
    ({"FermonSourceSilent"}, {'fermon_source_silent_seconds{source="plc"}': "0+60x60"}),
    ({"FermonChannelFailing"}, {'fermon_channel_failing{channel="Anna"}': "1+0x60"}),
    ({"FermonDeliveriesFailing"}, {'fermon_delivery_attempts_total{outcome="temporary"}': "0+1x60"}),
    ({"FermonDeliveriesLate"}, {"fermon_oldest_due_seconds": "0+60x60"}),
    ({"FermonAlarmFlood"}, {"fermon_flood": "1+0x60"}),
    ({"FermonDiskNearlyFull"}, {"fermon_disk_free_bytes": "99+0x60"}),
    ({"FermonStreamFull"}, {"fermon_stream_clients": "240+0x60"}),
]
# What is noticed after days: a value each 5 minutes.
WELL_FOR_DAYS = {
    'up{job="fermon"}': "1+0x700",
    'fermon_build_info{database="sqlite"}': "1+0x700",
    "fermon_last_backup_timestamp_seconds": "0+300x700",
}
SLOW_FAULTS: list[tuple[set[str], dict[str, str | None]]] = [
    ({"FermonBackupMissing"}, {"fermon_last_backup_timestamp_seconds": None}),
    (
        {"FermonBackupOld", "FermonDiskFullSoon"},
        {
            "fermon_last_backup_timestamp_seconds": "0+0x700",
            "fermon_disk_free_bytes": "1000-1x700",
            "fermon_disk_size_bytes": "1000+0x700",
            "fermon_disk_reserve_bytes": "10+0x700",
        },
    ),
]


def rules() -> list[dict[str, Any]]:
    """All alert rules."""
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def expressions_of_dashboard() -> list[str]:
    """What the dashboard asks Prometheus, with the variables filled in as Grafana does."""
    dashboard = json.loads(DASHBOARD.read_text())
    found = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    found += [each["expr"] for each in dashboard["annotations"]["list"]]
    return [text.replace("$__rate_interval", "1m").replace("$instance", ".*") for text in found]


def names_served() -> set[str]:
    """The names of all numbers, also of those that there is none of now; as the text format has them."""
    suffixes = {"counter": ["_total"], "summary": ["_count", "_sum"], "info": ["_info"]}
    return {
        f"{family.name}{suffix}"
        for family in collect(lambda: 0)
        for suffix in suffixes.get(family.type, [""])
    }


def case(expected: set[str], series: dict[str, str | None], interval: str, at: str) -> dict[str, Any]:
    """A test of promtool: exactly these alerts, and the watchdog, fire at the time."""
    firing = [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in {*expected, "FermonWatchdog"}]
    check = {
        "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
        "eval_time": at,
        "exp_samples": firing,
    }
    given = [{"series": name, "values": values} for name, values in series.items() if values is not None]
    return {"interval": interval, "input_series": given, "promql_expr_test": [check]}


@pytest.mark.once
def test_the_example_is_valid() -> None:
    promtool("check", "rules", RULES)
    promtool("check", "config", "--syntax-only", CONFIGURATION)
    (job,) = yaml.safe_load(CONFIGURATION.read_text())["scrape_configs"]
    assert (job["job_name"], job["authorization"]["type"]) == ("fermon", "Token")
    assert yaml.safe_load(CONFIGURATION.read_text())["rule_files"] == [RULES.name]


@pytest.mark.once
def test_each_fault_is_told_by_its_alerts_and_no_others(tmp_path: Path) -> None:
    quick = [case(expected, {**WELL, **changed}, "1m", "20m") for expected, changed in [(set(), {}), *FAULTS]]
    slow = [case(expected, {**WELL_FOR_DAYS, **changed}, "5m", "55h") for expected, changed in SLOW_FAULTS]
    for interval, cases in (("1m", quick), ("5m", slow)):
        text = {"rule_files": [str(RULES)], "evaluation_interval": interval, "tests": cases}
        (tmp_path / f"{interval}.yml").write_text(yaml.safe_dump(text))
        promtool("test", "rules", tmp_path / f"{interval}.yml")
    told = {name for expected, _ in FAULTS + SLOW_FAULTS for name in expected}
    assert told | {"FermonWatchdog"} == {rule["alert"] for rule in rules()}


@pytest.mark.once
def test_each_alert_says_what_to_do() -> None:
    for rule in rules():
        assert rule["labels"]["severity"] in {"critical", "warning", "none"}
        assert len(rule["annotations"]["summary"]) < 120, rule["alert"]
        assert len(rule["annotations"]["description"].split()) >= 5, rule["alert"]


@pytest.mark.django_db
def test_rules_dashboard_and_documentation_name_metrics_that_are_there(client: Client) -> None:
    served = names_served()
    used = {name for rule in rules() for name in NAME.findall(rule["expr"])}
    used |= {name for text in expressions_of_dashboard() for name in NAME.findall(text)}
    assert sorted(used - served) == []
    documented = set(re.findall(r"^\| `(fermon_[a-z_]+)", (ROOT / "docs/monitoring.md").read_text(), re.M))
    assert documented == {re.sub(r"_(count|sum)$", "", name) for name in served}


@pytest.mark.once
def test_the_dashboard_is_one_of_grafana() -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    panels = dashboard["panels"]
    assert (dashboard["uid"], dashboard["title"]) == ("fermon-operations", "Fermon: operations")
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (place["x"] + column, place["y"] + row)
        for place in (panel["gridPos"] for panel in panels)
        for column in range(place["w"])
        for row in range(place["h"])
    ]
    assert len(cells) == len(set(cells)), "no panel covers another"
    assert max(x for x, _ in cells) == 23
    for panel in panels:
        if panel["type"] != "row":
            assert panel["title"]
            assert panel["description"].endswith(".")
            assert panel["datasource"]["uid"] == "${datasource}"
    (source,) = yaml.safe_load((ROOT / "deploy/grafana/prometheus-datasource.yml").read_text())["datasources"]
    assert (source["type"], source["uid"]) == ("prometheus", "fermon-prometheus")


@pytest.mark.once
@pytest.mark.django_db
def test_promtool_finds_nothing_to_say_about_the_metrics(client: Client) -> None:
    assert promtool("check", "metrics", given=client.get("/metrics").content) == ""


@pytest.fixture
def closed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """FERMON_OPEN=0, and this machine is like another one."""
    settings.FERMON_OPEN = False
    monkeypatch.setattr("monitoring.api.metrics.is_local", lambda _: False)
    monkeypatch.setattr("monitoring.access.scraping.is_local", lambda _: False)


@pytest.fixture
def prometheus(live_server: Any, closed: None, tmp_path: Path) -> Iterator[Prometheus]:
    """A Prometheus with the example's configuration, each second, and a second job without a token."""
    token = tmp_path / "fermon.token"
    token.write_text(issue_token(name="prometheus", scope=Scope.READ))
    example = yaml.safe_load(CONFIGURATION.read_text())
    example["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    example["rule_files"] = [str(RULES)]
    (job,) = example["scrape_configs"]
    target = {"scheme": "http", "static_configs": [{"targets": [live_server.url.removeprefix("http://")]}]}
    job |= target
    job["authorization"]["credentials_file"] = str(token)
    example["scrape_configs"].append({"job_name": "stranger", "metrics_path": "/metrics", **target})
    server = Prometheus(tmp_path / "prometheus", example)
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.mark.once
@pytest.mark.threads
@pytest.mark.django_db(transaction=True)
def test_a_prometheus_scrapes_and_judges(prometheus: Prometheus) -> None:
    now = datetime.now(UTC).isoformat()
    ingest_readings([{"timestamp": now, "tag": "fermenter_temp", "value": 46}])
    (found,) = prometheus.wait_for("fermon_measurements_stored == 1")
    assert found[0]["job"] == "fermon"
    assert prometheus.wait_for("fermon_anomalies_stored == 1")  # a scrape that failed meanwhile leaves none
    assert [value for _, value in prometheus.wait_for('up{job="stranger"}')] == [0]
    firing = prometheus.wait_for('ALERTS{alertname="FermonWatchdog", alertstate="firing"}')
    assert firing[0][0]["severity"] == "none"
    assert prometheus.wait_for('ALERTS{alertname="FermonWorkerSilent"}'), "pending for a minute, then firing"
    for expression in expressions_of_dashboard():
        prometheus.query(expression)
