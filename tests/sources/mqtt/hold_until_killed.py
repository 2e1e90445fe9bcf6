"""A process that receives from a broker and stores nothing: python -m THIS_MODULE PORT N.

It prints a line once N values are there, and is to be killed.
"""

import asyncio
import os
import sys

import django


async def main(port: int, count: int) -> None:
    """Receive without end."""
    from django.conf import settings

    from tests.sources.fake_session import FakeSession
    from tests.sources.mqtt.conftest import config_of, running, until

    settings.FERMON_SOURCE_LOOPBACK = True
    session = FakeSession(config_of(port), holds=True)
    async with running(session):
        await until(lambda: len(session.samples) >= count)
        print("received", flush=True)  # noqa: T201  # to the test
        await asyncio.sleep(3600)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fermon_site.settings")
    django.setup()
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
