"""The entry point for the production server: an ASGI application that calls Django's WSGI one in threads."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fermon_site.settings")

wsgi_application = get_wsgi_application()

from monitoring.operations.emergency import start_emergency_watch  # noqa: E402 - needs Django set up
from monitoring.operations.parent_watchdog import end_with_server  # noqa: E402
from monitoring.operations.scripts import prepare_in_background  # noqa: E402
from monitoring.operations.serving.gateway import Gateway  # noqa: E402
from monitoring.operations.serving.loaded_heap import freeze_loaded  # noqa: E402
from monitoring.operations.stopping import when_told_to_stop  # noqa: E402
from monitoring.operations.stream_feed import feed  # noqa: E402
from monitoring.spool.replayer import replayer  # noqa: E402

replayer().start()
prepare_in_background()
end_with_server()
start_emergency_watch()
application = Gateway(wsgi_application, on_start=lambda: when_told_to_stop(lambda: feed().stop()))
freeze_loaded()
