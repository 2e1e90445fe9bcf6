"""A protocol of tests: the source's field ``does`` names the behaviour of its driver and of its peer."""

from collections.abc import Mapping

from monitoring.sources.kind import Field, SourceKind


def no_errors(fields: Mapping[str, object]) -> dict[str, str]:
    """Accept every form."""
    return {}


KIND = SourceKind(
    name="fake",
    label="Fake",
    package="tests.sources.fake",
    fields=(Field("does", "Does"),),
    check=no_errors,
    check_mapping=no_errors,
    can_listen=True,
)
LACKING = SourceKind(
    name="lacking",
    label="Lacking",
    package="tests.sources.fake",
    fields=(),
    check=no_errors,
    check_mapping=no_errors,
    libraries={"no_such_module": "no-such-package==1.0"},
)
PUSHED = SourceKind(
    name="pushed",
    label="Pushed",
    package="tests.sources.fake",
    fields=(),
    check=no_errors,
    check_mapping=no_errors,
    is_collected=False,
)
