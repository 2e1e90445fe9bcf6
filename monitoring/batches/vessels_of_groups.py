"""Make a vessel of each group of tags, with the tags bound and their roles guessed by unit and name."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from monitoring.batches.vessel_roles import OTHER, ROLES, Role
from monitoring.batches.vessels import bind, make_vessel, naming
from monitoring.kernel.actor import Actor
from monitoring.kernel.tag_definition import LOAD_GROUP, TagKind
from monitoring.models import Tag, Vessel, VesselTag

WORDS = re.compile("[A-Z]+(?![a-z])|[A-Z]?[a-z]+")  # of a part in camel case
PARTS = re.compile("[^A-Za-z0-9]+")  # between parts of a name
SETPOINT_PARTS = frozenset({"sp", "set", "setpoint", "target"})
OUTPUT_PARTS = frozenset({"out", "output", "cv", "op"})
# A word counts more than a unit, which many roles share.
WORD_POINTS, UNIT_POINTS = 2, 1
SPECIAL = frozenset({"jacket_temperature"})  # goes before a role whose words its names have, too


@dataclass(frozen=True, slots=True)
class RoleGuess:
    """The role and function that a tag would be bound with."""

    tag: str
    role: str
    function: str


@dataclass(frozen=True, slots=True)
class VesselOfGroup:
    """A vessel to make of a group. ``problem`` is the reason why none is made (empty: no problem)."""

    group: str
    name: str
    tags: tuple[RoleGuess, ...]
    problem: str = ""


def preview_of_groups(groups: Iterable[str] | None = None) -> list[VesselOfGroup]:
    """Return the vessels that ``make_of_groups`` would make now, by group (None: of all groups)."""
    tags = Tag.objects.filter(active=True).exclude(group__in=("", LOAD_GROUP)).order_by("group", "name")
    by_group: dict[str, list[Tag]] = {}
    for tag in tags if groups is None else tags.filter(group__in=list(groups)):
        by_group.setdefault(tag.group, []).append(tag)
    found: list[VesselOfGroup] = []
    for group, members in by_group.items():
        found.append(vessel_of(group, members, {vessel.name for vessel in found if not vessel.problem}))
    return found


def vessel_of(group: str, tags: Sequence[Tag], names: set[str]) -> VesselOfGroup:
    """Return the vessel of a group; ``names`` are those of the vessels to make before."""
    name = slug_of(group)
    guesses = tuple(guess_roles(tags))
    bound = VesselTag.objects.filter(tag__in=tags).select_related("tag", "vessel").first()
    problem = ""
    if not name:
        problem = "the group's name has no Latin letter: make the vessel by hand"
    elif name in names or is_taken(name):
        problem = f"there is a vessel {name} already"
    elif bound is not None:
        problem = f"tag {bound.tag.name} is bound to vessel {bound.vessel.name} already"
    return VesselOfGroup(group, name, guesses, problem)


def is_taken(name: str) -> bool:
    """Return whether a vessel has or had the name."""
    return (
        Vessel.objects.filter(name=name).exists() or Vessel.objects.filter(former_names__name=name).exists()
    )


def make_of_groups(groups: Iterable[str] | None = None, *, actor: Actor) -> list[VesselOfGroup]:
    """Make a vessel of each group that has none yet, all or nothing; return also those with a problem.

    Raises:
        BatchConflictError, BatchInputError: a vessel was made or a tag bound at once.
    """
    with naming():  # before the tags are locked, as others lock a vessel before a tag
        found = preview_of_groups(groups)
        for wanted in found:
            if not wanted.problem:
                make_one(wanted, actor)
    return found


def make_one(wanted: VesselOfGroup, actor: Actor) -> None:
    """Make one vessel and bind the tags."""
    make_vessel(wanted.name, title=wanted.group, actor=actor)
    for guess in wanted.tags:
        bind(wanted.name, guess.tag, guess.role, guess.function, actor=actor)


def slug_of(group: str) -> str:
    """Return the name of the vessel of a group: letters, digits, '-', '_' and '.'; empty if impossible."""
    text = re.sub(r"[^A-Za-z0-9_.-]+", "-", group.strip().lower()).strip("-.")
    return re.sub(r"\A[^a-z]+", "", text)[:64].rstrip("-.")


def guess_roles(tags: Sequence[Tag]) -> list[RoleGuess]:
    """Return a guess for each tag; a role and function goes to the best tag, others become "other"."""
    scored = [(*best_role(tag), function_of(tag), tag.name) for tag in tags]
    taken: dict[tuple[str, str], str] = {}
    for points, role, function, name in sorted(scored, key=lambda each: (-each[0], len(each[3]), each[3])):
        if points:
            taken.setdefault((role, function), name)
    return [
        RoleGuess(name, role if taken.get((role, function)) == name else OTHER, function)
        for _, role, function, name in scored
    ]


def best_role(tag: Tag) -> tuple[int, str]:
    """Return the most plausible role of a tag with the points; (0, "other") if none is."""
    words, unit = words_of(f"{tag.name} {tag.display_name}"), plain(tag.unit)
    scored = [(points_of(role, words, unit), role.name) for role in ROLES.values() if role.name != OTHER]
    points, name = max(scored, key=lambda each: each[0])
    return (points, name) if points else (0, OTHER)


def points_of(role: Role, words: set[str], unit: str) -> int:
    """Return the points of a role: 0 without one of the words, or with a unit of other roles."""
    is_unit = unit in map(plain, role.units)
    if not words & set(role.words) or (unit and not is_unit):
        return 0
    return WORD_POINTS + UNIT_POINTS * is_unit + (role.name in SPECIAL)


def plain(unit: str) -> str:
    """Return a unit without spaces, in lower case."""
    return unit.replace(" ", "").lower()


def function_of(tag: Tag) -> str:
    """Return the function of a tag, by the kind or by the last part of the name."""
    last = PARTS.split(tag.name)[-1].lower()
    if tag.kind == TagKind.SETPOINT or last in SETPOINT_PARTS:
        return "setpoint"
    return "output" if last in OUTPUT_PARTS else "measured"


def words_of(text: str) -> set[str]:
    """Return the words of a name, in lower case: "R1.jacketTemp_sp" has r1, jacket, temp and sp."""
    parts = PARTS.split(text)
    return {word.lower() for part in parts for word in (part, *WORDS.findall(part)) if word}
