"""The grammar of line protocol: what is written is read again, and a bad line costs no other."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.sources.line_protocol import grammar
from monitoring.sources.line_protocol.grammar import (
    LineError,
    Parsed,
    Series,
    Value,
    escaped_key,
    escaped_string,
    read_address,
    series_of,
)

NOW_US = 1_800_000_000_000_000


def parse(text: str, precision: str, *, now_us: int, size: int = 3) -> Parsed:
    """All parts of a body as one."""
    parts = list(grammar.parse(text, precision, now_us=now_us, size=size))
    lines = [line for part in parts for line in part.lines]
    return Parsed(lines, [fault for part in parts for fault in part.faults])


# Line protocol has no way to write a backslash before a separator, nor a line break outside of strings.
NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"], exclude_characters='\\"#'),
    min_size=1,
    max_size=20,
).filter(lambda name: not name.isspace() and name == name.strip())
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
WHOLE = st.integers(-(2**63), 2**63 - 1)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=30)


@st.composite
def values(draw: st.DrawFn) -> tuple[str, Value]:
    """A value as written, and as read."""
    kind = draw(st.sampled_from(["float", "int", "uint", "bool", "text"]))
    if kind == "float":
        number = draw(NUMBERS)
        return draw(st.sampled_from([repr(number), f"{number:.17e}", f"{number:.17E}"])), number
    if kind in ("int", "uint"):
        whole = draw(WHOLE) if kind == "int" else draw(st.integers(0, 2**64 - 1))
        return f"{whole}{kind[0]}", float(whole)
    if kind == "bool":
        truth = draw(st.booleans())
        words = ["t", "T", "true", "True", "TRUE"] if truth else ["f", "F", "false", "False", "FALSE"]
        return draw(st.sampled_from(words)), truth
    text = draw(TEXTS)
    return escaped_string(text), text


@st.composite
def lines(draw: st.DrawFn) -> tuple[str, Series, list[tuple[str, Value]], int | None]:
    """A line as written; its series, fields and time as read."""
    tags = draw(st.dictionaries(NAMES, NAMES, max_size=3))
    name = draw(NAMES)
    head = ",".join(
        [
            escaped_key(name).replace("\\=", "="),
            *(f"{escaped_key(k)}={escaped_key(v)}" for k, v in tags.items()),
        ]
    )
    fields = draw(st.lists(st.tuples(NAMES, values()), min_size=1, max_size=4))
    text = ",".join(f"{escaped_key(field)}={written}" for field, (written, _) in fields)
    stamp = draw(st.none() | st.integers(10**15, 2 * 10**15))
    end = "" if stamp is None else f" {stamp * 1000 + 7}"
    return (
        f"{head} {text}{end}",
        Series(name, tuple(sorted(tags.items()))),
        [(field, value) for field, (_, value) in fields],
        stamp,
    )


@given(st.lists(lines(), max_size=4), st.sampled_from(["\n", "\r\n", "\n\n", '\n# a "comment\n']))
def test_what_is_written_is_read_again(
    written: list[tuple[str, Series, list[tuple[str, Value]], int | None]], between: str
) -> None:
    found = parse(between.join(each[0] for each in written), "ns", now_us=NOW_US)
    assert found.faults == []
    read = [(series_of(line.series), list(line.fields), line.time_us) for line in found.lines]
    assert read == [each[1:] for each in written]


@given(NAMES, st.dictionaries(NAMES, NAMES, max_size=3), NAMES)
def test_an_address_names_one_field(name: str, tags: dict[str, str], field: str) -> None:
    series = Series(name, tuple(sorted(tags.items())))
    assert read_address(series.address(field)) == (series, field)


@given(st.text(st.sampled_from('ab,= \\"\n\r\t#1i.-e'), max_size=60))
def test_any_text_is_lines_and_faults_and_quotes_change_no_line_without_them(text: str) -> None:
    found = parse(text, "ns", now_us=NOW_US)
    numbers = sorted([line.number for line in found.lines] + [fault.number for fault in found.faults])
    assert numbers == sorted(set(numbers))
    for fault in found.faults:
        assert fault.message
    if '"' not in text and "\\" not in text and "\t" not in text and "\r" not in text:
        tail = parse(f'{text}\nzz z="quoted"', "ns", now_us=NOW_US)  # goes the other way
        assert tail.lines[:-1] == found.lines
        assert [fault.number for fault in tail.faults] == [fault.number for fault in found.faults]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("m", "missing fields"),
        ("m,a=b", "missing fields"),
        (",a=b x=1", "missing measurement"),
        ("m,a x=1", "bad tag 'a'"),
        ("m,a= x=1", "bad tag 'a='"),
        ("m,=b x=1", "bad tag '=b'"),
        ("m,a=1,a=2 x=1", "tag 'a' occurs twice"),
        ("m x", "bad field 'x'"),
        ("m x=", "field 'x': expected a number"),
        ("m =1", "bad field '=1'"),
        ("m x=1,", "bad field ''"),
        ('m x="a",', "bad field ''"),
        ("m x=nan", "got 'nan'"),
        ("m x=inf", "got 'inf'"),
        ("m x=1_0", "got '1_0'"),
        ("m x=1e999", "out of range"),
        ("m x=9223372036854775808i", "out of range"),
        ("m x=18446744073709551616u", "out of range"),
        ("m x=-1u", "got '-1u'"),
        ("m x=tRUE", "got 'tRUE'"),
        ("m x='text'", "got \"'text'\""),
        ('m x="open', "expected measurement,tag=value field=1.5 timestamp"),
        ("m x=1 now", "bad timestamp 'now'"),
        ("m x=1 1.5", "bad timestamp '1.5'"),
        ("m x=1 1 1", "expected measurement"),
        ("m x=1 " + "9" * 5000, "expected measurement"),
        (f"{'m' * 401} x=1", "401 characters; expected at most 400"),
        (f"m {'x' * 100}=1", "more than 99 characters"),
        (f'm {"x" * 100}="a"', "more than 99 characters"),
    ],
)
def test_a_bad_line_costs_no_other(line: str, expected: str) -> None:
    found = parse(f"a b=1\n{line}\nc d=2\n", "ns", now_us=NOW_US)
    assert [each.series for each in found.lines] == ["a", "c"]
    (fault,) = found.faults
    assert (fault.number, fault.text) == (2, line[:200])
    assert expected in fault.message


@pytest.mark.parametrize(
    ("precision", "stamp", "time_us"),
    [
        ("ns", 1_700_000_000_123_456_789, 1_700_000_000_123_456),
        ("u", 1_700_000_000_123_456, 1_700_000_000_123_456),
        ("µ", 1_700_000_000_123_456, 1_700_000_000_123_456),
        ("ms", 1_700_000_000_123, 1_700_000_000_123_000),
        ("s", 1_700_000_000, 1_700_000_000_000_000),
        ("m", 28_333_333, 1_699_999_980_000_000),
        ("h", 472_222, 1_699_999_200_000_000),
        ("s", -86_400, -86_400_000_000),
    ],
)
def test_times_become_microseconds(precision: str, stamp: int, time_us: int) -> None:
    assert parse(f"m x=1 {stamp}", precision, now_us=NOW_US).lines[0].time_us == time_us


@pytest.mark.parametrize("sent", ["s", "ms", "us"])
@pytest.mark.parametrize("taken", ["ns", "us", "ms", "s"])
def test_a_wrong_precision_is_named(sent: str, taken: str) -> None:
    stamp = {"s": 1_700_000_000, "ms": 1_700_000_000_000, "us": 1_700_000_000_000_000}[sent]
    found = parse(f"m x=1 {stamp}", taken, now_us=NOW_US)
    if sent == taken:
        assert not found.faults
    else:
        assert (
            f"at precision={sent} the time is 2023-11-14 22:13:20: send precision={sent}"
            in found.faults[0].message
        )


def test_no_timestamp_of_1970_is_taken() -> None:
    assert "lies in 1970" in parse("m x=1 0", "ns", now_us=NOW_US).faults[0].message
    assert "send the precision of your timestamps" in parse("m x=1 0", "ns", now_us=NOW_US).faults[0].message


def test_a_large_body_comes_in_parts() -> None:
    parts = list(grammar.parse("m a=1,b=2\n\nbad\n" * 10, "ns", now_us=NOW_US, size=6))
    assert [(len(part.lines), len(part.faults)) for part in parts] == [(2, 2)] * 5
    assert parts[-1].lines[-1].number == 28
    (fault,) = parse("m " + ",".join(["x=1"] * 1001), "ns", now_us=NOW_US).faults
    assert fault.message == "more than 1000 fields in one line"


@pytest.mark.parametrize("address", ["m", "m x y", "m,b=1,a=2 x", "m,a x", " x", "m "])
def test_other_texts_are_no_addresses(address: str) -> None:
    with pytest.raises(LineError):
        read_address(address)


@pytest.mark.parametrize(
    "text",
    [
        "\t" * 60_000,
        "m" * 60_000,
        'm x="\\"' * 10_000,
        'm x="a\n' * 10_000,
        "m " * 30_000,
        "m" + " " * 60_000,
        "\\ " * 30_000,
    ],
)
def test_a_hostile_body_takes_linear_time(text: str) -> None:
    began = time.process_time()
    parse(f'{text}\nm x="a"', "ns", now_us=NOW_US)
    assert time.process_time() - began < 2.0
