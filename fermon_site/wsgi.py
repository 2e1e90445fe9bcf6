"""The entry point for a WSGI server."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fermon_site.settings")

application = get_wsgi_application()

from monitoring.ingest.replayer import wake_replayer  # noqa: E402 - needs Django set up

wake_replayer()
