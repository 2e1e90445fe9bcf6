"""The script that the dashboard takes from elsewhere: version, address and hash, written here only.

To move to another version: ``npm pack chart.js@<version>``, then change the version and the hash
of its ``dist/chart.umd.min.js`` (``openssl dgst -sha384 -binary <file> | base64``).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PinnedScript:
    """A script of exactly one content: browser and ``install_scripts`` refuse any other.

    ``integrity`` is as in HTML (https://www.w3.org/TR/SRI/); ``file`` is where a local copy lies,
    below the static files' root.
    """

    name: str
    url: str
    integrity: str
    file: str


_VERSION = "4.6.1"

CHART_SCRIPT = PinnedScript(
    name=f"Chart.js {_VERSION}",
    url=f"https://cdn.jsdelivr.net/npm/chart.js@{_VERSION}/dist/chart.umd.min.js",
    integrity="sha384-Emf5ZVIUiarAdhkgtqK+5/Z5qIvM6QoVrS+qAVtfyZVuD5lIHrac0me485+Antp0",
    file=f"vendor/chart-{_VERSION}.umd.min.js",
)
