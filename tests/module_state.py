"""Find state that belongs to a module or class in place of the process's runtime, by reading the source."""

import ast
import re
from collections.abc import Iterable, Iterator

# Functions that make objects that change, and methods that change them.
MAKER = re.compile(
    r"(.*\.)?(R?Lock|Event|Condition|\w*Semaphore|local|ContextVar|RawValue|\w*Executor|\w*Queue"
    r"|deque|\w*[dD]ict|Weak\w+|Counter|list|set)"
)
MUTATOR = re.compile(r"add|append|clear|discard|extend|insert|pop|popitem|remove|setdefault|update")
CACHES = frozenset({"cache", "lru_cache", "functools.cache", "functools.lru_cache"})


def module_state(source: str) -> list[str]:
    """Return a line for each place where a module holds state, in order of the text.

    Such places are 'global' statements; names of a module or class for locks, threads, containers that begin
    empty; names of a module, in lower case, for other objects; containers, objects and classes of a module
    that functions change; and functions that remember their results.
    """
    tree = ast.parse(source)
    names = dict(bound_names(tree.body))
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    changing = {*names, *(each.name for each in classes)}
    found = list(held_state(names.items(), ""))
    for each in classes:
        found += [f"{each.name}.{line}" for line in held_state(bound_names(each.body), each.name)]
    return found + [line for node in ast.walk(tree) for line in changes(node, changing)]


def bound_names(body: list[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    """Yield the names that a module or class binds itself, with their values."""
    for node in body:
        if isinstance(node, ast.Assign):
            yield from ((target.id, node.value) for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and node.value and isinstance(node.target, ast.Name):
            yield node.target.id, node.value
        elif isinstance(node, ast.If | ast.Try | ast.With | ast.For | ast.While):
            yield from bound_names([*node.body, *getattr(node, "orelse", [])])


def held_state(bound: Iterable[tuple[str, ast.expr]], owner: str) -> Iterator[str]:
    """Yield the names of a module, or of the class ``owner``, that are bound to state, each with its kind."""
    for name, value in bound:
        if isinstance(value, ast.Dict | ast.List) and not elements(value):
            yield f"{name} = empty"
        elif isinstance(value, ast.Call):
            maker = ast.unparse(value.func)
            is_object = not owner and name.lstrip("_")[:1].islower() and maker != "logging.getLogger"
            if is_object or MAKER.fullmatch(maker):
                yield f"{name} = {maker}()"


def elements(value: ast.Dict | ast.List) -> list[ast.expr]:
    """Return the elements of a literal."""
    return value.values if isinstance(value, ast.Dict) else value.elts


def changes(node: ast.AST, names: set[str]) -> Iterator[str]:
    """Yield a line if the node makes a function change or remember something of the module."""
    if isinstance(node, ast.Global):
        yield f"global {', '.join(node.names)}"
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield from (f"@cache {node.name}" for each in node.decorator_list if is_cache(each))
    elif (name := changed_name(node)) in names:
        yield f"{name} changes"


def is_cache(decorator: ast.expr) -> bool:
    """Return whether the decorator makes a function remember its results."""
    return ast.unparse(decorator.func if isinstance(decorator, ast.Call) else decorator) in CACHES


def changed_name(node: ast.AST) -> str:
    """Return the name of the object whose items or attributes a node changes; empty for none."""
    changed: ast.expr | None = None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        changed = node.func.value if MUTATOR.fullmatch(node.func.attr) else None
    elif isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del):
        changed = node.value
    return changed.id if isinstance(changed, ast.Name) else ""
