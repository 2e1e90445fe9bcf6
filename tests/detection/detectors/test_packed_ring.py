"""The packed ring holds what a plain ring holds, also after a restart at any value."""

from array import array

from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.detection.detectors.packed_ring import CHUNK, PackedRing

SIZE = 3 * CHUNK


@settings(max_examples=40)
@given(
    st.integers(0, 3 * SIZE),
    st.lists(st.integers(0, 2 * SIZE), max_size=3),
    st.sampled_from([0, CHUNK - 1, CHUNK, SIZE - 1, SIZE, SIZE + CHUNK]),
)
def test_it_holds_the_last_values_and_gives_back_the_oldest(
    count: int, restarts: list[int], one: int
) -> None:
    ring, plain, index = PackedRing(SIZE), list[float](), 0
    for number in range(count):
        if number in (*restarts, one):
            ring = restored(ring)
        value = number % 37 / 8
        if len(plain) < SIZE:
            ring.append(value)
            plain.append(value)
        else:
            assert ring.replace(value) == plain[index]
            plain[index], index = value, (index + 1) % SIZE
    assert ring.values().tolist() == plain
    assert (len(ring), ring.index, ring.is_full) == (len(plain), index, len(plain) == SIZE)


@given(st.sampled_from([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, SIZE - 1, SIZE]))
def test_it_goes_on_from_values_in_one_piece(count: int) -> None:
    values = array("d", range(count))
    ring = PackedRing(SIZE)
    ring.restore(values.tobytes(), 0)
    if ring.is_full:
        assert ring.replace(-1.0) == 0.0
        values[0] = -1.0
    else:
        ring.append(-1.0)
        values.append(-1.0)
    assert ring.values() == values


def restored(ring: PackedRing) -> PackedRing:
    """Return a ring that goes on from the state of another one."""
    other = PackedRing(SIZE)
    other.restore(*ring.state())
    return other
