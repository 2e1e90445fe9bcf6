"""No module assumes one system: Windows and macOS lack some of what Linux has."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = [pytest.mark.once, pytest.mark.no_cover]

ROOT = Path(__file__).resolve().parents[2]
POSIX_MODULES = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty", "uvloop"}
# Attributes that these modules do not have on Windows.
POSIX_NAMES = {
    "os": {"chown", "fchmod", "fchown", "fork", "getegid", "geteuid", "getgid", "getloadavg", "getuid"}
    | {"killpg", "mkfifo", "nice", "O_DIRECTORY", "O_NOFOLLOW", "sched_getaffinity", "setsid", "statvfs"},
    "signal": {
        "alarm",
        "pause",
        "setitimer",
        "SIGALRM",
        "SIGCHLD",
        "SIGHUP",
        "SIGKILL",
        "SIGUSR1",
        "SIGUSR2",
    },
    "socket": {"AF_UNIX"},
    "time": {"tzset"},
}
FORBIDDEN_IN_NAMES = re.compile(r'[<>:"|?*\\]')


def trees() -> Iterator[tuple[str, ast.Module]]:
    """Each module of Fermon, by its path."""
    for file in (
        ROOT / "manage.py",
        *(ROOT / "monitoring").rglob("*.py"),
        *(ROOT / "fermon_site").rglob("*.py"),
    ):
        yield file.relative_to(ROOT).as_posix(), ast.parse(file.read_text(encoding="utf-8"))


def is_posix_only(node: ast.AST) -> bool:
    """Whether the node imports or names what Windows lacks."""
    if isinstance(node, ast.Import):
        return any(each.name.split(".")[0] in POSIX_MODULES for each in node.names)
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").split(".")[0] in POSIX_MODULES
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return node.attr in POSIX_NAMES.get(node.value.id, ())
    return False


def surroundings(tree: ast.Module, wanted: ast.AST) -> list[ast.AST]:
    """The nodes around a node."""
    return [each for each in ast.walk(tree) if any(child is wanted for child in ast.walk(each))]


def without_a_way_on(tree: ast.Module) -> Iterator[str]:
    """'import' or 'call' for each use of what Windows lacks that no condition, try or suppress surrounds."""
    for node in ast.walk(tree):
        if not is_posix_only(node):
            continue
        around = surroundings(tree, node)
        withs = [ast.dump(each.items[0]) for each in around if isinstance(each, ast.With)]
        is_guarded = any(isinstance(each, ast.If | ast.IfExp | ast.Try | ast.BoolOp) for each in around)
        if not is_guarded and not any("suppress" in each for each in withs):
            is_called = any(isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) for each in around)
            yield "call" if is_called else "import"


def texts_in_the_systems_encoding(tree: ast.Module) -> Iterator[str]:
    """'encoding' for each text file opened without saying its encoding, which is another on Windows."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or any(each.arg in {"encoding", None} for each in node.keywords):
            continue
        called = node.func
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        is_builtin_open = name == "open" and isinstance(called, ast.Name)
        modes = [each.value for each in node.args[1:2] if isinstance(each, ast.Constant)]
        if (is_builtin_open or name == "fdopen") and "b" not in str(modes):
            yield "encoding"
        if (name == "read_text" and not node.args) or (name == "write_text" and len(node.args) == 1):
            yield "encoding"


def names_that_windows_refuses(tree: ast.Module) -> Iterator[str]:
    """'name' for each path that is joined from a text with a character that file names cannot have there."""
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            texts = [each.value for each in ast.walk(node.right) if isinstance(each, ast.Constant)]
            if any(isinstance(text, str) and FORBIDDEN_IN_NAMES.search(text) for text in texts):
                yield "name"


def test_no_module_assumes_one_system() -> None:
    found = {
        f"{path}: {wrong}"
        for path, tree in trees()
        for rule in (without_a_way_on, texts_in_the_systems_encoding, names_that_windows_refuses)
        for wrong in rule(tree)
    }
    assert found == set()


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        ("import fcntl", ["import"]),
        ("from resource import getrlimit", ["import"]),
        ("def f():\n    os.fork()", ["call"]),
        ("STOP = signal.SIGHUP", ["import"]),
        ("try:\n    import fcntl\nexcept ImportError:\n    fcntl = None", []),
        ("with suppress(ImportError):\n    import termios", []),
        ("if hasattr(os, 'fork'):\n    os.fork()", []),
        ("open(path)", ["encoding"]),
        ("open(path, 'wb')", []),
        ("path.read_text()", ["encoding"]),
        ("path.write_text(text, encoding='utf-8')", []),
        ("folder / f'{day}T12:00.csv'", ["name"]),
        ("folder / 'a.csv'", []),
    ],
)
def test_the_rules_find_what_they_forbid(source: str, wrong: list[str]) -> None:
    tree = ast.parse(source)
    rules = (without_a_way_on, texts_in_the_systems_encoding, names_that_windows_refuses)
    assert [each for rule in rules for each in rule(tree)] == wrong


def test_start_bat_does_what_start_sh_does() -> None:
    bat, sh = ((ROOT / name).read_text(encoding="utf-8") for name in ("start.bat", "start.sh"))
    for words in ("requirements.lock", "-m fermon_site.start", "--with-sources", "(3, 11)"):
        assert words in bat
        assert words in sh
    assert r"fermon_site\prepare.py" in bat
    assert "fermon_site/prepare.py" in sh
    assert b"\r\n" in (ROOT / "start.bat").read_bytes()  # cmd.exe loses its labels otherwise
