"""Servers and settings that the tests of OPC UA share."""

import subprocess

import pytest
from filelock import FileLock

from tests.sources.opcua.peers import PEER, AsyncuaServer, Launcher, NodeServer


@pytest.fixture(autouse=True)
def _local(settings, tmp_path):
    """Let sources connect to this machine, with an own data directory."""
    settings.FERMON_SOURCE_LOOPBACK = True
    settings.FERMON_DATA_DIR = tmp_path


@pytest.fixture(scope="session")
def launcher(tmp_path_factory):
    """The process that makes servers of asyncua quickly."""
    launcher = Launcher(tmp_path_factory.mktemp("launcher"))
    yield launcher
    launcher.kill()


@pytest.fixture(scope="module")
def kinds_server(launcher):
    """A server without history, with a node of each kind and two counters of 10 Hz."""
    server = AsyncuaServer(launcher, nodes=2, kinds=True).start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def node_peer(tmp_path_factory):
    """A server of node-opcua with history, small limits and eight counters of 10 Hz."""
    install_packages(tmp_path_factory.getbasetemp().parent / "opcua-packages.lock")
    folder = tmp_path_factory.mktemp("node")
    server = NodeServer(nodes=8, history=True, folder=str(folder), log=str(folder / "log"))
    yield server
    server.kill()


def install_packages(lock_file):
    """Install the packages of the peer where they are missing or old; one process does, the others wait."""
    stamp, lock = PEER / "node_modules" / ".installed", PEER / "package-lock.json"
    with FileLock(lock_file):
        if not stamp.exists() or stamp.stat().st_mtime < lock.stat().st_mtime:
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(PEER)]
            subprocess.run(command, check=True, capture_output=True)
            stamp.touch()
