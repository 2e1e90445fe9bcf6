"""Bodies in chunks: whatever the cuts, the content comes out; whatever is not exactly that is refused."""

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.operations.serving.chunked import LONGEST_LINE, MOST_TRAILERS, read_chunked
from monitoring.operations.serving.limits import RejectedRequestError


def encoded(pieces: list[bytes], trailers: bytes = b"") -> bytes:
    """The body as it goes over the wire."""
    return (
        b"".join(b"%X;name=value\r\n%b\r\n" % (len(each), each) for each in pieces)
        + b"0\r\n%b\r\n" % trailers
    )


@given(st.lists(st.binary(min_size=1)), st.binary())
def test_what_was_cut_up_comes_out_whole_and_what_follows_stays(pieces: list[bytes], follows: bytes) -> None:
    stream = BytesIO(encoded(pieces, b"X-Sum: 1\r\n") + follows)
    content = b"".join(pieces)
    assert read_chunked(stream, limit=10**6) == (content, len(content))
    assert stream.read() == follows


@given(st.lists(st.binary(min_size=1), min_size=1), st.data())
def test_a_body_that_breaks_off_is_never_taken_for_a_whole_one(
    pieces: list[bytes], data: st.DataObject
) -> None:
    wire = encoded(pieces)
    cut = data.draw(st.integers(0, len(wire) - 1))
    with pytest.raises(RejectedRequestError):
        read_chunked(BytesIO(wire[:cut]), limit=10**6)


@pytest.mark.parametrize(
    "wire",
    [
        b"zz\r\nabc\r\n0\r\n\r\n",
        b"-3\r\nabc\r\n0\r\n\r\n",
        b"+3\r\nabc\r\n0\r\n\r\n",
        b"0x3\r\nabc\r\n0\r\n\r\n",
        b" 3\r\nabc\r\n0\r\n\r\n",
        b"3\nabc\n0\n\n",
        b"3\r\nabcd\r\n0\r\n\r\n",
        b"3\r\nabcXX0\r\n\r\n",
        b"fffffffff\r\nabc",
        b"3;" + b"x" * LONGEST_LINE + b"\r\nabc\r\n0\r\n\r\n",
        b"0\r\n" + b"a: b\r\n" * MOST_TRAILERS + b"\r\n",
        b"0\r\na: b\n\r\n",
        b"",
    ],
)
def test_other_forms_are_refused(wire: bytes) -> None:
    with pytest.raises(RejectedRequestError) as refused:
        read_chunked(BytesIO(wire), limit=1000)
    assert refused.value.status == 400


def test_beyond_the_limit_nothing_is_read() -> None:
    stream = BytesIO(b"6\r\n123456\r\n5\r\n")
    assert read_chunked(stream, limit=10) == (b"", 11)
