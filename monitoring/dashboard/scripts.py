"""Chart.js: the address, the copy on this server, and the message if neither can be loaded."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

INSTALL = "On the server, run 'manage.py install_scripts'; the charts then appear by themselves."
FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class ScriptTag:
    """The attributes of the script element, and the fallback.

    ``missing``: no script can be referenced. ``copy``: the address of this server's copy, which may not
    exist yet. ``trouble``: the message if neither script can be loaded.
    """

    src: str
    integrity: str
    missing: bool
    copy: str
    trouble: str

    def as_json(self) -> dict[str, Any]:
        """Return the fallback for the page's scripts."""
        return {"copy": self.copy, "integrity": self.integrity, "trouble": self.trouble}


def chart_script() -> ScriptTag:
    """Return the script element for Chart.js: from the CDN, or only from this server if
    FERMON_LOCAL_SCRIPTS is on.
    """
    script = settings.FERMON_CHART_SCRIPT
    copy = reverse("local-script", args=[script.file_name])
    if settings.FERMON_LOCAL_SCRIPTS:
        missing = script.read_copy(Path(settings.DATA_FILES)) is None
        trouble = f"No charts: FERMON_LOCAL_SCRIPTS is on, but {script.name} is not installed. {INSTALL}"
        return ScriptTag(copy, script.integrity, missing, copy, trouble)
    trouble = (
        f"No charts: {script.name} could not be loaded from {urlsplit(script.url).hostname} (the address is"
        " blocked or out of reach, or the file is not the one expected), and this server has no copy of it."
        f" {INSTALL}"
    )
    return ScriptTag(script.url, script.integrity, missing=False, copy=copy, trouble=trouble)


@gzip_page
@require_safe
@login_not_required  # as for static files; needs no database
def local_script(request: HttpRequest, file: str) -> HttpResponse:
    """Return this server's copy of the pinned script; 204 while no copy is installed.

    The server lists static files only at the start, and the copy may be installed later: hence a view.
    The page retries, and a browser logs an error for every 404: hence 204.

    Raises:
        Http404: the file name is not the name of the pinned script.
    """
    script = settings.FERMON_CHART_SCRIPT
    if file != script.file_name:
        raise Http404
    content = script.read_copy(Path(settings.DATA_FILES))
    if content is None:
        return HttpResponse(status=204, headers={"Cache-Control": "no-store"})
    headers = {"Content-Type": "text/javascript; charset=utf-8", "Cache-Control": FOR_EVER}
    return HttpResponse(content, headers=headers)
