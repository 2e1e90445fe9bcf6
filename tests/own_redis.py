"""A Redis that the tests start, kill and start again."""

import subprocess
from pathlib import Path

from redis import Redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from tests.patience import stretched
from tests.ports import free_port

START_S, PAUSE_S = 30, 0.05


class RedisServer:
    """A Redis of the test's own, which keeps nothing; it may be killed, and started again."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns once it answers.

        Raises:
            FileNotFoundError: there is no redis-server; apt-get install redis-server.
        """
        options = {"--port": self.port, "--bind": "127.0.0.1", "--save": "", "--dir": self.directory}
        words = [str(word) for option in options.items() for word in option]
        output = subprocess.DEVNULL
        self.process = subprocess.Popen(["redis-server", *words, "--appendonly", "no"], stdout=output)
        tries = int(stretched(START_S) / PAUSE_S)
        with Redis.from_url(self.url, retry=Retry(ConstantBackoff(PAUSE_S), tries)) as client:
            client.ping()

    def client(self) -> Redis:
        return Redis.from_url(self.url)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
