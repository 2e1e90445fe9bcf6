"""The optional libraries of the protocols: which are missing, and how to install them."""

from importlib.util import find_spec

from monitoring.sources.kind import SourceKind

REMEDY = (
    "Stop Fermon and start it with './start.sh --with-sources' ('start.bat --with-sources'), or install"
    " by hand: 'pip install -r requirements-sources.lock' in Fermon's .venv; then start the collector again."
)


def missing_libraries(kind: SourceKind) -> list[str]:
    """Return the pinned requirements of the protocol's libraries that are not installed."""
    return [requirement for module, requirement in kind.libraries.items() if not is_installed(module)]


def is_installed(module: str) -> bool:
    """Return whether the module can be imported, without importing the module itself."""
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # of a parent package
        return False
