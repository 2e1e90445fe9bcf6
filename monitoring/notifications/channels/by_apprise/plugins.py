"""The plugins of Apprise that may run: a list of allowed ones, built from our fields.

Apprise's configuration files, attachments and plugin folders are never used. Runs in the child process.
"""

from importlib import import_module
from typing import Any

PLUGINS = {
    "ntfy": ("apprise.plugins.ntfy", "NotifyNtfy"),
    "pagerduty": ("apprise.plugins.pagerduty", "NotifyPagerDuty"),
    "signal": ("apprise.plugins.signal_api", "NotifySignalAPI"),
    "slack": ("apprise.plugins.slack", "NotifySlack"),
    "sms": ("apprise.plugins.twilio", "NotifyTwilio"),
    "teams": ("apprise.plugins.workflows", "NotifyWorkflows"),
    "telegram": ("apprise.plugins.telegram", "NotifyTelegram"),
}


class BadFieldsError(Exception):
    """Fields that the plugin does not accept; the message says so."""


def plugin_of(job: dict[str, Any]) -> Any:
    """Return the plugin, an instance of a class of Apprise.

    Raises:
        BadFieldsError: the plugin does not accept the arguments.
    """
    from apprise.asset import AppriseAsset
    from apprise.exception import AppriseImproperlyConfigured

    module, name = PLUGINS[job["plugin"]]
    kind = getattr(import_module(module), name)
    found = kind.parse_native_url(job["native_url"]) if job["native_url"] else {}
    if found is None:
        raise BadFieldsError("The address is not one that the service gives out.")
    asset = AppriseAsset(async_mode=False, storage_mode="memory", secure_logging=True, plugin_paths=[])
    try:
        plugin = kind(**{**found, **job["arguments"], "asset": asset, "overflow": "split"})
    except (AppriseImproperlyConfigured, TypeError) as error:
        raise BadFieldsError("Apprise does not accept the fields: check them.") from error
    if job["most"]:
        plugin.body_maxlen = job["most"]
    plugin.request_rate_per_sec = 0  # a pause between parts of a message would take most of the limit
    return plugin
