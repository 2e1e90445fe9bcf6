"""Keep a copy of Chart.js on this server, for browsers that do not reach the CDN."""

import logging
import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from filelock import FileLock, Timeout

from monitoring.kernel.pinned_script import PinnedScript
from monitoring.operations.script_sources import ScriptRefusedError, download, fetch_by_npm, read_file

logger = logging.getLogger(__name__)

# The processes of one server start within seconds of each other: one attempt and one log message are enough.
PAUSE_S = 10.0


def prepare_in_background() -> None:
    """Start ``prepare_chart_script`` in a thread, so that the server's start does not wait for a network.

    With FERMON_LOCAL_SCRIPTS=on Fermon makes no outside request unless a person runs the command.
    """
    if not settings.FERMON_LOCAL_SCRIPTS:
        threading.Thread(target=prepare_chart_script, daemon=True, name="chart script").start()


def prepare_chart_script() -> None:
    """Install the copy if it is missing, best effort: one process at a time; only log a failure."""
    script, root = settings.FERMON_CHART_SCRIPT, Path(settings.DATA_FILES)
    if script.read_copy(root):
        return
    try:
        with FileLock(root / "prepare.lock", timeout=0):
            if script.read_copy(root) or failed_just_now(root):
                return
            target = install_chart_script()
    except Timeout:
        return  # another process installs the copy
    except (ScriptRefusedError, OSError) as error:
        remember_failure(root)
        logger.warning("%s", note_for(script, error))
    else:
        logger.info("%s is kept at %s for browsers that do not reach the CDN", script.name, target)


def failed_just_now(root: Path) -> bool:
    """Return whether a process failed to install the copy less than ``PAUSE_S`` ago."""
    try:
        return abs(time.time() - (root / "prepare.failed").stat().st_mtime) < PAUSE_S
    except OSError:
        return False


def remember_failure(root: Path) -> None:
    """Note the time of the failure for the server's other processes."""
    with suppress(OSError):
        (root / "prepare.failed").touch()


def note_for(script: PinnedScript, error: Exception) -> str:
    """Return the log message for a missing copy: consequence, cause and remedy."""
    host = urlsplit(script.url).hostname
    return f"No copy of {script.name} here: browsers that do not reach {host} show no charts. {error}"


def install_chart_script(source: Path | None = None) -> Path:
    """Write the pinned script to the data directory, where the server finds the file at once.

    ``source`` is the script or npm's tarball. Without a source, ask the CDN, then npm's registry. Return the
    path of the copy.

    Raises:
        ScriptRefusedError: the script can't be had or written, or has another hash.
    """
    script = settings.FERMON_CHART_SCRIPT
    content = read_file(script, source) if source else fetch(script)
    target = Path(settings.DATA_FILES) / script.file
    try:
        write_atomically(target, content)
    except OSError as error:
        raise ScriptRefusedError(f"{target} can't be written: {error}") from error
    return target


def fetch(script: PinnedScript) -> bytes:
    """Return the script from the CDN, else from npm's registry.

    Raises:
        ScriptRefusedError: both failed; the message gives both reasons and a manual remedy.
    """
    try:
        return download(script)
    except ScriptRefusedError as from_cdn:
        try:
            return fetch_by_npm(script)
        except ScriptRefusedError as from_npm:
            raise ScriptRefusedError(
                f"{from_cdn}; {from_npm}. Fetch the file, or npm's tarball ('npm pack {script.package}'), on"
                " a machine that reaches either, and run 'manage.py install_scripts --from FILE' here."
            ) from from_npm


def write_atomically(target: Path, content: bytes) -> None:
    """Replace the file atomically: readers and other writers see a complete file or none."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(f".{os.getpid()}.part")
    try:
        draft.write_bytes(content)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
