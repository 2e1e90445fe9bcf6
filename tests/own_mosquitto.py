"""A mosquitto that the tests start, stop and kill, and publishers for it."""

import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from tests.ports import free_port

# The lines that docs/sources.md asks for.
SAFE = (
    "persistence true",
    "autosave_on_changes true",
    "autosave_interval 1",
    "max_queued_messages 0",
)
# Without the cost of saving at each message.
QUICK = ("persistence true", "max_queued_messages 0")
FORGETFUL = ("persistence false", "max_queued_messages 0")
DEADLINE_S = 30.0


class Mosquitto:
    """A broker of the test's own, which may be killed, stopped, and started again with what it has kept."""

    def __init__(self, directory: Path, lines: Iterable[str] = SAFE, port: int | None = None) -> None:
        self.directory = directory
        self.port = port or free_port()
        self.lines = [*lines]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Return once it accepts connections.

        Raises:
            FileNotFoundError: there is no mosquitto; apt-get install mosquitto.
        """
        self.directory.mkdir(exist_ok=True)
        self.directory.chmod(0o777)  # as root, it becomes the user mosquitto
        listener = [f"listener {self.port} 127.0.0.1", f"persistence_location {self.directory}/"]
        text = "\n".join([*listener, "allow_anonymous true", "user root", *self.lines])
        path = self.directory / "mosquitto.conf"
        path.write_text(text)
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(["mosquitto", "-c", str(path)], stdout=quiet, stderr=quiet)
        until = time.monotonic() + DEADLINE_S
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                    return
            except OSError:
                if time.monotonic() > until or self.process.poll() is not None:
                    raise
                time.sleep(0.02)

    def kill(self) -> None:
        """End it as a power failure does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def pause(self) -> None:
        """Let it answer nothing, with all connections open."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    @contextmanager
    def publisher(self) -> Iterator[Client]:
        """Give a connected client that publishes."""
        client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
        client.max_inflight_messages_set(1000)
        client.max_queued_messages_set(0)
        client.connect("127.0.0.1", self.port)
        client.loop_start()
        try:
            yield client
        finally:
            client.disconnect()
            client.loop_stop()

    def publish(self, *messages: tuple[str, str | bytes], retain: bool = False, qos: int = 1) -> None:
        """Publish messages in order; return once the broker has them."""
        with self.publisher() as client:
            sent = [client.publish(topic, payload, qos, retain) for topic, payload in messages]
            for each in sent:
                each.wait_for_publish(DEADLINE_S)
