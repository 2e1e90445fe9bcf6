"""The monitoring app."""

from django.apps import AppConfig
from django.core.signals import request_started
from django.db.backends.signals import connection_created

from monitoring.ingest.connections import close_if_replaced, remember_file


class MonitoringConfig(AppConfig):
    """Everything that Fermon is, beside Django's own apps."""

    name = "monitoring"
    verbose_name = "Fermentation monitoring"

    def ready(self) -> None:
        """Wires what watches the connections."""
        connection_created.connect(remember_file)
        request_started.connect(close_if_replaced)
