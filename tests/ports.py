"""Ports of servers that tests start, kill, and start again."""

import itertools
import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path

RANGE_OF_CLIENTS = Path("/proc/sys/net/ipv4/ip_local_port_range")
FIRST, MOST_EACH = 12_000, 2_000


def ports_of_worker() -> range:
    """Return ports that neither clients nor the other workers of this run are given."""
    given = RANGE_OF_CLIENTS.read_text().split() if RANGE_OF_CLIENTS.exists() else ["32768"]
    worker = re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", ""))
    first = FIRST + MOST_EACH * (int(worker or 0) % 10)
    return range(first, min(first + MOST_EACH, int(given[0])))


def rotation() -> Iterator[int]:
    """Yield the worker's ports again and again, from another one in each process."""
    ports = ports_of_worker()
    begin = os.getpid() * 37 % len(ports) if ports else 0
    return itertools.cycle([*ports[begin:], *ports[:begin]])


PORTS = rotation()


def free_port() -> int:
    """Return a port that nobody listens on, and that no other test is given before this one has ended.

    Ports that the kernel chooses (a bind to port 0) go to clients and other processes, too: one of those
    may have the port of a server that is about to start, or was killed and is to start again.
    """
    for port in itertools.chain(itertools.islice(PORTS, MOST_EACH), [0]):
        with socket.socket() as free:
            try:
                free.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(free.getsockname()[1])
    raise AssertionError("no port is free")


def listens(port: int) -> bool:
    """Whether a server accepts connections at this port."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
