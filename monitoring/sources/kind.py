"""The description of a protocol: its form, its checks, its driver."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

UNUSED = "Leave this empty: this protocol does not use it."
TIMES = frozenset({"time_pointer", "time_format", "zone"})  # columns about times in payloads


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a source's form. A secret is write-only. ``choices`` are values with their labels.

    ``is_trust``: only an administrator changes it, since it decides where to connect, as whom, and which peer
    to trust.
    """

    name: str
    label: str
    help_text: str = ""
    default: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    is_secret: bool = False
    is_required: bool = True
    is_trust: bool = False
    lines: bool = False  # the text may have several lines, as a certificate has


@dataclass(frozen=True, slots=True)
class SourceKind:
    """A protocol. ``package`` is imported only where used: its ``libraries`` may be missing.

    ``check`` returns the error of each field of the form; ``check_mapping`` those of a mapping's fields
    (``address``, ``value_pointer``, ``time_pointer``, ``time_format``, ``options``) but ``unused`` ones.
    Neither resolves a name nor imports a library of the protocol. ``options`` are the fields of a mapping's
    options.
    """

    name: str
    label: str
    package: str
    fields: tuple[Field, ...]
    check: Callable[[Mapping[str, str]], dict[str, str]]
    check_mapping: Callable[[Mapping[str, object]], dict[str, str]]
    options: tuple[Field, ...] = ()
    libraries: Mapping[str, str] = field(default_factory=dict)  # module to import, and its pinned requirement
    is_collected: bool = True  # by the collector; else its readings come by HTTP
    address_label: str = "Address"
    address_help: str = ""
    can_discover: bool = True
    parameters: tuple[Field, ...] = ()  # of discovery, as the registers to read
    can_listen: bool = False  # what arrives can be watched
    unused: frozenset[str] = frozenset()  # columns of a mapping that mean nothing here
    unused_at: Callable[[str], frozenset[str]] = lambda address: frozenset()  # those of some addresses alone
    has_patterns: bool = False  # addresses may be patterns: parts in braces, which the tag's name may contain

    def check_unused(self, mapping: Mapping[str, object]) -> dict[str, str]:
        """Return the error of each column of a mapping that is given and means nothing here."""
        unused = self.unused | self.unused_at(str(mapping.get("address", "")))
        return {name: UNUSED for name in sorted(unused) if mapping.get(name)}
