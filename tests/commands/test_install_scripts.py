"""manage.py install_scripts"""

import io
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from monitoring.management.scripts import integrity

CONTENT = b"window.Chart = 1"


@pytest.fixture
def script(tmp_path: Path, settings: Settings) -> Path:
    """A small script in Chart.js's place: pinned, and to be had at an address."""
    path = tmp_path / "chart.js"
    path.write_bytes(CONTENT)
    settings.FERMON_CHART_SCRIPT = replace(
        settings.FERMON_CHART_SCRIPT, url=path.as_uri(), integrity=integrity(CONTENT)
    )
    settings.DATA_FILES = tmp_path / "static"
    settings.STATICFILES_DIRS = [Path(django_settings.BASE_DIR) / "static", settings.DATA_FILES]
    settings.DATA_FILES.mkdir()
    return path


def installed(settings: Settings) -> Path:
    path: Path = settings.DATA_FILES / settings.FERMON_CHART_SCRIPT.file
    return path


def test_it_downloads(script: Path, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("install_scripts")
    assert installed(settings).read_bytes() == CONTENT
    assert str(installed(settings)) in capsys.readouterr().out
    call_command("install_scripts")  # again does no harm


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


def test_another_file_is_refused(script: Path, settings: Settings) -> None:
    script.write_bytes(b"something else")
    with pytest.raises(CommandError, match=r"is not Chart\.js 4.*expected sha384-.*Nothing was written"):
        call_command("install_scripts")
    assert not installed(settings).exists()


def test_a_tarball_without_the_file_is_refused(script: Path, tmp_path: Path) -> None:
    tarball = tmp_path / "other.tgz"
    with tarfile.open(tarball, "w:gz") as archive:
        archive.add(script, "package/other.js")
    with pytest.raises(CommandError, match=r"other\.tgz can't be read"):
        call_command("install_scripts", "--from", str(tarball))


@pytest.mark.parametrize("arguments", [(), ("--from", "/nowhere/chart.js")])
def test_what_can_not_be_had_is_said(script: Path, arguments: tuple[str, ...]) -> None:
    script.unlink()
    with pytest.raises(CommandError, match="can't be"):
        call_command("install_scripts", *arguments)


def test_a_place_that_can_not_be_written_is_said(script: Path, settings: Settings) -> None:
    (settings.DATA_FILES / "vendor").write_text("in the way")
    with pytest.raises(CommandError, match="can't be written"):
        call_command("install_scripts")


@pytest.mark.django_db  # the end of an answer looks after the connection, if there is one
def test_a_server_that_starts_afterwards_serves_it(script: Path, settings: Settings) -> None:
    call_command("install_scripts")
    response = Client().get(f"/static/{settings.FERMON_CHART_SCRIPT.file}")
    assert response.status_code == 200
    assert b"".join(response.streaming_content) == CONTENT
    response.close()
