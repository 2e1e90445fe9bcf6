"""manage.py install_scripts, and what a server does by itself: a local copy of Chart.js, best effort."""

import io
import json
import os
import shutil
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.test import Client
from filelock import FileLock
from pytest_django import Settings

from monitoring.kernel.pinned_script import integrity_of
from monitoring.operations import script_sources
from monitoring.operations.scripts import install_chart_script, prepare_chart_script, prepare_in_background

CONTENT = b"window.Chart = 1"
CHART_SCRIPT = django_settings.FERMON_CHART_SCRIPT
NPM_CACHE = Path(django_settings.BASE_DIR) / "var" / "test-cache" / "npm"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """An npm package with a small script: npm packs a directory as it packs what the registry has."""
    directory = tmp_path / "package"
    (directory / "dist").mkdir(parents=True)
    (directory / "package.json").write_text(json.dumps({"name": "chart.js", "version": "4.6.1"}))
    (directory / "dist" / "chart.umd.min.js").write_bytes(CONTENT)
    return directory


@pytest.fixture
def script(tmp_path: Path, settings: Settings, package: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small script in Chart.js's place: pinned, and to be had at an address and from npm."""
    monkeypatch.setattr(script_sources, "NPM_LIMIT_S", 600.0)  # a busy machine is no failure
    path = tmp_path / "chart.js"
    path.write_bytes(CONTENT)
    settings.FERMON_CHART_SCRIPT = replace(
        CHART_SCRIPT, url=path.as_uri(), integrity=integrity_of(CONTENT), package=str(package)
    )
    settings.DATA_FILES = tmp_path / "static"
    settings.DATA_FILES.mkdir()
    return path


@pytest.fixture
def no_npm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.fixture
def npm_does(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Puts a shell script into npm's place."""

    def put(lines: str) -> None:
        program = tmp_path / "bin" / "npm"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\n{lines}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")

    return put


@pytest.fixture
def trickling_cdn(settings: Settings, script: Path) -> Iterator[None]:
    """A CDN that sends a byte every 50 ms, each well within the time limit of a single step."""

    class Trickle(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            while not ended.wait(0.05):
                try:
                    self.wfile.write(b" ")
                except OSError:
                    return

        def log_message(self, *args: Any) -> None:
            """Writes nothing into the tests' output."""

    ended = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Trickle)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    address = f"http://127.0.0.1:{server.server_address[1]}/"
    settings.FERMON_CHART_SCRIPT = replace(settings.FERMON_CHART_SCRIPT, url=address)
    yield
    ended.set()
    server.shutdown()
    thread.join()
    server.server_close()


def installed(settings: Settings) -> Path:
    path: Path = settings.DATA_FILES / settings.FERMON_CHART_SCRIPT.file
    return path


def files(settings: Settings) -> list[str]:
    return [path.name for path in installed(settings).parent.glob("*")]


def is_running(pid: int) -> bool:
    """Whether the process lives; dead ones that nobody collected yet do not."""
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


# The command


def test_it_downloads(script: Path, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("install_scripts")
    assert installed(settings).read_bytes() == CONTENT
    assert str(installed(settings)) in capsys.readouterr().out
    call_command("install_scripts")  # again does no harm
    assert files(settings) == [installed(settings).name]


def test_it_takes_a_file(script: Path, settings: Settings, tmp_path: Path) -> None:
    copy = script.rename(tmp_path / "from-a-usb-stick.js")
    call_command("install_scripts", "--from", str(copy))
    assert installed(settings).read_bytes() == CONTENT


def test_it_takes_the_file_out_of_npms_tarball(script: Path, settings: Settings, tmp_path: Path) -> None:
    tarball = tmp_path / "chart.js-4.6.1.tgz"
    with tarfile.open(tarball, "w:gz") as archive:
        member = tarfile.TarInfo("package/dist/chart.umd.min.js")
        member.size = len(CONTENT)
        archive.addfile(member, io.BytesIO(CONTENT))
    call_command("install_scripts", "--from", str(tarball))
    assert installed(settings).read_bytes() == CONTENT


def test_another_file_is_refused(script: Path, settings: Settings, tmp_path: Path) -> None:
    script.write_bytes(b"something else")
    with pytest.raises(CommandError, match=r"is not Chart\.js 4.*expected sha384-.*Nothing was written"):
        call_command("install_scripts", "--from", str(script))
    assert not installed(settings).exists()


def test_a_tarball_without_the_file_is_refused(script: Path, tmp_path: Path) -> None:
    tarball = tmp_path / "other.tgz"
    with tarfile.open(tarball, "w:gz") as archive:
        archive.add(script, "package/other.js")
    with pytest.raises(CommandError, match=r"other\.tgz can't be read"):
        call_command("install_scripts", "--from", str(tarball))


def test_a_file_that_is_missing_is_said(script: Path) -> None:
    with pytest.raises(CommandError, match="can't be read"):
        call_command("install_scripts", "--from", "/nowhere/chart.js")


def test_with_neither_cdn_nor_npm_the_way_out_is_said(script: Path, no_npm: None) -> None:
    script.unlink()
    with pytest.raises(
        CommandError, match=r"can't be downloaded.*npm is not installed.*install_scripts --from FILE"
    ):
        call_command("install_scripts")


def test_a_place_that_can_not_be_written_is_said(script: Path, settings: Settings) -> None:
    (settings.DATA_FILES / "vendor").write_text("in the way")
    with pytest.raises(CommandError, match="can't be written"):
        call_command("install_scripts")


# From npm


def test_without_the_cdn_npm_is_asked(script: Path, settings: Settings) -> None:
    script.unlink()
    install_chart_script()
    assert installed(settings).read_bytes() == CONTENT


def test_a_cdn_with_other_bytes_is_as_good_as_none(script: Path, settings: Settings) -> None:
    script.write_bytes(b"a captive portal")
    install_chart_script()
    assert installed(settings).read_bytes() == CONTENT


def test_npms_registry_has_what_is_pinned(
    script: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real package by the real npm, fetched once and kept in ``var/``."""
    assert shutil.which("npm"), "npm is needed to fetch Chart.js"
    monkeypatch.setenv("npm_config_cache", str(NPM_CACHE))
    monkeypatch.setenv("npm_config_prefer_offline", "true")
    script.unlink()
    settings.FERMON_CHART_SCRIPT = replace(CHART_SCRIPT, url=script.as_uri())
    install_chart_script()
    assert CHART_SCRIPT.read_copy(settings.DATA_FILES)


@pytest.mark.parametrize("where", ["CDN", "npm"])
def test_other_bytes_are_refused_from_anywhere(
    script: Path, settings: Settings, package: Path, where: str
) -> None:
    script.unlink() if where == "npm" else script.write_bytes(b"something else")
    (package / "dist" / "chart.umd.min.js").write_bytes(b"something else")
    with pytest.raises(CommandError, match=r"is not Chart\.js 4.*expected sha384-"):
        call_command("install_scripts")
    assert not installed(settings).exists()


def test_an_npm_that_hangs_is_ended(
    script: Path, npm_does: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script.unlink()
    npm_does(f"trap '' TERM INT; echo $$ > {tmp_path}/pid; while :; do sleep 1; done")
    monkeypatch.setattr(script_sources, "NPM_LIMIT_S", 1.0)
    with pytest.raises(CommandError, match="takes longer than 1 s"):
        call_command("install_scripts")
    assert not is_running(int((tmp_path / "pid").read_text()))


def test_npms_own_words_are_handed_on(script: Path, npm_does: Callable[[str], None]) -> None:
    script.unlink()
    npm_does("echo 'npm error code ENOTFOUND' >&2; exit 1")
    with pytest.raises(CommandError, match="npm error code ENOTFOUND"):
        call_command("install_scripts")


def test_a_slow_cdn_is_not_waited_for(
    trickling_cdn: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script_sources, "CDN_LIMIT_S", 0.5)
    install_chart_script()  # from npm
    assert installed(settings).read_bytes() == CONTENT


# What a server does when it starts


def test_a_server_prepares_the_copy(script: Path, settings: Settings) -> None:
    prepare_chart_script()
    assert installed(settings).read_bytes() == CONTENT


def test_a_good_copy_is_left_and_nothing_is_asked(script: Path, settings: Settings, no_npm: None) -> None:
    prepare_chart_script()
    written = installed(settings).stat().st_mtime_ns
    script.unlink()
    prepare_chart_script()
    assert installed(settings).stat().st_mtime_ns == written


def test_a_spoilt_copy_is_replaced(script: Path, settings: Settings) -> None:
    prepare_chart_script()
    installed(settings).write_bytes(CONTENT[:5])
    prepare_chart_script()
    assert installed(settings).read_bytes() == CONTENT


def test_when_nothing_is_to_be_had_there_is_a_note(
    script: Path, settings: Settings, no_npm: None, caplog: pytest.LogCaptureFixture
) -> None:
    script.unlink()
    prepare_chart_script()
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    for words in ("show no charts", "npm is not installed", "install_scripts --from FILE"):
        assert words in record.getMessage()
    assert not installed(settings).exists()


def test_the_other_processes_of_a_server_do_not_try_again(
    script: Path, no_npm: None, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    source = script.rename(script.with_name("away"))
    prepare_chart_script()
    prepare_chart_script()
    assert len(caplog.records) == 1
    source.rename(script)
    os.utime(settings.DATA_FILES / "prepare.failed", (0, 0))  # a start on another day
    prepare_chart_script()
    assert installed(settings).read_bytes() == CONTENT


def test_a_data_directory_that_can_not_be_written_is_a_note(
    script: Path, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.DATA_FILES.rmdir()
    settings.DATA_FILES.write_text("in the way")
    prepare_chart_script()
    assert caplog.records[0].levelname == "WARNING"


def test_another_process_that_is_at_it_is_left_alone(
    script: Path, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    with FileLock(settings.DATA_FILES / "prepare.lock"):
        prepare_chart_script()
    assert not installed(settings).exists()
    assert caplog.records == []


def test_many_at_once_leave_one_whole_copy(script: Path, settings: Settings) -> None:
    threads = [threading.Thread(target=prepare_chart_script) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert installed(settings).read_bytes() == CONTENT
    assert files(settings) == [installed(settings).name]


def test_a_server_with_local_scripts_alone_asks_nobody(script: Path, settings: Settings) -> None:
    settings.FERMON_LOCAL_SCRIPTS = True
    prepare_in_background()
    assert "chart script" not in {thread.name for thread in threading.enumerate()}
    assert not installed(settings).exists()


# How it is served


def copy_address(settings: Settings) -> str:
    return f"/scripts/{settings.FERMON_CHART_SCRIPT.file_name}"


@pytest.mark.django_db  # the end of an answer looks after the connection, if there is one
def test_a_server_that_runs_already_serves_it(client: Client, script: Path, settings: Settings) -> None:
    before = client.get(copy_address(settings))
    assert (before.status_code, before.headers["Cache-Control"]) == (204, "no-store")
    install_chart_script()
    answer = client.get(copy_address(settings))
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert "immutable" in answer.headers["Cache-Control"]
    assert client.head(copy_address(settings)).status_code == 200


@pytest.mark.django_db
def test_a_spoilt_copy_is_not_served(client: Client, script: Path, settings: Settings) -> None:
    install_chart_script()
    installed(settings).write_bytes(CONTENT[:5])
    assert client.get(copy_address(settings)).status_code == 204


@pytest.mark.once
@pytest.mark.django_db
@pytest.mark.parametrize("file", ["chart-4.0.0.umd.min.js", "..%2F..%2Fsecret_key", "prepare.lock"])
def test_nothing_else_is_served(client: Client, script: Path, file: str) -> None:
    assert client.get(f"/scripts/{file}").status_code == 404


# In a running system


@pytest.fixture
def slow_npm(npm_does: Callable[[str], None], system: Any, tmp_path: Path) -> Path:
    """An npm that never ends; the file tells its process. And no CDN: a proxy that is not there."""
    npm_does(f"pwd > {tmp_path}/place; echo $$ > {tmp_path}/pid; exec sleep 1000")
    system.environment |= {"FERMON_LOCAL_SCRIPTS": "off", "https_proxy": "http://127.0.0.1:1"}
    system.environment["PATH"] = os.environ["PATH"]
    return tmp_path / "pid"


@pytest.mark.once
@pytest.mark.parametrize("command", ["serve", "runserver"])
def test_a_start_does_not_wait_and_nothing_outlives_the_server(
    system: Any, slow_npm: Path, wait_until: Callable[..., Any], command: str
) -> None:
    system.migrate()
    server = system.run("manage.py", command, *(["--noreload"] if command == "runserver" else []))
    wait_until(lambda: system.get("/health"))
    npm = int(wait_until(lambda: slow_npm.exists() and slow_npm.read_text()))
    assert is_running(npm)
    assert system.get("/health")
    server.process.kill()
    server.end(20)
    wait_until(lambda: not is_running(npm))
    place = Path(slow_npm.with_name("place").read_text().strip())
    wait_until(lambda: not place.exists())
