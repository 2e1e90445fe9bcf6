"""Run the benchmarks and print the tables."""

import argparse
import os
import platform
import sys
import tempfile
from pathlib import Path

from bench import alarms, compare, ingest, reads, stream, vessel
from bench.report import table

PARTS = {
    "alarms": alarms.measure,
    "compare": compare.measure,
    "ingest": ingest.measure,
    "reads": reads.measure,
    "stream": stream.measure,
    "vessel": vessel.measure,
}


def main() -> None:
    """Run the requested parts, all of them by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="which parts; all if left out")
    chosen = parser.parse_args().parts or list(PARTS)
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {sys.version.split()[0]}\n")
    for name in chosen:
        with tempfile.TemporaryDirectory(prefix="fermon-bench-") as directory:
            print(table(name, PARTS[name](Path(directory))), end="\n\n", flush=True)


main()
