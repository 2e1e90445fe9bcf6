"""A Prometheus that the tests start and ask."""

import json
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.patience import stretched
from tests.ports import free_port

DEADLINE_S = 30.0


def promtool(*arguments: str | Path, given: bytes = b"") -> str:
    """Return what promtool prints.

    Raises:
        FileNotFoundError: there is no promtool; apt-get install prometheus.
    """
    command = ["promtool", *map(str, arguments)]
    done = subprocess.run(command, input=given, capture_output=True, check=False)
    text = (done.stdout + done.stderr).decode()
    assert done.returncode == 0, text
    return text


class Prometheus:
    """A Prometheus of the test's own, with a configuration as in prometheus.yml."""

    def __init__(self, directory: Path, configuration: Mapping[str, Any]) -> None:
        self.port = free_port()
        self.directory = directory
        self.directory.mkdir(exist_ok=True)
        (directory / "prometheus.yml").write_text(yaml.safe_dump(dict(configuration)))
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Return once it is ready.

        Raises:
            FileNotFoundError: there is no prometheus; apt-get install prometheus.
        """
        command = [
            "prometheus",
            f"--config.file={self.directory / 'prometheus.yml'}",
            f"--storage.tsdb.path={self.directory / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
        ]
        with (self.directory / "log").open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        self.wait_until(lambda: self.get("-/ready") is not None, "it is ready")

    def kill(self) -> None:
        """End it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def get(self, path: str, **query: str) -> bytes | None:
        """Return the answer; None if there is none yet."""
        address = f"http://127.0.0.1:{self.port}/{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(address, timeout=10) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            if error.code == 400:
                raise AssertionError(f"{query}: {error.read().decode()}") from error
            return None
        except OSError:
            return None

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """Return labels and value of each series of an expression.

        Raises:
            AssertionError: the expression can't be evaluated.
        """
        answer = self.get("api/v1/query", query=expression)
        data: dict[str, Any] = (
            json.loads(answer)["data"] if answer else {"resultType": "vector", "result": []}
        )
        if data["resultType"] == "scalar":
            return [({}, float(data["result"][1]))]
        return [(each["metric"], float(each["value"][1])) for each in data["result"]]

    def wait_for(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """Return the series of an expression, once there are any."""
        found: list[tuple[dict[str, str], float]] = []

        def is_there() -> bool:
            found[:] = self.query(expression)
            return bool(found)

        self.wait_until(is_there, expression)
        return found

    def wait_until(self, holds: Any, what: str) -> None:
        """Return once it holds.

        Raises:
            AssertionError: it does not within the deadline.
        """
        until = time.monotonic() + stretched(DEADLINE_S)
        while not holds():
            ended = self.process is not None and self.process.poll() is not None
            if ended or time.monotonic() > until:
                raise AssertionError(f"{what}: not so; {(self.directory / 'log').read_text()[-3000:]}")
            time.sleep(0.1)
