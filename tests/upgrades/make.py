"""Fill a database by an older Fermon and keep it with that version's answers; see README.md here.

``python -m tests.upgrades.make v0.2.0`` checks the revision out into a temporary worktree, starts it on a
data directory of its own, sends readings of 45 minutes up to now and acts of people, and writes the database
(``v0.2.0.sqlite3.xz``) and its answers (``v0.2.0.sqlite.answers.json.xz``). With ``--postgresql`` it is a
database of a PostgreSQL server of its own, and the file ``v0.2.0.postgresql.sql.xz``.
"""

import argparse
import json
import lzma
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
TEMPERATURE, PH, SPEED = TAGS = ("fermenter_temp", "fermenter_ph", "agitator_rpm")
STEP_S, STEPS = 5, 540
LATE = range(100, 120)  # steps of the temperature that arrive after all others
PORT = 8765
# Older versions lack the later ones: those that answer 404 are left out.
PATHS = (
    *(f"/tags/{tag}" for tag in TAGS),
    "/data?limit=10000&order=asc",
    "/data?limit=10000&excluded=only",
    "/anomalies?limit=10000",
    "/stats",
    *(f"/trend?tag={tag}&points={points}" for tag in TAGS for points in (12, 1000)),
    *(f"/statistics?tag={tag}&from=2000-01-01&to={{end}}" for tag in TAGS),
    "/events?limit=1000",
    "/exclusions",
    "/alarms",
    "/alarms/1",
    "/alarms/journal?limit=1000",
    "/alarm-definitions?limit=1000",
    "/notes",
    "/views",
    "/vessels",
    "/recipes",
    "/batches",
    "/batches/1",
    "/batches/1/samples",
    "/batches/1/annotations",
    "/batches/1/trend?role=temperature",
)


class Plant:
    """The HTTP API of the running older version."""

    def __init__(self, address: str) -> None:
        self.address = address

    def call(self, path: str, body: object = None) -> Any:
        """The answer's JSON; None if this version does not know the address."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        try:
            request = urllib.request.Request(self.address + path, data, headers)
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            print(f"  {path}: {error.code} {error.read()[:200]!r}")
            return None

    def wait(self, path: str, is_there: Callable[[Any], bool], within_s: float = 90) -> Any:
        """The answer, once it is as it shall be; None if that takes too long."""
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            try:
                found = self.call(path)
            except OSError:
                found = None
            if found is not None and is_there(found):
                return found
            time.sleep(1)
        print(f"  {path}: not within {within_s} s")
        return None


def readings(start: datetime) -> list[dict[str, Any]]:
    """45 minutes of three tags: noise, values beyond a limit, and a pH that freezes."""
    noise = random.Random(22)
    found = []
    for step in range(STEPS):
        at = (start + timedelta(seconds=step * STEP_S)).isoformat()
        is_hot = step % 97 == 50 or step > STEPS - 10
        values = {
            TEMPERATURE: 46.5 if is_hot else round(37 + noise.gauss(0, 0.4), 3),
            PH: round(7 + noise.gauss(0, 0.05), 3) if step < STEPS // 2 else 7.013,
            SPEED: round(450 + noise.gauss(0, 8), 1),
        }
        found += [{"timestamp": at, "tag": tag, "value": value} for tag, value in values.items()]
    return found


def fill(plant: Plant, end: datetime) -> None:
    """Send readings up to ``end``, some late, and act as people do."""
    start = end - timedelta(seconds=STEPS * STEP_S)
    every = readings(start)
    late = [each for number, each in enumerate(every) if number // 3 in LATE and each["tag"] == TEMPERATURE]
    wrong = [{**every[0], "value": 1000}, every[3]]  # outside the valid range, and a second time
    on_time = [each for each in every if each not in late]
    for part in (on_time[:600], on_time[600:1200], on_time[1200:], late, wrong):
        plant.call("/ingest/batch", part)
    second = lambda step: (start + timedelta(seconds=step * STEP_S)).isoformat()  # noqa: E731
    plant.call("/exclusions", {"tag": SPEED, "from": second(200), "to": second(230), "reason": "calibration"})
    conduct_batch(plant, second)
    person = {"name": "Anna Example"}
    note = {"text": "pH probe cleaned", "tag": PH, "at": second(260), **person}
    plant.call("/notes", note)
    plant.call("/views", {"name": "Reactor", "tags": [TEMPERATURE, PH]})
    plant.wait("/events", bool)
    alarms = plant.wait("/alarms", bool)
    items = alarms if isinstance(alarms, list) else (alarms or {}).get("alarms", [])
    for alarm in items[:1]:
        act = {"occurrence": alarm.get("occurrence"), "comment": "seen", **person}
        plant.call(f"/alarms/{alarm['id']}/acknowledge", act)


def conduct_batch(plant: Plant, second: Callable[[int], str]) -> None:
    """Run a batch on a vessel, from the start to the end, with a sample and a note."""
    plant.call("/vessels", {"name": "reactor-1", "title": "Reactor 1", "working_volume_l": 10})
    for tag, role in zip(TAGS, ("temperature", "ph", "agitation"), strict=True):
        binding = {"tag": tag, "role": role, "begin": second(0)}
        plant.call("/vessels/reactor-1/tags", binding)
    phases = [{"name": "growth"}, {"name": "feed"}]
    plant.call("/recipes", {"name": "fed-batch", "phases": phases})
    batch = {"vessel": "reactor-1", "recipe": "fed-batch", "product": "GFP", "start": second(30)}
    if plant.call("/batches", batch) is None:
        return
    plant.call("/batches/1/inoculate", {"name": "Anna Example", "at": second(60)})
    plant.call("/batches/1/phases", {"at": second(180)})
    results = [{"analyte": "od600", "value": 12.5}, {"analyte": "glucose", "value": 4.25}]
    plant.call("/batches/1/samples", {"taken_at": second(200), "name": "Anna Example", "results": results})
    plant.call("/batches/1/annotations", {"text": "foam", "name": "Anna Example"})
    plant.call("/batches/1/end", {"at": second(480)})


def answers_of(plant: Plant, end: datetime) -> dict[str, Any]:
    """The answers to all paths that this version knows."""
    paths = [path.format(end=f"{end:%Y-%m-%dT%H:%M:%SZ}") for path in PATHS]
    found = {path: answer for path in paths if (answer := plant.call(path)) is not None}
    if "/exclusions" not in found:  # an unknown parameter was ignored
        del found["/data?limit=10000&excluded=only"]
    return found


@contextmanager
def checked_out(revision: str, directory: Path) -> Iterator[Path]:
    """A worktree of the revision, with this checkout's packages."""
    tree = directory / "tree"
    git = ["git", "-C", str(ROOT), "worktree"]
    subprocess.run([*git, "add", "-q", "--detach", str(tree), revision], check=True)
    try:
        yield tree
    finally:
        subprocess.run([*git, "remove", "--force", str(tree)], check=True)


@contextmanager
def running(tree: Path, data: Path, database: str, *command: str) -> Iterator[Plant]:
    """The older version, started by a command."""
    own = {key: value for key, value in os.environ.items() if not key.startswith(("FERMON", "DJANGO"))}
    own |= {"FERMON_DATA_DIR": str(data), "FERMON_PORT": str(PORT), "FERMON_SIMULATOR": "off"}
    own |= {"DATABASE_URL": database, "FERMON_DEMO_VESSEL": "off"}
    log = (data.parent / "log").open("wb")
    python = [sys.executable, "-W", "ignore"]
    process = subprocess.Popen([*python, *command], cwd=tree, env=own, stdout=log, stderr=subprocess.STDOUT)
    plant = Plant(f"http://127.0.0.1:{PORT}")
    try:
        healthy = plant.wait("/health", lambda answer: answer["database"])
        if not healthy:
            sys.exit((data.parent / "log").read_text(encoding="utf-8", errors="replace")[-3000:])
        yield plant
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def keep_sqlite(file: Path, target: Path) -> None:
    """Write the database without its free pages, compressed."""
    small = file.with_name("small.sqlite3")
    with closing(sqlite3.connect(file)) as database:
        database.execute("VACUUM INTO ?", [str(small)])
    target.write_bytes(lzma.compress(small.read_bytes(), preset=9 | lzma.PRESET_EXTREME))


def keep_postgresql(url: str, target: Path) -> None:
    """Write the database as SQL, compressed."""
    from tests.on_postgresql import PROGRAMS

    command = [
        str(PROGRAMS / "pg_dump"),
        "--no-owner",
        "--no-privileges",
        "--inserts",
        "--rows-per-insert=500",
        url,
    ]
    dumped = subprocess.run(command, check=True, capture_output=True).stdout
    target.write_bytes(lzma.compress(dumped, preset=9 | lzma.PRESET_EXTREME))


def make(revision: str, name: str, *, on_postgresql: bool) -> None:
    """Make the files of one revision."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        tree = stack.enter_context(checked_out(revision, directory))
        data = directory / "data"
        data.mkdir(mode=0o700)
        url = f"sqlite:///{data / 'fermon.sqlite3'}"
        if on_postgresql:
            from tests.on_postgresql import started

            url = stack.enter_context(started(directory / "postgresql")).get_uri()
        end = datetime.now(UTC).replace(microsecond=0)
        with running(tree, data, url, "-m", "fermon_site.start") as plant:
            fill(plant, end)
        # Without a worker, which would go on changing events and alarms between the answers and the end.
        with running(tree, data, url, "manage.py", "runserver", "--noreload", str(PORT)) as plant:
            answers = answers_of(plant, end)
        kind = "postgresql" if on_postgresql else "sqlite"
        if on_postgresql:
            keep_postgresql(url, HERE / f"{name}.{kind}.sql.xz")
        else:
            keep_sqlite(data / "fermon.sqlite3", HERE / f"{name}.sqlite3.xz")
        text = json.dumps(answers, separators=(",", ":")).encode()
        (HERE / f"{name}.{kind}.answers.json.xz").write_bytes(
            lzma.compress(text, preset=9 | lzma.PRESET_EXTREME)
        )
    for file in sorted(HERE.glob(f"{name}.*")):
        print(f"{file.name}: {file.stat().st_size / 1000:.0f} kB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("revision", help="a tag or commit")
    parser.add_argument("--name", help="of the files; the revision if left out")
    parser.add_argument("--postgresql", action="store_true")
    chosen = parser.parse_args()
    make(chosen.revision, chosen.name or chosen.revision, on_postgresql=chosen.postgresql)


if __name__ == "__main__":
    main()
