"""What is installed is what is pinned, and its files are known by their hashes."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = {
    "requirements.lock": ["requirements.txt"],
    "requirements-dev.lock": ["requirements.txt", "requirements-sources.txt", "requirements-dev.txt"],
}
PINNED = re.compile(r"^([\w.-]+)(?:\[[\w,-]+\])?==([\w.]+)(?: ; [^\n]+)?", re.MULTILINE)


def pins(name: str) -> dict[str, str]:
    """Each package's version, by its name in lower case with hyphens."""
    found = PINNED.findall((ROOT / name).read_text())
    return {re.sub(r"[-_.]+", "-", package).lower(): version for package, version in found}


def hashes(name: str) -> dict[str, int]:
    """How many files are known of each package."""
    parts = re.split(r"^(?=[\w.-]+(?:\[[\w,-]+\])?==)", (ROOT / name).read_text(), flags=re.MULTILINE)
    return {part.split("==")[0]: part.count("--hash=sha256:") for part in parts if "==" in part}


@pytest.mark.parametrize("lock", LOCKS)
def test_each_pin_is_in_the_lock_at_its_version(lock: str) -> None:
    wanted = {package: version for name in LOCKS[lock] for package, version in pins(name).items()}
    locked = pins(lock)
    assert len(wanted) > 15
    assert {package: locked.get(package) for package in wanted} == wanted, "run 'make lock'"


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_has_hashes(lock: str) -> None:
    assert all(hashes(lock).values())


def test_libraries_of_sources_are_locked_and_fit_to_what_is_installed_before() -> None:
    wanted, locked = pins("requirements-sources.txt"), pins("requirements-sources.lock")
    assert wanted
    assert {package: locked.get(package) for package in wanted} == wanted, "run 'make lock'"
    assert all(hashes("requirements-sources.lock").values())
    before = pins("requirements.lock")
    assert {package: before[package] for package in locked if package in before}.items() <= locked.items()


@pytest.mark.parametrize(
    "name",
    [
        "requirements.txt",
        "requirements-sources.txt",
        "requirements-dev.txt",
        "requirements-archive.txt",
        "requirements-ml.txt",
        "requirements-lstm.txt",
    ],
)
def test_each_pin_is_exact(name: str) -> None:
    lines = [line for line in (ROOT / name).read_text().splitlines() if line and line[0] not in "#-"]
    assert all(PINNED.fullmatch(line) for line in lines)
    assert len(lines) == len(pins(name))


@pytest.mark.parametrize("lock", list(LOCKS)[1:])
def test_the_locks_agree(lock: str) -> None:
    theirs = pins(lock)
    assert {package: theirs.get(package) for package in pins("requirements.lock")} == pins(
        "requirements.lock"
    )


@pytest.mark.parametrize("package", ["numpy", "orjson", "granian", "psutil"])
def test_the_lock_knows_the_files_for_other_systems(package: str) -> None:
    assert hashes("requirements.lock")[package] > 20


def test_windows_gets_what_it_needs_beside() -> None:
    assert "tzdata" in pins("requirements.lock")
