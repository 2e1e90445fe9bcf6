"""Where the page gets Chart.js from, and what it says if it does not come."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.staticfiles import finders
from django.templatetags.static import static

INSTALL = "run 'manage.py install_scripts' and start Fermon again"


@dataclass(frozen=True, slots=True)
class ScriptTag:
    """The script's tag. ``missing``: there is no file to refer to; ``trouble``: what to say if it fails."""

    src: str
    integrity: str
    missing: bool
    trouble: str


def chart_script() -> ScriptTag:
    """Chart.js from the CDN, or this server's own copy where FERMON_LOCAL_SCRIPTS is on."""
    script = settings.FERMON_CHART_SCRIPT
    if not settings.FERMON_LOCAL_SCRIPTS:
        host = urlsplit(script.url).hostname
        trouble = (
            f"No charts: {script.name} could not be loaded from {host}. The address is blocked or out of"
            f" reach, or the file is not the one expected. To serve it from here, {INSTALL} with"
            " FERMON_LOCAL_SCRIPTS=on."
        )
        return ScriptTag(script.url, script.integrity, missing=False, trouble=trouble)
    if finders.find(script.file) is None:
        trouble = f"No charts: FERMON_LOCAL_SCRIPTS is on, but {script.name} is not installed: {INSTALL}."
        return ScriptTag("", script.integrity, missing=True, trouble=trouble)
    trouble = f"No charts: this server's copy of {script.name} could not be loaded: {INSTALL}."
    return ScriptTag(static(script.file), script.integrity, missing=False, trouble=trouble)
