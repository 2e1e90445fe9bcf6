"""Which tag each series of a file becomes."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from monitoring.kernel.quoting import shown
from monitoring.sources.file_import.errors import ImportInputError

IGNORE, TAG, NEW = "ignore", "tag", "new"
ACTIONS = (IGNORE, TAG, NEW)
TEXTS = {"tag": 64, "unit": 20, "display_name": 64, "group": 64}
NUMBERS = ("factor", "offset", "valid_min", "valid_max")


@dataclass(frozen=True, slots=True)
class Target:
    """The tag of a series: ignored, an existing one, or a new one with unit and valid range.

    A value of the file times ``factor`` plus ``offset`` is the value in the tag's unit.
    """

    action: str = IGNORE
    tag: str = ""
    factor: float = 1.0
    offset: float = 0.0
    unit: str = ""
    display_name: str = ""
    group: str = ""
    valid_min: float | None = None
    valid_max: float | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the target as stored."""
        return asdict(self)


Targets = dict[str, Target]


def targets_of(stored: Mapping[str, Mapping[str, Any]]) -> Targets:
    """Return the targets by key of the series, as stored."""
    return {key: Target(**each) for key, each in stored.items()}


def read_target(key: str, given: object) -> Target:
    """Return the target that a person has set for a series.

    Raises:
        ImportInputError: a field is impossible or missing.
    """
    field = f"targets.{key}"
    if not isinstance(given, Mapping):
        raise ImportInputError(f"expected an object, got {shown(given)}", field)
    unknown = sorted(set(given) - set(Target.__dataclass_fields__))
    if unknown:
        raise ImportInputError(f"unknown field {shown(unknown[0])}", field)
    target = Target(
        **{name: value for name, value in given.items() if name in NUMBERS or isinstance(value, str)}
    )
    check_target(target, field)
    return target


def check_target(target: Target, field: str) -> None:
    """Check action, texts and numbers of a target.

    Raises:
        ImportInputError: one of them is impossible.
    """
    if target.action not in ACTIONS:
        raise ImportInputError(
            f"action: expected one of {', '.join(ACTIONS)}, got {shown(target.action)}", field
        )
    check_fields(target, field)
    if target.action != IGNORE and not target.tag:
        raise ImportInputError("tag: missing; expected the name of a tag", field)
    if target.factor == 0:
        raise ImportInputError("factor: expected a number other than 0", field)
    if target.action == NEW:
        check_range(target, field)


def check_fields(target: Target, field: str) -> None:
    """Check texts and numbers of a target by themselves.

    Raises:
        ImportInputError: one of them is impossible.
    """
    for name, longest in TEXTS.items():
        text = getattr(target, name)
        if len(text) > longest or not text.isprintable():
            raise ImportInputError(f"{name}: expected at most {longest} characters, all printable", field)
    for name in NUMBERS:
        value = getattr(target, name)
        is_left_out = value is None and name.startswith("valid")
        if not is_left_out and not is_number(value):
            raise ImportInputError(f"{name}: expected a number, got {shown(value)}", field)


def is_number(value: object) -> bool:
    """Return whether a value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def check_range(target: Target, field: str) -> None:
    """Check the valid range of a new tag.

    Raises:
        ImportInputError: an end is missing, or the ends are in the wrong order.
    """
    if target.valid_min is None or target.valid_max is None:
        raise ImportInputError("a new tag needs valid_min and valid_max", field)
    if target.valid_min >= target.valid_max:
        raise ImportInputError(
            f"valid_max: expected a number above valid_min, {target.valid_min:g}, got {target.valid_max:g}",
            field,
        )


def check_targets(targets: Targets, names: Mapping[str, str], known: Iterable[str]) -> None:
    """Check targets together: ``names`` has the name of each series by key, ``known`` all existing tags.

    Raises:
        ImportInputError: no series becomes a tag, two become the same, or a tag exists or is missing.
    """
    existing = set(known)
    taken: dict[str, str] = {}
    for key, target in targets.items():
        if target.action == IGNORE:
            continue
        field = f"targets.{key}"
        if target.tag in taken:
            raise ImportInputError(
                f"{shown(names.get(key, key))} and {shown(names.get(taken[target.tag], taken[target.tag]))}"
                f" both become {target.tag}; give each a tag of its own, or ignore one",
                field,
            )
        taken[target.tag] = key
        if target.action == TAG and target.tag not in existing:
            raise ImportInputError(f"there is no tag {shown(target.tag)}; choose a new tag to make it", field)
        if target.action == NEW and target.tag in existing:
            raise ImportInputError(f"the tag {target.tag} exists already; choose it as existing", field)
    if not taken:
        raise ImportInputError("no column becomes a tag yet; choose a tag for at least one", "targets")
