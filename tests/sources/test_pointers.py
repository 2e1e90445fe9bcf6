"""JSON pointers."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.sources.pointers import MISSING, find, leaves, parse_pointer, pointer_text

# The document and the pointers of RFC 6901, section 5.
DOCUMENT = orjson.loads(
    rb'{"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5, "k\"l": 6,'
    rb' " ": 7, "m~n": 8}'
)
POINTERS = {
    "/foo/0": "bar",
    "/": 0,
    "/a~1b": 1,
    "/c%d": 2,
    "/e^f": 3,
    "/g|h": 4,
    "/i\\j": 5,
    '/k"l': 6,
    "/ ": 7,
    "/m~0n": 8,
}
DOCUMENTS = st.recursive(
    st.integers() | st.text(max_size=3),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text("ab~/0", max_size=2), each, max_size=3),
    max_leaves=10,
)


@pytest.mark.parametrize(("pointer", "value"), POINTERS.items())
def test_the_examples_of_the_standard(pointer, value):
    assert find(DOCUMENT, parse_pointer(pointer)) == value
    assert pointer_text(parse_pointer(pointer)) == pointer


def test_the_whole_document():
    assert find(DOCUMENT, parse_pointer("")) is DOCUMENT


@pytest.mark.parametrize(
    "pointer", ["/foo/2", "/foo/-", "/foo/01", "/foo/x", "/foo/" + "9" * 5000, "/x", "/ /y"]
)
def test_a_pointer_that_leads_nowhere(pointer):
    assert find(DOCUMENT, parse_pointer(pointer)) is MISSING


@pytest.mark.parametrize("pointer", ["foo", "/a~2b", "/a~", "/x" * 65])
def test_a_bad_pointer_is_refused(pointer):
    with pytest.raises(ValueError, match="JSON pointer"):
        parse_pointer(pointer)


@given(DOCUMENTS)
def test_each_leaf_is_found_by_its_pointer(document):
    for tokens, value in leaves(document, 100):
        assert find(document, parse_pointer(pointer_text(tokens))) == value


def test_depth_costs_no_recursion():
    document: list[Any] = []
    deep = document
    for _ in range(100_000):
        deep.append([])
        deep = deep[0]
    assert list(leaves(document, 10)) == []
    while document:  # taken apart by hand: freeing it would recurse
        document = document.pop()


def test_leaves_are_few():
    assert len(list(leaves(list(range(100)), 7))) == 7
