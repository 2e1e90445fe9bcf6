"""deploy/systemd: units that start what exists, with no more rights than it needs."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

UNITS = Path(__file__).resolve().parents[2] / "deploy/systemd"
SERVICES = sorted(UNITS.glob("*.service"))
HARDENING = [
    "CapabilityBoundingSet=",
    "NoNewPrivileges=yes",
    "PrivateDevices=yes",
    "PrivateTmp=yes",
    "ProtectHome=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelTunables=yes",
    "ProtectSystem=strict",
    "RestrictNamespaces=yes",
    "RestrictSUIDSGID=yes",
    "StateDirectory=fermon",
    "SystemCallFilter=@system-service",
    "User=fermon",
]


@pytest.mark.parametrize("unit", SERVICES, ids=lambda path: path.stem)
@pytest.mark.parametrize("line", HARDENING)
def test_each_service_has_no_more_rights_than_it_needs(unit: Path, line: str) -> None:
    assert line in unit.read_text().splitlines()


@pytest.mark.parametrize("unit", SERVICES, ids=lambda path: path.stem)
def test_each_service_starts_a_command_that_exists(unit: Path) -> None:
    named = re.findall(
        r"^Exec\w+=/opt/fermon/\.venv/bin/python manage\.py (\w+)", unit.read_text(), re.MULTILINE
    )
    assert named
    assert set(named) <= set(get_commands())


def test_the_processes_beside_the_worker_have_one_supervisor_and_come_with_it() -> None:
    worker = (UNITS / "fermon-worker.service").read_text().splitlines()
    alone = "--no-detection --no-alarms --no-notifications --no-collector"
    assert f"ExecStart=/opt/fermon/.venv/bin/python manage.py qcluster {alone}" in worker
    names = ("detection", "alarms", "notifications", "collector")
    assert f"Wants={' '.join(f'fermon-{name}.service' for name in names)}" in worker
    detection = (UNITS / "fermon-detection.service").read_text().splitlines()
    assert "ExecStart=/opt/fermon/.venv/bin/python manage.py run_detection" in detection
    assert "Restart=always" in detection
    alarms = (UNITS / "fermon-alarms.service").read_text().splitlines()
    assert "ExecStart=/opt/fermon/.venv/bin/python manage.py run_alarms" in alarms
    assert "Restart=always" in alarms
    notifications = (UNITS / "fermon-notifications.service").read_text().splitlines()
    assert "ExecStart=/opt/fermon/.venv/bin/python manage.py run_notifications" in notifications
    assert "Restart=always" in notifications
    collector = (UNITS / "fermon-collector.service").read_text().splitlines()
    assert "ExecStart=/opt/fermon/.venv/bin/python manage.py collect --skip-checks" in collector
    assert "Restart=always" in collector


def test_a_reload_replaces_the_server_s_processes() -> None:
    assert "ExecReload=/bin/kill -HUP $MAINPID" in (UNITS / "fermon-web.service").read_text()


def test_the_timer_starts_a_service_that_exists() -> None:
    assert (UNITS / "fermon-backup.timer").with_suffix(".service") in SERVICES


@pytest.mark.parametrize("unit", SERVICES, ids=lambda path: path.stem)
def test_nothing_is_deleted_by_its_age(unit: Path) -> None:
    assert "-mtime" not in unit.read_text()
