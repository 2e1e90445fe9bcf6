"""A copy of Chart.js on this server, for a plant whose browsers do not reach the internet."""

import base64
import hashlib
import tarfile
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from django.conf import settings

IN_NPM_TARBALL = "package/dist/chart.umd.min.js"
TIMEOUT_S = 30


class ScriptRefusedError(Exception):
    """The script could not be had, or is not the one that the pages expect."""


def install_chart_script(source: Path | None = None) -> Path:
    """Puts the pinned script where the static files are served from; the path it then has.

    ``source`` is the file itself or npm's tarball; without one it is downloaded from the CDN.

    Raises:
        ScriptRefusedError: it can't be read or written, or its hash is another.
    """
    script = settings.FERMON_CHART_SCRIPT
    content = read(source) if source else download(script.url)
    found = integrity(content)
    if found != script.integrity:
        raise ScriptRefusedError(
            f"{source or script.url} is not {script.name}: expected {script.integrity}, found {found}."
            " Nothing was written."
        )
    target = Path(settings.DATA_FILES) / script.file
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_suffix(".part")  # a server that starts meanwhile finds all of it or nothing
        draft.write_bytes(content)
        draft.replace(target)
    except OSError as error:
        raise ScriptRefusedError(f"{target} can't be written: {error}") from error
    return target


def integrity(content: bytes) -> str:
    """The content's hash as the ``integrity`` attribute has it."""
    return "sha384-" + base64.b64encode(hashlib.sha384(content).digest()).decode()


def read(source: Path) -> bytes:
    """The file's content; of npm's tarball, that of the script inside it."""
    try:
        if tarfile.is_tarfile(source):
            with tarfile.open(source) as tarball:
                member = tarball.extractfile(IN_NPM_TARBALL)
                return member.read() if member else b""
        return source.read_bytes()
    except (OSError, KeyError, tarfile.TarError) as error:
        raise ScriptRefusedError(f"{source} can't be read: {error}") from error


def download(url: str) -> bytes:
    """What the address answers."""
    try:
        with urlopen(url, timeout=TIMEOUT_S) as response:  # noqa: S310 - a constant https address
            content: bytes = response.read()
            return content
    except (URLError, OSError) as error:
        raise ScriptRefusedError(
            f"{url} can't be downloaded: {error}. Fetch the file elsewhere, or npm's tarball"
            " ('npm pack chart.js'), and give it with --from."
        ) from error
