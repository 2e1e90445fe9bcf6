"""The page's files in production have names with their hash, also where one script imports another."""

import re
import subprocess
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from django.contrib.staticfiles.finders import FileSystemFinder

from fermon_site.static_files import HashedFiles

SCRIPTS = Path(__file__).parents[2] / "static" / "monitoring" / "js"
IMPORT = re.compile(
    r"""^(?:(?:import|export|\}) |[^*\n]*await import\()[^"']*?["'](\.[^"']+)["']\)?;$""", re.MULTILINE
)
MINIFIED_IMPORT = re.compile(r"""(?:from|import|import\()["'](\.[^"']+)["']""")
IS_A_MODULE = """
const { readFileSync } = require("node:fs");
const { SourceTextModule } = require("node:vm");
for (const path of process.argv.slice(1)) new SourceTextModule(readFileSync(path, "utf8"));
"""
HASHED = re.compile(r"\.[0-9a-f]{12}\.js$")


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with our own static files, hashed."""
    folder = tmp_path_factory.mktemp("static")
    hashed = HashedFiles(location=folder, manifest_storage=None)
    files = {path: (storage, path) for path, storage in FileSystemFinder().list([])}
    for path, (storage, _) in files.items():
        with storage.open(path) as source:
            hashed.save(path, source)
    failures = [outcome for _, _, outcome in hashed.post_process(files) if isinstance(outcome, Exception)]
    assert not failures
    return folder


def test_each_import_of_a_script_names_a_hashed_file(collected: Path) -> None:
    scripts = [path for path in collected.rglob("*.js") if HASHED.search(path.name)]
    imported = [
        (path.parent / target).resolve()
        for path in scripts
        for target in MINIFIED_IMPORT.findall(path.read_text())
    ]
    assert len(imported) > 300
    assert any(path.name.startswith("download-dialog.") for path in imported)  # it loads on demand
    assert [path for path in imported if not HASHED.search(path.name) or not path.exists()] == []


def test_scripts_are_without_comments_and_still_modules(collected: Path) -> None:
    scripts = [path for path in (collected / "monitoring" / "js").rglob("*.js") if HASHED.search(path.name)]
    sizes = [len(path.read_bytes()) for path in scripts]
    assert sum(sizes) < 0.7 * sum(path.stat().st_size for path in SCRIPTS.rglob("*.js"))
    command = ["node", "--experimental-vm-modules", "--no-warnings", "-e", IS_A_MODULE]
    subprocess.run([*command, *map(str, scripts)], check=True)


def test_no_circle_of_scripts_that_import_each_other() -> None:
    """In a circle, a script's hash would depend on itself."""
    imports = {
        path: [(path.parent / target).resolve() for target in IMPORT.findall(path.read_text())]
        for path in SCRIPTS.rglob("*.js")
    }
    assert list(TopologicalSorter(imports).static_order())
