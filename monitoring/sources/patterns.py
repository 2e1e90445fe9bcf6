"""Patterns of topics, and the names of tags made from their parts.

A pattern has parts in braces, as ``pioreactor/{unit}/{experiment}/{job}/{name}``; the tag's pattern may
contain them, as ``{unit}.{name}``. ``+`` is a level, and ``#`` at the end all further levels, without a name.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from hashlib import blake2b

from monitoring.models.source import LONGEST_ADDRESS
from monitoring.models.tag import TAG_NAME
from monitoring.sources.config import MappingRule

LONGEST_TAG = 64
SPARKPLUG = "spBv1.0"  # the first level of its topics
PLACEHOLDER = re.compile(r"\{([A-Za-z][A-Za-z0-9_]*)\}")
UNFIT = re.compile(r"[^A-Za-z0-9_.-]")
WITH_POINTER = re.compile(r"(.*[^/])#(/.*)", re.DOTALL)
DIGEST_BYTES = 4


@dataclass(frozen=True, slots=True)
class Pattern:
    """A parsed pattern. ``filter`` is the MQTT topic filter that receives at least these topics."""

    text: str
    names: tuple[str, ...]
    filter: str
    regex: re.Pattern[str]

    @property
    def is_exact(self) -> bool:
        """Return whether the pattern is one topic."""
        return not set("+#") & set(self.filter)

    @property
    def rank(self) -> tuple[int, int, str]:
        """Return a sort key: of the patterns that match a topic, the smallest takes the topic."""
        levels = self.filter.split("/")
        return levels.count("#"), levels.count("+"), self.text

    def parts_of(self, topic: str) -> dict[str, str] | None:
        """Return the parts of a topic by name; None if the topic does not match."""
        match = self.regex.fullmatch(topic)
        return match.groupdict() if match else None


def parse_pattern(text: str) -> Pattern:
    """Return a parsed pattern.

    Raises:
        ValueError: the text is not a pattern, with the reason in words.
    """
    if not text or len(text) > LONGEST_ADDRESS or "\0" in text:
        raise ValueError(f"Expected a topic of 1 to {LONGEST_ADDRESS} characters.")
    levels = text.split("/")
    names = PLACEHOLDER.findall(text)
    if len(set(names)) < len(names):
        raise ValueError("Each part in braces needs a name of its own.")
    if "#" in levels[:-1]:
        raise ValueError("'#' stands at the end only: it means all further levels.")
    expressions = [_level_expression(level) for level in levels if level != "#"]
    expression = "/".join(expressions)
    if levels[-1] == "#":
        expression = f"{expression}(?:/.*)?" if expressions else ".*"
    if not levels[0] or levels[0][0] in "{+#":
        expression = rf"(?!\$){expression}"  # wildcards do not match the broker's own topics
    as_filter = "/".join("+" if PLACEHOLDER.search(level) else level for level in levels)
    return Pattern(text, tuple(names), as_filter, re.compile(expression, re.DOTALL))


def split_pointer(address: str) -> tuple[str, str]:
    """Return topic and pointer of an address that may end with a pointer, as topic#/od."""
    match = WITH_POINTER.fullmatch(address)
    return (match[1], match[2]) if match else (address, "")


def split_address(rule: MappingRule) -> tuple[str, str]:
    """Return pattern and value pointer of a rule. The pointer of its own field comes before the address's."""
    topic, pointer = split_pointer(rule.address)
    return topic, rule.value_pointer or pointer


def expand(tag_pattern: str, parts: Mapping[str, str]) -> str:
    """Return the tag's name for the parts of a topic. A dot within a part becomes an underscore.

    Raises:
        KeyError: the topic's pattern lacks a part.
    """
    return fit_name(PLACEHOLDER.sub(lambda match: parts[match[1]].replace(".", "_"), tag_pattern))


def fit_name(text: str) -> str:
    """Return a text as a name of a tag: other characters become '_', and a letter stands first.

    A name over 64 characters is cut and ends with a digest of all, so that different texts stay different.
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    name = UNFIT.sub("_", plain)
    if not name[:1].isalpha():
        name = f"t{name}"
    if len(name) <= LONGEST_TAG:
        return name
    digest = blake2b(text.encode(errors="replace"), digest_size=DIGEST_BYTES).hexdigest()
    return f"{name[: LONGEST_TAG - 1 - len(digest)]}-{digest}"


def matching_tags(tag_pattern: str, parts: Mapping[str, str], known: Iterable[str]) -> list[str]:
    """Return the known names that a tag's pattern may give when some of the parts have these values."""
    fixed = PLACEHOLDER.sub(lambda match: parts.get(match[1], match[0]).replace(".", "_"), tag_pattern)
    expression = _tag_expression(fixed)
    return [name for name in known if expression.fullmatch(name)]


def address_problem(address: str) -> str:
    """Return the error of a pattern in words; empty if there is none."""
    try:
        parse_pattern(address)
    except ValueError as error:
        return str(error)
    return ""


def tag_problem(tag: str, parts: Collection[str] = ()) -> str:
    """Return the error of a tag's name or pattern; empty if there is none.

    ``parts`` are the names of the parts in braces that the address has.
    """
    if unknown := sorted(set(PLACEHOLDER.findall(tag)) - set(parts)):
        known = ", ".join(f"{{{part}}}" for part in parts) or "none"
        return f"The address has no part {{{unknown[0]}}}. Its parts: {known}."
    name = PLACEHOLDER.sub("x", tag)
    if not re.fullmatch(TAG_NAME.regex, name) or len(name) > LONGEST_TAG:
        return f"{TAG_NAME.message} At most {LONGEST_TAG} characters."
    return ""


def overlaps(first: MappingRule, second: MappingRule) -> bool:
    """Return whether two valid rules could give values of different addresses to one tag.

    A rule for some topics of a wider rule, with the same pointer, is an exception: no overlap. Of Sparkplug
    metrics, whose names come with their birth, the first one feeds the tag, see ``MetricRules``.
    """
    if is_sparkplug(first.address) and is_sparkplug(second.address):
        return False
    if not _meet(_characters(first.tag), _characters(second.tag), "."):
        return False
    topic, other = split_address(first)[0], split_address(second)[0]
    if topic == other:
        return True
    narrow, wide = sorted((first, second), key=lambda rule: parse_pattern(split_address(rule)[0]).rank)
    return not _is_exception(narrow, wide)


def is_sparkplug(address: str) -> bool:
    """Return whether a topic, or an address, is one of Sparkplug B."""
    return address.startswith(f"{SPARKPLUG}/")


def find_overlap(rule: MappingRule, others: Sequence[MappingRule]) -> MappingRule | None:
    """Return one of the other rules that could give values to the same tag; None if there is none."""
    is_exact = "{" not in rule.tag
    for each in others:
        if (each.address, each.value_pointer) == (rule.address, rule.value_pointer):
            continue  # the rule itself, as stored before
        if is_exact and "{" not in each.tag and each.tag != rule.tag:
            continue  # the common case: thousands of exact names
        if overlaps(rule, each):
            return each
    return None


def filters_meet(first: str, second: str) -> bool:
    """Return whether two topic filters have a topic in common."""
    return _topics_meet(first, second)


def filter_covers(wide: str, narrow: str) -> bool:
    """Return whether a topic filter receives all that another one receives."""
    levels, others = wide.split("/"), narrow.split("/")
    if others[0].startswith("$") and levels[0] in ("+", "#"):
        return False
    for place, level in enumerate(levels):
        if level == "#":
            return True
        if place >= len(others) or others[place] == "#" or level not in ("+", others[place]):
            return False
    return len(levels) == len(others)


def fewest_filters(filters: Sequence[str]) -> list[str]:
    """Return the filters without those that another one covers, in order."""
    distinct = list(dict.fromkeys(filters))
    wide = [each for each in distinct if "+" in each or "#" in each]
    return [
        each for each in distinct if not any(other != each and filter_covers(other, each) for other in wide)
    ]


class Wild(Enum):
    """A part of a text in ``_meet``: one character or any number, but no barriers."""

    ONE = "one"
    MANY = "many"


def _level_expression(level: str) -> str:
    if level == "+":
        return "[^/]*"
    plain = PLACEHOLDER.sub("", level)
    if set(plain) & set("+#"):
        raise ValueError("'+' and '#' stand for whole levels: put '/' around them.")
    if set(plain) & set("{}"):
        raise ValueError("A part in braces has a name of letters, digits and '_', as in {unit}.")
    if "}{" in level:
        raise ValueError("Between two parts in braces a character is needed: where does the first end?")
    return "".join(
        f"(?P<{piece}>[^/]+?)" if place % 2 else re.escape(piece)
        for place, piece in enumerate(PLACEHOLDER.split(level))
    )


def _is_exception(narrow: MappingRule, wide: MappingRule) -> bool:
    """Return whether the narrow rule takes the topics from which the wide one would give the same tag.

    Parts of the wide pattern that are missing in the tag are free: dropping them was a person's choice.
    """
    topic, wide_topic = split_address(narrow)[0], split_address(wide)[0]
    values = {name: f"Zq{place}v" for place, name in enumerate(parse_pattern(topic).names)}
    tag = PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), narrow.tag)
    pointer, wide_pointer = split_address(narrow)[1], split_address(wide)[1]
    if pointer != wide_pointer and pointer and wide_pointer:
        return False  # both apply: the values of one document
    match = _tag_expression(wide.tag).fullmatch(tag) if PLACEHOLDER.search(wide.tag) else None
    if match is None:
        return False
    bound = match.groupdict()
    exact = PLACEHOLDER.sub(lambda each: bound.get(each[1], each[0]), wide_topic)
    own = PLACEHOLDER.sub(lambda each: values[each[1]], topic)
    return _topics_meet(exact, own)


def _tag_expression(tag_pattern: str) -> re.Pattern[str]:
    """Return an expression for the tags of a pattern, with the parts as groups."""
    pieces = PLACEHOLDER.split(tag_pattern)
    expression = [re.escape(pieces[0])]
    for place in range(1, len(pieces), 2):
        name = pieces[place]
        is_repeated = name in pieces[1:place:2]
        expression += [f"(?P={name})" if is_repeated else f"(?P<{name}>[A-Za-z0-9_-]+)"]
        expression += [re.escape(pieces[place + 1])]
    return re.compile("".join(expression))


def _topics_meet(first: str, second: str) -> bool:
    """Return whether two patterns or filters have a topic in common."""
    levels, others = first.split("/"), second.split("/")
    for level, other in zip(levels, others, strict=False):
        if "#" in (level, other):
            return True
        if not _meet(_characters(level), _characters(other), "/"):
            return False
    longer = max(levels, others, key=len)
    rest = longer[min(len(levels), len(others)) :]
    return not rest or rest == ["#"]


def _characters(pattern: str) -> list[str | Wild]:
    """Return a level of a topic, or a tag, as characters and wildcards."""
    if pattern == "+":
        return [Wild.MANY]
    found: list[str | Wild] = []
    for place, piece in enumerate(PLACEHOLDER.split(pattern)):
        found += [Wild.ONE, Wild.MANY] if place % 2 else piece
    return found


def _meet(first: list[str | Wild], second: list[str | Wild], barrier: str) -> bool:
    """Return whether some text matches both; only a literal ``barrier`` matches that character."""
    ends = len(first), len(second)
    waiting, seen = [(0, 0)], {(0, 0)}
    while waiting:
        at = waiting.pop()
        if at == ends:
            return True
        for follower in _followers(first, second, at, barrier):
            if follower not in seen:
                seen.add(follower)
                waiting.append(follower)
    return False


def _followers(
    first: list[str | Wild], second: list[str | Wild], at: tuple[int, int], barrier: str
) -> Iterator[tuple[int, int]]:
    """Yield the next states of two matchers that read one text."""
    i, j = at
    one = first[i] if i < len(first) else None
    other = second[j] if j < len(second) else None
    if one is Wild.MANY:
        yield i + 1, j
    if other is Wild.MANY:
        yield i, j + 1
    if one is not None and other is not None and _agree(one, other, barrier):
        yield i + (one is not Wild.MANY), j + (other is not Wild.MANY)


def _agree(one: str | Wild, other: str | Wild, barrier: str) -> bool:
    """Return whether a character exists that both match."""
    if isinstance(one, Wild) or isinstance(other, Wild):
        return barrier not in (one, other)
    return one == other
