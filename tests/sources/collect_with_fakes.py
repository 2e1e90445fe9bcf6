"""``manage.py collect`` as a process, with the fake protocol beside the others."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fermon_site.settings")

if __name__ == "__main__":
    import django

    django.setup()
    from django.core.management import call_command

    from monitoring.sources import registry
    from tests.sources.fake.kind import KIND

    registry.KINDS[KIND.name] = KIND
    call_command("collect", skip_checks=True)
