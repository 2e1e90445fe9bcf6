"""Floors hold: who may import whom, as pyproject.toml says. The state of a process is in one place."""

import subprocess
import sys
import tomllib
from pathlib import Path

from tests.module_state import module_state

ROOT = Path(__file__).parent.parent
PYPROJECT = ROOT / "pyproject.toml"

# What modules hold themselves, with the reason why that is not in the runtime.
HELD = {
    ("monitoring/kernel/runtime.py", "Runtime changes"): "the one place that all else hangs from",
    ("monitoring/ingest/stored.py", "stored = Signal()"): "connected once, when Django is set up",
    ("monitoring/api/urls.py", "router = SimpleRouter()"): "the addresses, fixed at import",
    ("monitoring/api/urls.py", "source_mappings = SourceMappingViewSet.as_view()"): "a view",
    ("monitoring/api/urls.py", "source_mapping = SourceMappingViewSet.as_view()"): "a view",
    ("monitoring/dashboard/urls.py", "password_changed = PasswordChangeDoneView.as_view()"): "a view",
    ("fermon_site/asgi.py", "wsgi_application = get_wsgi_application()"): "an entry point",
    ("fermon_site/asgi.py", "application = Gateway()"): "an entry point",
    ("fermon_site/wsgi.py", "application = get_wsgi_application()"): "an entry point",
    ("fermon_site/settings.py", "DATABASES changes"): "settings, fixed at import",
    ("fermon_site/settings.py", "CACHES changes"): "settings, fixed at import",
    ("monitoring/ingest/parse.py", "NOTHING = empty"): "stands for an item without fields; only read",
    ("monitoring/database/postgresql.py", "@cache row_of"): "depends on its arguments alone",
    ("monitoring/detection/detectors/residual_scale.py", "@cache fade_of"): "depends on its arguments alone",
    ("monitoring/detection/detectors/settings.py", "@cache defaults"): "depends on the code alone",
    ("monitoring/history/spreadsheet.py", "@cache inert"): "depends on its arguments alone",
    ("monitoring/ingest/bulk.py", "@cache insert_statement"): "depends on its arguments alone",
    ("monitoring/access/addresses.py", "@cache parsed_address"): "depends on its arguments alone",
    ("monitoring/ingest/tags.py", "@cache definition_of"): "depends on its arguments alone",
    ("monitoring/kernel/timestamp_arrays.py", "@cache weights"): "depends on its arguments alone",
    ("monitoring/operations/serving/short_way.py", "@cache short_view"): "depends on the addresses alone",
    ("monitoring/sources/line_protocol/grammar.py", "@cache series_of"): "depends on its arguments alone",
    ("monitoring/sources/file_import/times.py", "@cache day_number"): "depends on its arguments alone",
    ("monitoring/sources/simulator/signals.py", "@cache simulate_block"): "depends on its arguments alone",
}
STATE = """
import threading
seen: list[str] = []
lock = threading.Lock()
TOTALS = {"all": 0}
if True:
    WORKERS = ThreadPoolExecutor(2)
logger = logging.getLogger(__name__)
LIMITS = {"low": 1}
class Table:
    rows: dict[str, int] = {}
    name = Field()
def count():
    global total
    TOTALS["all"] += 1
    Table.size = 3
    LIMITS.get("low")
@lru_cache(8)
def ask(): ...
"""


def test_the_six_contracts_are_there() -> None:
    rules = tomllib.loads(PYPROJECT.read_text())["tool"]["importlinter"]
    assert rules["root_packages"] == ["monitoring", "fermon_site"]
    assert {contract["name"]: contract["type"] for contract in rules["contracts"]} == {
        "Layers": "layers",
        "These modules know no Django": "forbidden",
        "Only entry points know HTTP and the queue": "forbidden",
        "No cycles": "acyclic_siblings",
        "The app does not know its site": "forbidden",
        "The site knows neither the app's API nor its pages": "forbidden",
    }


def test_they_hold() -> None:
    # In a process of its own: it sets up logging, and switches off every logger that there is.
    command = [str(Path(sys.executable).with_name("lint-imports")), "--config", str(PYPROJECT), "--no-cache"]
    done = subprocess.run(command, cwd=PYPROJECT.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 kept, 0 broken" in done.stdout


def test_state_of_a_module_is_recognised() -> None:
    assert set(module_state(STATE)) == {
        "seen = empty",
        "lock = threading.Lock()",
        "TOTALS changes",
        "WORKERS = ThreadPoolExecutor()",
        "Table.rows = empty",
        "global total",
        "Table changes",
        "@cache ask",
    }


def test_the_state_of_a_process_is_in_its_runtime() -> None:
    files = [file for part in ("monitoring", "fermon_site") for file in (ROOT / part).rglob("*.py")]
    assert {
        (file.relative_to(ROOT).as_posix(), line)
        for file in files
        if "migrations" not in file.parts
        for line in module_state(file.read_text())
    } == set(HELD)
