"""Numbers as people and instruments write them: decimal point or comma, groups of thousands."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from monitoring.kernel.arrays import FloatArray

# Cells that say "no value here"; they give no reading and are no fault.
EMPTY = frozenset({"", "-", "--", "---", "n/a", "na", "nan", "null", "none", "#n/a", "#nv", "#n/v"})
SPACES = "\u00a0\u2009\u202f "
EXPONENT = r"(?:[eE][+-]?[0-9]{1,3})?"
PLAIN = re.compile(rf"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+){EXPONENT}")
# By decimal sign: the sign, and the signs that may stand between groups of three digits.
FORMS = {
    decimal: re.compile(
        rf"[+−-]?(?:[0-9]{{1,3}}(?:(?P<group>[{SPACES}'’{other}])[0-9]{{3}})(?:(?P=group)[0-9]{{3}})*|[0-9]+)?"
        rf"(?:[{decimal}][0-9]*)?{EXPONENT}"
    )
    for decimal, other in ((".", ","), (",", "."))
}
GROUPING = {
    decimal: str.maketrans(dict.fromkeys(f"{SPACES}'’{other}", "") | {decimal: ".", "−": "-"})
    for decimal, other in ((".", ","), (",", "."))
}
UNPLAIN = re.compile(r"[_a-df-zA-DF-Z]")  # float() takes 1_000, nan and infinity, too


def read_numbers(
    texts: Sequence[str], decimal: str, *, plain_first: bool = False
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return the numbers of cells, NaN where a cell is none, and which cells are empty; both of shape (n,).

    ``plain_first``: cells of a workbook that are numbers have a decimal point, also where texts have a comma.
    """
    fast = read_plainly(texts, decimal, plain_first=plain_first)
    if fast is not None:
        return fast, np.zeros(len(texts), dtype=bool)
    values = np.full(len(texts), np.nan)
    empty = np.zeros(len(texts), dtype=bool)
    for index, text in enumerate(texts):
        cell = text.strip()
        if cell.lower() in EMPTY:
            empty[index] = True
        else:
            values[index] = read_number(cell, decimal, plain_first=plain_first)
    return values, empty


def read_plainly(texts: Sequence[str], decimal: str, *, plain_first: bool) -> FloatArray | None:
    """Return the numbers if all cells are plain ones; None otherwise."""
    joined = "\n".join(texts)
    if UNPLAIN.search(joined):
        return None
    if decimal == "," and not plain_first:
        if "." in joined:
            return None
        joined = joined.replace(",", ".")
    try:
        values = np.array(list(map(float, joined.split("\n"))))
    except ValueError:
        return None
    return values if len(values) == len(texts) and np.isfinite(values).all() else None


def read_number(cell: str, decimal: str, *, plain_first: bool = False) -> float:
    """Return the number of a cell; NaN for other texts and for numbers too large for a float."""
    if plain_first and PLAIN.fullmatch(cell):
        return finite(cell)
    if not any(map(str.isdigit, cell)) or FORMS[decimal].fullmatch(cell) is None:
        return np.nan
    return finite(cell.translate(GROUPING[decimal]))


def finite(text: str) -> float:
    """Return the float of a text; NaN if infinite or no number."""
    try:
        value = float(text)
    except ValueError:
        return np.nan
    return value if np.isfinite(value) else np.nan
