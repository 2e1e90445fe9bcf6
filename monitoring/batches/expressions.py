"""Expressions of computed tags: arithmetic on tags, as ``{demo1.o2} - 20.95`` or ``fermenter_temp * 2``.

Python's parser builds the tree; only nodes of the whitelist pass, and each is evaluated here. No name,
attribute or call of Python is reachable.
"""

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from keyword import iskeyword

import numpy as np

from monitoring.kernel.arrays import FloatArray

LONGEST = 500
DEEPEST = 60
MOST_TAGS = 32
LARGEST_EXPONENT = 10
LARGEST_NUMBER = 1e100
TOKEN = re.compile(
    r"(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[A-Za-z][A-Za-z0-9_]*)"
    r"|\{(?P<tag>[^{}]*)\}"
    r"|(?P<operator>\*\*|[-+*/(),])",
    re.ASCII,
)
BLANKS = re.compile(r"[ \t]*")
TAG = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")  # as the names of tags are
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
HINTS = {"^": "write ** for a power", "{": "write a tag as {demo1.o2}", ".": "write {demo1.o2} with braces"}

OPERATORS: Mapping[type[ast.operator], Callable[[FloatArray, FloatArray], FloatArray]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: np.power,
}
SIGNS: Mapping[type[ast.unaryop], Callable[[FloatArray], FloatArray]] = {
    ast.USub: np.negative,
    ast.UAdd: np.positive,
}


@dataclass(frozen=True, slots=True)
class Function:
    """A function, with the smallest and the largest number of arguments."""

    call: Callable[..., FloatArray]
    least: int
    most: int


def smallest(*values: FloatArray) -> FloatArray:
    """Return the smallest value at each time; a gap where one of them is missing."""
    return reduce(np.minimum, values)


def largest(*values: FloatArray) -> FloatArray:
    """Return the largest value at each time; a gap where one of them is missing."""
    return reduce(np.maximum, values)


FUNCTIONS: Mapping[str, Function] = {
    "abs": Function(np.abs, 1, 1),
    "sqrt": Function(np.sqrt, 1, 1),
    "log": Function(np.log, 1, 1),
    "exp": Function(np.exp, 1, 1),
    "min": Function(smallest, 2, 8),
    "max": Function(largest, 2, 8),
    "clip": Function(np.clip, 3, 3),
}
EXPECTED = f"numbers, tags, + - * / **, parentheses and the functions {', '.join(FUNCTIONS)}"


class ExpressionError(ValueError):
    """The text is no expression. ``position`` is the character of the text, from 1."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(f"Character {position}: {message}")
        self.position = position


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression; ``names`` has the tag that each name of the tree stands for."""

    text: str
    tree: ast.expr
    names: Mapping[str, str]

    @property
    def tags(self) -> tuple[str, ...]:
        """Return the tags of the expression, each once, in the order of the text."""
        return tuple(dict.fromkeys(self.names.values()))

    def evaluate(self, values: Mapping[str, FloatArray]) -> FloatArray:
        """Return the result for arrays of equal shape (n,) by tag.

        NaN (a gap) where an argument is missing, and where a step gives no finite real number, as a division
        by zero. A constant expression has the shape ().
        """
        with np.errstate(all="ignore"):
            return finite(self._value(self.tree, values))

    def _value(self, node: ast.expr, values: Mapping[str, FloatArray]) -> FloatArray:
        match node:
            case ast.Constant(value=number):
                return np.float64(number)  # type: ignore[return-value,arg-type]
            case ast.Name(id=name):
                return values[self.names[name]]
            case ast.UnaryOp(op=sign, operand=operand):
                return SIGNS[type(sign)](self._value(operand, values))
            case ast.BinOp(left=left, op=operator, right=right):
                operands = self._value(left, values), self._value(right, values)
                return finite(OPERATORS[type(operator)](*operands))
            case ast.Call(func=ast.Name(id=name), args=arguments):
                return finite(FUNCTIONS[name].call(*(self._value(each, values) for each in arguments)))
        raise TypeError(f"unchecked node {ast.dump(node)}")


def finite(values: FloatArray) -> FloatArray:
    """Return the values with NaN in place of infinite ones."""
    return np.where(np.isfinite(values), values, np.nan)


@dataclass(frozen=True, slots=True)
class ExpressionToken:
    """A token: ``kind`` is a group of ``TOKEN``, ``position`` the first character, from 1."""

    kind: str
    text: str
    position: int

    @property
    def is_operand(self) -> bool:
        """Return whether the token is a number or a name."""
        return self.kind != "operator"


def parse(text: str) -> Expression:
    """Return the expression that a text is.

    Raises:
        ExpressionError: the text is none. Positions do not count blanks before the text.
    """
    text = text.strip()
    source, names = python_of(text, checked_tokens(text))
    tree = tree_of(source)
    for node, depth in nodes_of(tree):
        if depth > DEEPEST:
            raise ExpressionError(f"nested deeper than {DEEPEST}; use several computed tags.", place_of(node))
        check_node(node)
    return Expression(text, tree, names)


def checked_tokens(text: str) -> list[ExpressionToken]:
    """Return the tokens of a text that is not too long and in which no operator is missing."""
    if len(text) > LONGEST:
        raise ExpressionError(f"longer than {LONGEST} characters; use several computed tags.", LONGEST + 1)
    tokens = list(tokens_of(text))
    if not tokens:
        raise ExpressionError(f"the expression is empty; expected {EXPECTED}.", 1)
    for before, after in pairwise(tokens):
        ends = before.is_operand or before.text == ")"
        is_call = before.kind == "name" and after.text == "("
        if ends and (after.is_operand or after.text == "(") and not is_call:
            raise ExpressionError(f"an operator is missing before {after.text!r}.", after.position)
    check_complete(tokens)
    return tokens


def check_complete(tokens: list[ExpressionToken]) -> None:
    """Check that parentheses match and that the last token is no operator."""
    opened: list[ExpressionToken] = []
    for token in tokens:
        if token.text == "(":
            opened.append(token)
        elif token.text == ")" and not opened:
            raise ExpressionError("no parenthesis is open here.", token.position)
        elif token.text == ")":
            opened.pop()
    last = tokens[-1]
    if not last.is_operand and last.text != ")":
        raise ExpressionError(f"a number or a tag is missing after {last.text!r}.", last.position)
    if opened:
        raise ExpressionError("this parenthesis is not closed.", opened[-1].position)


def tokens_of(text: str) -> Iterator[ExpressionToken]:
    """Yield the tokens of a text."""
    place = skip_blanks(text, 0)
    while place < len(text):
        found = TOKEN.match(text, place)
        if found is None or found.lastgroup is None:
            hint = HINTS.get(text[place], f"expected {EXPECTED}")
            raise ExpressionError(f"{text[place]!r} cannot stand here; {hint}.", place + 1)
        yield ExpressionToken(found.lastgroup, found[0], place + 1)
        place = skip_blanks(text, found.end())


def skip_blanks(text: str, place: int) -> int:
    """Return the index of the next character that is no blank."""
    found = BLANKS.match(text, place)
    return place if found is None else found.end()


def python_of(text: str, tokens: list[ExpressionToken]) -> tuple[str, dict[str, str]]:
    """Return the text for Python, each tag in braces as a name of the same length; and the tags by name."""
    source = [" "] * len(text)
    names: dict[str, str] = {}
    for token in tokens:
        written = token.text
        if token.kind == "tag":
            written = stand_in(token, len(names))
            names[written] = token.text[1:-1].strip()
        elif iskeyword(written):
            raise ExpressionError(f"write a tag of this name as {{{written}}}.", token.position)
        elif token.kind == "name" and written not in FUNCTIONS:
            names[written] = written
        if len(names) > MOST_TAGS:
            raise ExpressionError(f"expected at most {MOST_TAGS} tags.", token.position)
        source[token.position - 1 : token.position - 1 + len(written)] = written
    return "".join(source), names


def stand_in(token: ExpressionToken, number: int) -> str:
    """Return the name that stands for a tag in braces: no name of the text begins with an underscore."""
    tag = token.text[1:-1].strip()
    if not TAG.fullmatch(tag):
        raise ExpressionError(f"{tag!r} is no name of a tag; expected one as {{demo1.o2}}.", token.position)
    return f"_{DIGITS[number]}".ljust(len(token.text), "_")


def tree_of(source: str) -> ast.expr:
    """Return the syntax tree; its columns are those of the text."""
    try:
        return ast.parse(source, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        place = min(getattr(error, "offset", None) or 1, len(source))
        raise ExpressionError(f"not complete or not in order; expected {EXPECTED}.", place) from None


def nodes_of(tree: ast.expr) -> Iterator[tuple[ast.expr, int]]:
    """Yield each node that is evaluated, with its depth from 1."""
    waiting = [(tree, 1)]
    while waiting:
        node, depth = waiting.pop()
        yield node, depth
        parts = node.args if isinstance(node, ast.Call) else ast.iter_child_nodes(node)
        waiting += [(part, depth + 1) for part in parts if isinstance(part, ast.expr)]


def check_node(node: ast.expr) -> None:
    """Check that a node is one of arithmetic."""
    match node:
        case ast.Constant(value=number):
            check_number(node, number)
        case ast.Name(id=name) if name in FUNCTIONS:
            raise ExpressionError(f"{name} is a function; expected {name}(...).", place_of(node))
        case ast.Name() | ast.UnaryOp(op=ast.USub() | ast.UAdd()):
            pass
        case ast.BinOp(op=operator) if type(operator) in OPERATORS:
            check_exponent(node)
        case ast.Call(func=function, args=arguments):
            check_call(node, function, arguments)
        case _:
            raise ExpressionError(f"this cannot stand here; expected {EXPECTED}.", place_of(node))


def check_number(node: ast.expr, number: object) -> None:
    """Check that a constant is a number that a float holds."""
    is_number = isinstance(number, int | float) and not isinstance(number, bool)
    if not is_number or not abs(number) <= LARGEST_NUMBER:  # type: ignore[arg-type]
        raise ExpressionError(f"expected numbers up to {LARGEST_NUMBER:g}.", place_of(node))


def check_exponent(node: ast.BinOp) -> None:
    """Check that an exponent, if it is a number, is small."""
    exponent = node.right.operand if isinstance(node.right, ast.UnaryOp) else node.right
    if isinstance(node.op, ast.Pow) and isinstance(exponent, ast.Constant):
        check_number(exponent, exponent.value)
        if abs(exponent.value) > LARGEST_EXPONENT:  # type: ignore[arg-type]
            raise ExpressionError(
                f"expected an exponent from -{LARGEST_EXPONENT} to {LARGEST_EXPONENT}.", place_of(node.right)
            )


def check_call(node: ast.Call, function: ast.expr, arguments: list[ast.expr]) -> None:
    """Check that a call is one of a known function, with as many arguments as the function takes."""
    name = function.id if isinstance(function, ast.Name) else ""
    known = FUNCTIONS.get(name)
    if known is None:
        raise ExpressionError(f"unknown function; expected one of {', '.join(FUNCTIONS)}.", place_of(node))
    if not known.least <= len(arguments) <= known.most:
        wanted = f"{known.least}" if known.least == known.most else f"{known.least} to {known.most}"
        raise ExpressionError(f"{name} takes {wanted} arguments, not {len(arguments)}.", place_of(node))


def place_of(node: ast.expr) -> int:
    """Return the position of a node's first character in the text, from 1."""
    return node.col_offset + 1
