"""Read the content of a pinned script from a file, the CDN or npm's registry."""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from http.client import HTTPException
from pathlib import Path
from urllib.request import urlopen

from monitoring.kernel.pinned_script import PinnedScript, integrity_of
from monitoring.operations import command_limit

CDN_LIMIT_S = 5.0
NPM_LIMIT_S = 60.0
# Chart.js has 0.2 MB. An endless answer must not fill the memory.
MOST_BYTES = 4 * 1024 * 1024
# One try: a restart or the command tries again.
NPM_OPTIONS = ("--loglevel=error", "--ignore-scripts", "--fetch-retries=0", "--fetch-timeout=10000")
ERRORS = "npm-errors.txt"


class ScriptRefusedError(Exception):
    """The script is unavailable, or differs from the pinned one."""


def read_file(script: PinnedScript, source: Path) -> bytes:
    """Return the script from a file: the script itself, or npm's tarball.

    Raises:
        ScriptRefusedError: the file can't be read, or has another hash.
    """
    try:
        content = unpack(script, source) if tarfile.is_tarfile(source) else source.read_bytes()
    except (OSError, EOFError, KeyError, tarfile.TarError) as error:
        raise ScriptRefusedError(f"{source} can't be read: {error}") from error
    return checked(script, content, source)


def unpack(script: PinnedScript, tarball: Path) -> bytes:
    """Return the script's file from npm's tarball, without extracting anything to the disk."""
    with tarfile.open(tarball) as archive:
        member = archive.extractfile(script.member)
        return member.read(MOST_BYTES) if member else b""


def download(script: PinnedScript) -> bytes:
    """Return the script from the CDN within ``CDN_LIMIT_S`` seconds.

    Raises:
        ScriptRefusedError: the CDN can't be reached in time, or answers another content.
    """
    end = time.monotonic() + CDN_LIMIT_S
    content = b""
    try:
        with urlopen(script.url, timeout=CDN_LIMIT_S) as response:  # noqa: S310 - a constant https address
            while (chunk := response.read1(65536)) and len(content) < MOST_BYTES:
                content += chunk
                if time.monotonic() > end:  # the timeout above is that of each single step
                    raise TimeoutError(f"it takes longer than {CDN_LIMIT_S:.0f} s")
    except (OSError, HTTPException) as error:
        raise ScriptRefusedError(f"{script.url} can't be downloaded: {error}") from error
    return checked(script, content, script.url)


def fetch_by_npm(script: PinnedScript) -> bytes:
    """Return the script from npm's registry by the installed npm, with the user's own npm settings.

    Raises:
        ScriptRefusedError: npm is missing, fails or takes too long, or the content differs.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise ScriptRefusedError("npm is not installed")
    with tempfile.TemporaryDirectory(prefix="fermon-npm-", ignore_cleanup_errors=True) as name:
        directory = Path(name)
        code = run_npm_pack(npm, script.package, directory)
        tarball = next(directory.glob("*.tgz"), None)
        if code or tarball is None:
            raise ScriptRefusedError(f"'npm pack {script.package}' failed: {why_npm_failed(code, directory)}")
        return read_file(script, tarball)


def run_npm_pack(npm: str, package: str, directory: Path) -> int:
    """Run ``npm pack`` for at most ``NPM_LIMIT_S``, with the directory as target; return the exit code."""
    # A service's user often has no home, so the cache goes to the directory unless the user has named one.
    environment = {"npm_config_cache": str(directory / "cache")} | os.environ
    limited = [sys.executable, "-I", command_limit.__file__, str(NPM_LIMIT_S), str(directory)]
    with (
        (directory / ERRORS).open("wb") as errors,
        subprocess.Popen(  # noqa: S603
            [*limited, npm, "pack", package, *NPM_OPTIONS],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        ) as process,
    ):
        return process.wait()  # not communicate(), which would close standard input and end the command


def why_npm_failed(code: int, directory: Path) -> str:
    """Return the first line that npm printed, or else the meaning of the exit code."""
    if code == command_limit.TIMED_OUT:
        return f"it takes longer than {NPM_LIMIT_S:.0f} s"
    lines = (directory / ERRORS).read_text(encoding="utf-8", errors="replace").splitlines()
    return lines[0] if lines else f"exit code {code}"


def checked(script: PinnedScript, content: bytes, source: Path | str) -> bytes:
    """Return the content if the content is the pinned one.

    Raises:
        ScriptRefusedError: the content has another hash.
    """
    if not script.accepts(content):
        raise ScriptRefusedError(
            f"{source} is not {script.name}: expected {script.integrity}, found {integrity_of(content)}."
            " Nothing was written."
        )
    return content
