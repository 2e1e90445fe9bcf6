"""The monitoring app."""

from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    """Everything that Fermon is, beside Django's own apps."""

    name = "monitoring"
    verbose_name = "Fermentation monitoring"
