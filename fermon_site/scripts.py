"""The third-party script of the dashboard: version, addresses and hash, defined here only.

To upgrade: ``npm pack chart.js@<version>``, then change the version and the hash of its
``dist/chart.umd.min.js`` (``openssl dgst -sha384 -binary <file> | base64``).
"""

from monitoring.kernel.pinned_script import PinnedScript

_VERSION = "4.6.1"

CHART_SCRIPT = PinnedScript(
    name=f"Chart.js {_VERSION}",
    url=f"https://cdn.jsdelivr.net/npm/chart.js@{_VERSION}/dist/chart.umd.min.js",
    integrity="sha384-Emf5ZVIUiarAdhkgtqK+5/Z5qIvM6QoVrS+qAVtfyZVuD5lIHrac0me485+Antp0",
    package=f"chart.js@{_VERSION}",
    member="package/dist/chart.umd.min.js",
    file=f"vendor/chart-{_VERSION}.umd.min.js",
)
