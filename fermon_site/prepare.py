"""Create ``.venv`` and install a requirements file there, unless both are up to date.

``start.sh``, ``start.bat`` and ``test.sh`` call this with any Python that they find, so the script needs
the standard library alone: ``python fermon_site/prepare.py requirements.lock``. With ``--with-sources``, also
install the libraries of field sources; the next start keeps them up to date without being asked.
"""

import hashlib
import importlib.util
import os
import re
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
PIP = ("-m", "pip", "--disable-pip-version-check")
# A lock is complete, so pip need not resolve anything. With a resolver, pip 23 in hash mode looks for
# "coverage[toml]" without a version, and rejects the lock on the day of that package's next release.
# -qq: errors only, nothing about the configuration of this machine's pip.
INSTALL = ("-qq", "install", "--root-user-action", "ignore", "--require-hashes", "--no-deps")
WITH_SOURCES = "--with-sources"
SOURCES = "requirements-sources.lock"
WORKS = "import pip, sys; sys.exit(sys.version_info < (3, 11))"


def main(requirements: str, *options: str) -> int:
    """Install the file, then the libraries of sources if asked for now or before; return the exit code."""
    if unknown := set(options) - {WITH_SOURCES}:
        return fail(f"{min(unknown)} is no option. {WITH_SOURCES} adds the libraries of field sources.")
    if code := install(requirements):
        return code
    is_start = requirements == "requirements.lock"
    if is_start and (options or (VENV / f"{SOURCES}.sha256").exists()):
        return install(SOURCES)
    return 0


def install(requirements: str) -> int:
    """Return 0 once ``.venv`` holds the file's packages; else print the reason and return 1.

    The requirements file is a name in the checkout.
    """
    stamp = VENV / f"{requirements}.sha256"
    wanted = fingerprint(requirements)
    if works() and stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return 0
    if not works():
        if importlib.util.find_spec("ensurepip") is None:
            return fail(
                f"this Python ({sys.executable}) can't make virtual environments. On Debian and Ubuntu"
                f" install python3-venv, or use another Python of 3.11 or newer."
            )
        say("Making .venv")
        venv.create(VENV, with_pip=True, clear=True, symlinks=os.name != "nt")
    say(f"Installing {requirements}; the first time that takes a minute")
    if subprocess.run([PYTHON, *PIP, *INSTALL, "-r", ROOT / requirements], check=False).returncode:  # noqa: S603
        return fail(f"{requirements} could not be installed; the lines above say why.")
    if conflicts := find_conflicts():
        ours, others = split_by_lock(conflicts, (ROOT / requirements).read_text(encoding="utf-8"))
        if ours:
            return fail(
                f"{requirements} does not fit together:\n{ours}\nMake the lock anew with 'make lock', or take"
                f" the one of the release."
            )
        say(f"Packages that you added to .venv do not fit Fermon's:\n{others}")
    stamp.write_text(wanted, encoding="utf-8")
    return 0


def works() -> bool:
    """Return whether ``.venv`` has a Python that is new enough and has pip."""
    if not PYTHON.exists():
        return False
    return subprocess.run([PYTHON, "-c", WORKS], capture_output=True, check=False).returncode == 0  # noqa: S603


def find_conflicts() -> list[str]:
    """Return the lines of ``pip check``, one for each requirement that is missing or at another version."""
    checked = subprocess.run([PYTHON, *PIP, "check"], capture_output=True, text=True, check=False)  # noqa: S603
    return checked.stdout.splitlines() if checked.returncode else []


def split_by_lock(conflicts: list[str], lock: str) -> tuple[str, str]:
    """Split the conflicts into those of packages in the lock and those of packages added by hand."""
    locked = {normalized(name) for name in re.findall(r"^[\w.-]+", lock, re.MULTILINE)}
    ours = [line for line in conflicts if normalized(line.split()[0]) in locked]
    return "\n".join(ours), "\n".join(line for line in conflicts if line not in ours)


def normalized(package: str) -> str:
    """Return the package's name as PyPI compares names (PEP 503)."""
    return re.sub(r"[-_.]+", "-", package).lower()


def fingerprint(requirements: str) -> str:
    """Return the SHA-256 of the requirements file."""
    return hashlib.sha256((ROOT / requirements).read_bytes()).hexdigest()


def say(text: str) -> None:
    """Print a line for the user at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def fail(why: str) -> int:
    """Print why the installation failed; return the exit code 1."""
    sys.stderr.write(f"Fermon can't be installed: {why}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
