"""deploy/Dockerfile and deploy/compose.yaml, as far as they can be told without an engine."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = ["migrate", "web", "worker", "detection", "alarms", "collector", "notifications"]
# The image says them; nobody needs another one within a container.
IN_THE_IMAGE = {"FERMON_HOST", "FERMON_PORT", "FERMON_DATA_DIR", "FERMON_PRODUCTION"}
NOT_IN_PRODUCTION = {"FERMON_OPEN", "FERMON_DEBUG"}
OF_THE_BACKUP = {"FERMON_BACKUPS_KEPT"}  # PostgreSQL's own, which the worker does not make


def test_the_dockerfile_is_sound() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, ROOT / "deploy/Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_takes_files_that_are_there_and_no_others() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = set(re.findall(r"^COPY (?!--from)(\S+)", DOCKERFILE, re.MULTILINE))
    assert copied == allowed
    assert all((ROOT / path).exists() for path in copied)


def test_the_image_runs_without_root_and_takes_only_known_packages() -> None:
    last_stage = DOCKERFILE.rpartition("FROM")[2]
    assert re.search(r"^USER [1-9]\d+$", last_stage, re.MULTILINE)
    assert "--require-hashes --no-deps -r" in DOCKERFILE
    assert "pip install" not in last_stage
    assert '"-m", "fermon_site.healthy"' in last_stage


def test_all_that_production_needs_is_there() -> None:
    assert {*OURS, "database", "redis", "backup"} == set(SERVICES)
    assert set(COMPOSE["volumes"]) >= {"data", "database", "backups"}


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_gains_rights_and_each_comes_back(name: str) -> None:
    assert SERVICES[name]["security_opt"] == ["no-new-privileges:true"]
    assert SERVICES[name]["restart"] == ("no" if name == "migrate" else "unless-stopped")


@pytest.mark.parametrize("name", OURS)
def test_ours_write_to_the_data_directory_only(name: str) -> None:
    assert SERVICES[name]["read_only"] is True
    assert SERVICES[name]["cap_drop"] == ["ALL"]
    assert SERVICES[name]["volumes"] == ["data:/data"]


@pytest.mark.parametrize("name", ["migrate", "worker", "detection", "alarms", "notifications", "collector"])
def test_what_is_run_exists(name: str) -> None:
    python, script, command = SERVICES[name]["command"][:3]
    assert (python, (ROOT / script).exists()) == ("python", True)
    assert command in get_commands()


def test_the_processes_beside_the_worker_have_one_supervisor() -> None:
    assert SERVICES["worker"]["command"][2:] == [
        *("qcluster", "--no-detection", "--no-alarms", "--no-notifications", "--no-collector")
    ]
    assert SERVICES["detection"]["command"][2:] == ["run_detection"]
    assert SERVICES["alarms"]["command"][2:] == ["run_alarms"]
    assert SERVICES["notifications"]["command"][2:] == ["run_notifications"]
    assert SERVICES["collector"]["command"][2:] == ["collect", "--skip-checks"]


def test_nobody_reaches_a_port_but_by_the_proxy_on_this_machine() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports == ["127.0.0.1:8000:8000"]


def test_redis_is_not_started_unless_asked_for() -> None:
    assert SERVICES["redis"]["profiles"] == ["redis"]
    assert SERVICES["web"]["environment"]["REDIS_URL"] == "${REDIS_URL:-}"


def test_each_setting_that_is_documented_is_handed_on_or_left_out_on_purpose() -> None:
    configuration = (ROOT / "docs/configuration.md").read_text()
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", configuration, re.MULTILINE))
    handed_on = SERVICES["web"]["environment"]
    assert documented == set(handed_on) | IN_THE_IMAGE | NOT_IN_PRODUCTION | OF_THE_BACKUP
    assert all(f"${{{name}:" in text for name, text in handed_on.items() if name != "DATABASE_URL")
    assert "FERMON_BACKUPS_KEPT" in SERVICES["backup"]["environment"]["BACKUPS_KEPT"]
    assert IN_THE_IMAGE - {"FERMON_PORT"} <= set(re.findall(r"\bFERMON_[A-Z_]+", DOCKERFILE))
