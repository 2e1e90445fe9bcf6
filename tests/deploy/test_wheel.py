"""The wheel, as pipx installs it: built, installed into an environment of its own, started, stopped."""

import json
import os
import shutil
import signal
import site
import subprocess
import sys
import time
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from email.parser import HeaderParser
from pathlib import Path

import pytest

from fermon_site import __version__
from tests.migrated import copy_file
from tests.patience import stretched
from tests.ports import free_port

pytestmark = [pytest.mark.once, pytest.mark.sqlite, pytest.mark.no_cover]

ROOT = Path(__file__).resolve().parents[2]
STARTED_S, STOPPED_S = 60.0, 10.0


def build(kind: str, tree: Path, target: Path) -> None:
    """Run the build backend that pyproject.toml names, with what is installed here."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(target)]
    subprocess.run(command, cwd=tree, check=True, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel made of this checkout."""
    target = tmp_path_factory.mktemp("wheel")
    build("wheel", ROOT, target)
    [found] = target.iterdir()
    return found


@pytest.fixture(scope="module")
def fermon(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed command; what the wheel depends on is found where the tests run."""
    place = tmp_path_factory.mktemp("installed")
    venv.create(place, symlinks=True)
    [packages] = place.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text("\n".join(site.getsitepackages()), encoding="utf-8")
    python = str(place / "bin/python")
    uv = [sys.executable, "-m", "uv", "pip", "install", "-q", "--offline", "--no-deps", "--no-cache"]
    subprocess.run([*uv, "--python", python, str(wheel)], check=True)
    return place / "bin/fermon"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A user's environment, who has set nothing but the port, and no source of readings."""
    found = {key: os.environ[key] for key in ("PATH", "LANG") if key in os.environ}
    own = {"FERMON_SIMULATOR": "off", "FERMON_LOCAL_SCRIPTS": "on", "FERMON_PORT": str(free_port())}
    return found | own | {"HOME": str(tmp_path)}


@pytest.fixture
def started(
    fermon: Path, environment: dict[str, str], migrated: str, tmp_path: Path
) -> Iterator["subprocess.Popen[str]"]:
    """``fermon``, started in a folder that has nothing of Fermon's."""
    copy_file(migrated, tmp_path / ".local/share/fermon/fermon.sqlite3")
    process = subprocess.Popen(
        [str(fermon)],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    yield process
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def get(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=stretched(10)) as answer:  # noqa: S310
        return answer.read()


def wait_for(address: str) -> bytes:
    """The answer, once there is one."""
    end = time.monotonic() + stretched(STARTED_S)
    while True:
        try:
            return get(address)
        except OSError:
            assert time.monotonic() < end, "it does not answer"
            time.sleep(0.1)


def test_it_runs_from_an_empty_folder_until_it_is_stopped(
    started: "subprocess.Popen[str]", environment: dict[str, str]
) -> None:
    address = f"http://127.0.0.1:{environment['FERMON_PORT']}"
    assert json.loads(wait_for(f"{address}/health"))["database"]
    assert b"fermenter_temp" in get(f"{address}/dashboard")
    assert get(f"{address}/static/monitoring/js/live/feed.js")
    assert json.loads(get(f"{address}/schema"))["info"]["version"] == __version__
    started.send_signal(signal.SIGTERM)
    printed, _ = started.communicate(timeout=stretched(STOPPED_S))
    assert started.returncode == 0, printed
    assert f"data is kept in {environment['HOME']}/.local/share/fermon" in printed
    assert printed.endswith("Fermon has stopped.\n")


def test_management_commands_run_by_the_same_command(fermon: Path, environment: dict[str, str]) -> None:
    def says(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run([str(fermon), *arguments], env=environment, capture_output=True, text=True)

    assert says("--version").stdout == f"fermon {__version__}\n"
    assert "make_token" in says("manage", "help").stdout
    wrong = says("sing")
    assert wrong.returncode == 2
    assert "fermon manage COMMAND" in wrong.stderr


def test_it_holds_what_runs_and_depends_on_what_is_pinned(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    names = archive.namelist()
    assert {name.split("/")[0] for name in names} == {
        "fermon_site",
        "monitoring",
        f"fermon-{__version__}.dist-info",
    }
    for folder in ("templates", "static"):
        here = {str(file.relative_to(ROOT)) for file in (ROOT / folder).rglob("*") if file.is_file()}
        assert {f"fermon_site/root/{each}" for each in here} <= set(names)
    metadata = archive.read(f"fermon-{__version__}.dist-info/METADATA").decode()
    told = HeaderParser().parsestr(metadata)
    plain = [each for each in told.get_all("Requires-Dist") if "extra ==" not in each]
    pinned = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert len(plain) == sum(1 for line in pinned if line and line[0] not in "#-")
    assert set(told.get_all("Provides-Extra")) >= {"sources", "ml"}
    assert told["Version"] == __version__


def test_the_source_distribution_makes_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    build("sdist", ROOT, tmp_path)
    [archive] = tmp_path.iterdir()
    shutil.unpack_archive(archive, tmp_path / "unpacked", filter="data")
    [tree] = (tmp_path / "unpacked").iterdir()
    build("wheel", tree, tmp_path)
    [again] = tmp_path.glob("*.whl")
    assert sorted(zipfile.ZipFile(again).namelist()) == sorted(zipfile.ZipFile(wheel).namelist())
