"""The shell scripts, and what they install with; in a copy of the checkout's few files that matter."""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from fermon_site import prepare

ROOT = Path(__file__).parent.parent.parent
SCRIPTS = [
    "start.sh",
    "test.sh",
    ".ci/run",
    ".ci/audit",
    ".ci/programs",
    "tests/js/run",
    "deploy/back-up-postgresql",
]
SHELLCHECK = Path(sys.executable).with_name("shellcheck")


@pytest.mark.parametrize("script", SCRIPTS)
def test_each_script_is_sound(script: str) -> None:
    done = subprocess.run([SHELLCHECK, ROOT / script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    assert os.access(ROOT / script, os.X_OK)


def test_windows_gets_lines_that_it_understands() -> None:
    text = (ROOT / "start.bat").read_bytes()
    assert text.count(b"\r\n") == text.count(b"\n") > 0


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout that needs no packages, and whose start tells where it runs."""
    checkout = tmp_path / "a check out"
    (checkout / "fermon_site").mkdir(parents=True)
    shutil.copy(ROOT / "start.sh", checkout)
    shutil.copy(ROOT / "fermon_site" / "prepare.py", checkout / "fermon_site")
    (checkout / "requirements.lock").write_text("# nothing\n")
    (checkout / "fermon_site" / "start.py").write_text(
        "import os, sys\nprint('started', os.getcwd(), sys.prefix, os.getppid())\n"
    )
    return checkout


def run(
    checkout: Path, *arguments: str, path: str | None = None, **pip: str
) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": path or os.environ["PATH"], "HOME": os.environ["HOME"], **pip}
    return subprocess.run(
        [shutil.which("bash") or "bash", str(checkout / "start.sh"), *arguments],
        cwd="/",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_installs_once_then_starts_at_once(checkout: Path) -> None:
    first = run(checkout)
    assert "Making .venv\nInstalling requirements.lock" in first.stdout
    assert f"started {checkout} {checkout / '.venv'} {os.getpid()}" in first.stdout  # exec: our own child
    assert (first.returncode, first.stderr) == (0, "")
    assert run(checkout).stdout.startswith("started")

    (checkout / "requirements.lock").write_text("# something else\n")
    assert run(checkout).stdout.startswith("Installing requirements.lock")

    (checkout / ".venv/bin/python").unlink()
    shutil.rmtree(next((checkout / ".venv/lib").glob("python*/site-packages/pip")))
    assert run(checkout).stdout.startswith("Making .venv")


def test_what_can_not_be_installed_is_said_and_tried_again(checkout: Path) -> None:
    (checkout / "requirements.lock").write_text("./no-such-package\n")
    for _ in range(2):
        done = run(checkout)
        assert done.returncode == 1
        assert "no-such-package" in done.stderr
        assert "requirements.lock could not be installed; the lines above say why." in done.stderr
        assert "started" not in done.stdout


class PackageIndex:
    """A folder of wheels in PyPI's place; a release made later is there as soon as it is made."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir()
        self.environment = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder)}

    def release(self, name: str, version: str, *requires: str) -> str:
        """Release a package with an extra, and return the line that pins it in a lock."""
        info = f"{name}-{version}.dist-info"
        needs = "".join(f"Requires-Dist: {need}\n" for need in requires)
        files = {
            f"{name}.py": "",
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
            f"Provides-Extra: toml\n{needs}",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        files[f"{info}/RECORD"] = "".join(f"{file},,\n" for file in [*files, f"{info}/RECORD"])
        wheel = self.folder / f"{name}-{version}-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            for file, text in files.items():
                archive.writestr(file, text)
        return f"{name}=={version} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"


@pytest.fixture
def index(tmp_path: Path) -> PackageIndex:
    return PackageIndex(tmp_path / "index")


def test_a_later_release_of_a_dependency_with_an_extra_changes_nothing(
    checkout: Path, index: PackageIndex
) -> None:
    lock = index.release("cover", "1.0") + index.release("tests", "1.0", "cover[toml]>=1.0")
    (checkout / "requirements.lock").write_text(lock)
    index.release("cover", "2.0")
    done = run(checkout, **index.environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert next((checkout / ".venv").rglob("cover-*.dist-info")).name == "cover-1.0.dist-info"


def test_a_lock_that_lacks_a_package_is_refused_each_time(checkout: Path, index: PackageIndex) -> None:
    (checkout / "requirements.lock").write_text(index.release("tests", "1.0", "cover[toml]>=1.0"))
    for _ in range(2):
        done = run(checkout, **index.environment)
        assert done.returncode == 1
        assert "tests 1.0 requires cover, which is not installed." in done.stderr
        assert "'make lock'" in done.stderr
        assert "started" not in done.stdout


def test_a_package_added_by_hand_keeps_nobody_from_starting(checkout: Path, index: PackageIndex) -> None:
    (checkout / "requirements.lock").write_text(index.release("cover", "1.0"))
    assert run(checkout, **index.environment).returncode == 0
    pip = [str(checkout / ".venv/bin/python"), "-m", "pip", "-qq", "install"]
    index.release("mine", "1.0", "cover<2")
    subprocess.run([*pip, "mine"], env=index.environment, check=True)

    (checkout / "requirements.lock").write_text(index.release("cover", "2.0"))
    done = run(checkout, **index.environment)
    assert "Packages that you added to .venv do not fit Fermon's:\nmine 1.0 has requirement" in done.stdout
    assert "started" in done.stdout


def test_too_old_a_python_is_said_in_words(checkout: Path, tmp_path: Path) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("dirname", "sh"):
        (programs / name).symlink_to(shutil.which(name) or name)
    old = programs / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")  # what the question "3.11 or newer?" gets from an old one
    old.chmod(0o755)
    done = run(checkout, path=str(programs))
    assert done.returncode == 1
    assert done.stderr.startswith("Fermon needs Python 3.11 or newer, and found none on the PATH.")


def test_a_python_that_makes_no_environments_is_said_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(prepare, "PYTHON", tmp_path / "none")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert prepare.main("requirements.lock") == 1
    assert "python3-venv" in capsys.readouterr().err


def test_libraries_of_sources_are_installed_on_request_and_kept_up_to_date(
    checkout: Path, index: PackageIndex
) -> None:
    (checkout / "requirements-sources.lock").write_text(index.release("broker", "1.0"))
    assert "requirements-sources.lock" not in run(checkout, **index.environment).stdout
    asked = run(checkout, "--with-sources", **index.environment)
    assert "Installing requirements-sources.lock" in asked.stdout
    assert "started" in asked.stdout
    assert run(checkout, **index.environment).stdout.startswith("started")
    (checkout / "requirements-sources.lock").write_text(index.release("broker", "2.0"))
    assert "Installing requirements-sources.lock" in run(checkout, **index.environment).stdout
    assert next((checkout / ".venv").rglob("broker-*.dist-info")).name == "broker-2.0.dist-info"


def test_an_unknown_option_is_refused_in_words(checkout: Path) -> None:
    done = run(checkout, "--with-source")
    assert done.returncode == 1
    assert "--with-source is no option. --with-sources adds the libraries" in done.stderr
    assert "started" not in done.stdout


def test_installing_only_does_not_start(checkout: Path) -> None:
    done = run(checkout, "--install-only", "requirements.lock")
    assert done.returncode == 0
    assert "started" not in done.stdout
