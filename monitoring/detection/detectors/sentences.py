"""Amounts for the sentences of events, with as many digits as it takes to tell the amounts apart."""

from monitoring.kernel.number_format import Words

FEWEST, FEWEST_OF_VALUE, MOST = 2, 5, 15  # significant digits; a double has no more than 15
MOST_FORMATTED = 6  # beyond, the number format of the page rounds


def change_and_usual(words: Words, change: float, usual: float) -> tuple[str, str]:
    """Return the change, and the greatest usual change, which is smaller, as two different texts."""
    told = most = ""
    for digits in range(FEWEST, MOST + 1):
        told, most = amount(words, change, digits), amount(words, usual, digits)
        if told != most:
            break
    return told, most


def change_and_clause(words: Words, change: float, usual: float) -> tuple[str, str]:
    """Return the change, and a clause about the changes that are usual; a constant has none."""
    if not usual:
        return words.reach(change), words.usual(usual)
    told, most = change_and_usual(words, change, usual)
    return told, f"up to {most} is usual"


def value_and_range(
    words: Words, value: float, expected: float, allowed: float, limit: float | None = None
) -> tuple[str, str, str]:
    """Return the value, the forecast and the allowed distance, which the texts show to be exceeded.

    The text of the value differs from that of a ``limit``, too.
    """
    digits = FEWEST
    for digits in range(FEWEST, MOST + FEWEST - FEWEST_OF_VALUE + 1):
        more = digits + FEWEST_OF_VALUE - FEWEST
        is_at_limit = limit is not None and printed(words, value, more) == printed(words, limit, more)
        distance = abs(printed(words, value, more) - printed(words, expected, more))
        if distance > printed(words, allowed, digits) and not is_at_limit:
            break
    more = digits + FEWEST_OF_VALUE - FEWEST
    return (
        amount(words, value, more),
        amount(words, expected, more),
        amount(words, allowed, digits),
    )


def value_and_bounds(words: Words, value: float, low: float, high: float) -> tuple[str, str, str]:
    """Return a value outside two bounds, and the bounds; the value differs from both as text."""
    texts = ("", "", "")
    for digits in range(FEWEST_OF_VALUE, MOST + 1):
        texts = (
            amount(words, value, digits),
            amount(words, low, digits),
            amount(words, high, digits),
        )
        if texts[0] not in texts[1:]:
            break
    return texts


def times_text(times: float) -> str:
    """Return a factor, with the digits that tell it from 1."""
    text = ""
    for digits in range(FEWEST, MOST + 1):
        text = f"{rounded(times, digits):.15g}"
        if text != "1":
            break
    return text


def limit_clause(words: Words, value: float, limit: float | None) -> str:
    """Return which limit of the tag the value has left, such as ", above its limit of 45 °C"; else ""."""
    if limit is None:
        return ""
    return f", {'above' if value > limit else 'below'} its limit of {words.amount(limit)}"


def limit_left(value: float, lower: float, upper: float) -> float | None:
    """Return the limit that the value is outside of; None for a value within the limits."""
    if lower <= value <= upper:
        return None
    return upper if value > upper else lower


def rounded(value: float, digits: int) -> float:
    """Return the value, rounded to significant digits."""
    return float(f"{value:.{digits}g}")


def amount(words: Words, value: float, digits: int) -> str:
    """Return the value with the tag's unit; with many digits, not in the number format of the page."""
    if digits <= MOST_FORMATTED:
        return words.amount(value, digits=digits)
    return f"{rounded(value, digits):.15g} {words.unit}".rstrip()


def printed(words: Words, value: float, digits: int) -> float:
    """Return the number that the text of the value shows."""
    return float(amount(words, value, digits).split(" ")[0].replace(",", ""))
