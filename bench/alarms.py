"""Measure the alarms: a flood, many tags, the list of 10,000 active alarms, a day of the simulator."""

import json
import subprocess
import sys
from pathlib import Path
from statistics import median, quantiles

import psutil

from bench.report import Row
from bench.servers import ROOT, Server, environment, manage, serving

REQUESTS = 40
PATHS = {
    "GET /alarms, 100 of them": "/alarms?limit=100",
    "GET /alarms?state=all, 100 of them": "/alarms?state=all&limit=100",
    "GET /alarms/present, what the pages' scripts read": "/alarms/present?tag=bench_00001",
}


def measure(directory: Path) -> list[Row]:
    """Return the table's rows about alarms."""
    flood = load(directory / "flood", "flood")
    steady = load(directory / "steady", "steady")
    day = load(directory / "day", "day")
    with serving(directory / "steady") as server:
        lists = [list_row(server, name, path, int(steady["active"])) for name, path in PATHS.items()]
    return [
        Row(
            "1,000 alarms and 1,000 returns a second, 60 s",
            f"{flood['transitions'] / flood['processor_s']:,.0f} transitions/s",
            f"of processor time (goal 2,000); {flood['transitions'] / flood['elapsed_s']:,.0f} on the clock;"
            f" slowest second {flood['slowest_s']:.1f} s",
        ),
        Row(
            "evaluator at 10,000 healthy readings/s",
            f"{steady['healthy_share']:.1%} of a core",
            "goal 5 %",
        ),
        Row(
            "10,000 tags leave their limit at once",
            f"{steady['flood_processor_s']:.1f} s",
            f"of processor time; {steady['flood_s']:.1f} s on the clock",
        ),
        *lists,
        Row(
            "a day of the simulator",
            f"{day['alarms']:.0f} alarms",
            f"about 18 are planned; {day['chattering']:.0f} chattering, {day['floods']:.0f} floods (goal 0)",
        ),
    ]


def load(data: Path, name: str) -> dict[str, float]:
    """Return the figures of a load of ``bench.alarm_load`` on a new database."""
    manage(data, "migrate", "-v0")
    command = [sys.executable, "-m", "bench.alarm_load", name]
    done = subprocess.run(command, cwd=ROOT, env=environment(data), check=True, stdout=subprocess.PIPE)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def list_row(server: Server, name: str, path: str, active: int) -> Row:
    """Return the row of requests for a list of alarms."""
    server.get(path)
    used, took = processor_s(server), []
    for _ in range(REQUESTS):
        took.append(server.get(path)[0])
    used = (processor_s(server) - used) / REQUESTS
    p50, p95 = median(took), quantiles(took, n=20)[-1]
    note = f"p50 {1000 * p50:.0f} ms; {1000 * used:.0f} ms of processor time; {active:,} are active"
    return Row(name, f"p95 {1000 * p95:.0f} ms", f"{note} (goal 500 ms)")


def processor_s(server: Server) -> float:
    """Return the processor time of the server's processes, in seconds."""
    family: list[psutil.Process] = [server.process, *server.process.children(recursive=True)]
    return float(sum(sum(process.cpu_times()[:2]) for process in family))
