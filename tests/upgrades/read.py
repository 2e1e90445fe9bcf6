"""Migrate the database in FERMON_DATA_DIR (or DATABASE_URL) to today's tables, then print answers as JSON.

``python -m tests.upgrades.read`` reads the paths from its standard input, as a JSON list.
"""

import json
import os
import sys
from typing import Any


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "fermon_site.settings"
    import django

    django.setup()
    from django.core.management import call_command
    from django.test import Client

    call_command("migrate", verbosity=0, interactive=False)
    client = Client(headers={"accept": "application/json", "host": "127.0.0.1:8765"})
    answers: dict[str, Any] = {}
    for path in json.load(sys.stdin):
        answer = client.get(path)
        answers[path] = answer.json() if answer.status_code == 200 else [answer.status_code, answer.text]
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
