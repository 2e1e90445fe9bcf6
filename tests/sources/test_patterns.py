"""Patterns of topics: matching, filters, names of tags, overlap."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.models.tag import TAG_NAME
from monitoring.sources.config import MappingRule
from monitoring.sources.patterns import (
    LONGEST_TAG,
    address_problem,
    expand,
    fewest_filters,
    filter_covers,
    filters_meet,
    find_overlap,
    fit_name,
    overlaps,
    parse_pattern,
    split_address,
    tag_problem,
)

PIOREACTOR = "pioreactor/{unit}/{experiment}/{job}/{name}"
LEVELS = st.text("ab$", min_size=0, max_size=2)
TOPICS = st.lists(LEVELS, min_size=1, max_size=4).map("/".join).filter(bool)
FILTER_LEVELS = st.one_of(LEVELS, st.just("+"))
FILTERS = st.builds(
    lambda levels, is_open: "/".join(levels + ["#"] * is_open),
    st.lists(FILTER_LEVELS, min_size=0, max_size=4),
    st.booleans(),
).filter(bool)


def rule(address: str, tag: str, pointer: str = "") -> MappingRule:
    return MappingRule(address, tag, pointer)


def test_a_topic_gives_tag_and_filter():
    pattern = parse_pattern(PIOREACTOR)
    parts = pattern.parts_of("pioreactor/pio01/Exp 7/stirring/target_rpm")
    assert expand("{unit}.{name}", parts) == "pio01.target_rpm"
    assert pattern.filter == "pioreactor/+/+/+/+"
    assert not pattern.is_exact
    assert pattern.parts_of("pioreactor/pio01/Exp 7/stirring") is None
    assert pattern.parts_of("pioreactor//e/j/n") is None


def test_parts_of_levels_and_wildcards():
    assert parse_pattern("a/{x}-{y}/z").parts_of("a/1-2-3/z") == {"x": "1", "y": "2-3"}
    assert parse_pattern("a/{x}-{y}/z").filter == "a/+/z"
    assert parse_pattern("a/+/{x}").parts_of("a//b") == {"x": "b"}
    assert parse_pattern("a/{x}/#").parts_of("a/b") == {"x": "b"}
    assert parse_pattern("a/{x}/#").parts_of("a/b/c/d") == {"x": "b"}
    assert parse_pattern("#").parts_of("$SYS/broker") is None
    assert parse_pattern("{x}/broker").parts_of("$SYS/broker") is None


@pytest.mark.parametrize(
    ("address", "word"),
    [
        ("", "1 to 500"),
        ("a/#/b", "end only"),
        ("a/b#", "whole levels"),
        ("a/x+/b", "whole levels"),
        ("a/{x}{y}", "a character is needed"),
        ("a/{x}/{x}", "a name of its own"),
        ("a/{x y}", "letters, digits"),
        ("a/{x", "letters, digits"),
    ],
)
def test_a_bad_pattern_is_named(address, word):
    assert word in address_problem(address)


def test_a_bad_tag_is_named():
    assert tag_problem("{x}.temp", ["x"]) == ""
    assert tag_problem("{unit}.temp", ["x", "y"]) == "The address has no part {unit}. Its parts: {x}, {y}."
    assert tag_problem("{x}.temp") == "The address has no part {x}. Its parts: none."
    assert "letter" in tag_problem("9{x}", ["x"])
    assert "64" in tag_problem("t" * 65)


def test_a_name_is_made_fit():
    assert fit_name("Müller 2°C") == "Muller_2_C"
    assert fit_name("1.od") == "t1.od"
    assert fit_name("") == "t"
    assert expand("{x}", {"x": "v1.2"}) == "v1_2"


@given(st.text(max_size=200))
def test_every_text_becomes_a_name(text):
    name = fit_name(text)
    TAG_NAME(name)
    assert len(name) <= LONGEST_TAG


def test_long_names_stay_different():
    assert fit_name("a" * 70 + "1") != fit_name("a" * 70 + "2")


def test_an_address_may_end_with_the_pointer():
    assert split_address(rule("a/b#/x/y", "t")) == ("a/b", "/x/y")
    assert split_address(rule("a/b", "t", "/x")) == ("a/b", "/x")
    assert split_address(rule("a/#", "t")) == ("a/#", "")
    assert split_address(rule("a/#/b", "t")) == ("a/#/b", "")
    assert parse_pattern("a/b").is_exact
    assert not parse_pattern("a/+").is_exact


@pytest.mark.parametrize(
    ("first", "second", "is_overlap"),
    [
        (rule("a", "t"), rule("b", "t"), True),
        (rule("a", "t"), rule("b", "u"), False),
        (rule("a", "t", "/x"), rule("a", "t", "/y"), True),
        (rule("a", "t", "/x"), rule("a#/y", "t"), True),
        (rule("a/{u}", "{u}.t"), rule("b/{u}", "{u}.t"), True),
        (rule("a/{u}", "{u}.t"), rule("b/{u}", "{u}.s"), False),
        (rule("a/{u}/{n}", "{u}.{n}"), rule("b/{u}/{n}", "b.{u}.{n}"), False),
        (rule("a/{u}", "{u}"), rule("b/{u}", "{u}"), True),
        (rule("a/{u}", "{u}.{u}"), rule("a/x", "x.x"), False),
        # An exception of a wider rule for its own topics.
        (rule("a/{u}/od", "{u}.od", "/od"), rule("a/{u}/{n}", "{u}.{n}"), False),
        (rule("a/{u}/foo", "{u}.bar"), rule("a/{u}/{n}", "{u}.{n}"), True),
        (rule("p/{u}/+/growth/rate", "{u}.rate"), rule("p/{u}/{e}/{j}/{n}", "{u}.{n}"), False),
        (rule("a/b/x", "t"), rule("a/+/x", "t"), True),
        (rule("a/b/c", "b.c"), rule("z/{u}/{n}", "{u}.{n}"), True),
    ],
)
def test_two_addresses_of_one_tag(first, second, is_overlap):
    assert overlaps(first, second) is is_overlap
    assert overlaps(second, first) is is_overlap
    assert (find_overlap(first, [first, second]) == second) is is_overlap


@given(FILTERS, FILTERS, TOPICS)
def test_filters(first, second, topic):
    """By the patterns that stand for the filters, which are tested above."""
    in_first = parse_pattern(first).parts_of(topic) is not None
    in_second = parse_pattern(second).parts_of(topic) is not None
    if in_first and in_second:
        assert filters_meet(first, second)
    if in_second and not in_first:
        assert not filter_covers(first, second)
        assert second in fewest_filters([first, second])


@given(st.lists(FILTERS, max_size=5), TOPICS)
def test_fewer_filters_receive_the_same(filters, topic):
    def receives(each: list[str]) -> bool:
        return any(parse_pattern(text).parts_of(topic) is not None for text in each)

    assert receives(fewest_filters(filters)) == receives(filters)


def test_the_fewest_filters():
    assert fewest_filters(["a/+", "a/b", "a/#", "b", "b"]) == ["a/#", "b"]
    assert filter_covers("a/#", "a")
    assert not filter_covers("#", "$SYS/x")
    assert not filters_meet("sens/#", "sensor")
