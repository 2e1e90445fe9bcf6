"""Options of the server's sockets are set without touching other open files."""

import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from monitoring.operations.serving.limits import UNREAD_BYTES
from monitoring.operations.serving.sockets import bound_unread_answers, cut

READER = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
database.execute("SELECT count(*) FROM t").fetchone()
database.close()
"""


def test_the_database_stays_locked_while_the_sockets_are_looked_through(tmp_path: Path) -> None:
    """A process that leaves last deletes the log: without our locks, the log that we still write to."""
    path = tmp_path / "plant.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE t (x)")
        cut(("127.0.0.1", 1))
        assert not bound_unread_answers(1)
        subprocess.run([sys.executable, "-c", READER, str(path)], check=True)
        database.execute("INSERT INTO t VALUES (1)")
        with closing(sqlite3.connect(path)) as other:
            assert other.execute("SELECT count(*) FROM t").fetchone() == (1,)
        assert path.with_name("plant.sqlite3-wal").exists()


def test_the_socket_that_listens_bounds_what_waits_for_its_clients() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        before = server.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
        assert bound_unread_answers(server.getsockname()[1])
        assert server.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) not in {before, 0}
        assert server.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) <= 2 * UNREAD_BYTES


def test_the_connection_of_one_client_is_cut() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        clients = [socket.create_connection(server.getsockname(), timeout=5) for _ in range(2)]
        accepted = [server.accept()[0] for _ in clients]
        with closing(clients[0]), closing(clients[1]), closing(accepted[0]), closing(accepted[1]):
            cut(clients[0].getsockname()[:2])
            assert clients[0].recv(1) == b""
            accepted[1].send(b"x")
            assert clients[1].recv(1) == b"x"
