"""The sorted pieces hold what a sorted list holds."""

from bisect import insort

from hypothesis import given
from hypothesis import strategies as st

from monitoring.detection.detectors.sorted_values import SortedValues

few = st.integers(-20, 20).map(float)


@given(st.lists(st.one_of(few, st.floats(-1e6, 1e6)), min_size=1, max_size=1500), st.data())
def test_adding_and_removing_leave_what_a_list_has(values, data):
    split = data.draw(st.integers(0, len(values) - 1))
    ours, plain = SortedValues(values[:split]), sorted(values[:split])
    for value in values[split:]:
        ours.add(value, ours.find(value))
        insort(plain, value)
    for value in data.draw(st.lists(st.sampled_from(values), unique=True, max_size=len(values) - 1)):
        ours.remove(value)
        plain.remove(value)
    assert ours.values().tolist() == plain
    assert list(ours.tops) == [piece[-1] for piece in ours.pieces if piece]
    if plain:
        assert (ours.lowest, ours.highest) == (plain[0], plain[-1])


@given(st.lists(few, min_size=2, max_size=700, unique=False), few)
def test_the_nearest_value(values, value):
    ours = SortedValues(values)
    if min(values) < value <= max(values):
        assert ours.distance(value, ours.find(value)) == min(abs(value - other) for other in values)


def test_pieces_are_cut_in_two():
    ours = SortedValues()
    for number in range(2000):
        ours.add(float(number % 700), ours.find(float(number % 700)))
    assert max(map(len, ours.pieces)) <= 512
    assert ours.measure(1) == (0.0, 699.0, 699.0)


@given(st.integers(0, 1_000), st.integers(0, 8), st.booleans())
def test_the_bounds_are_those_of_the_values_however_the_pieces_were_cut(removed, edge, from_above):
    plain = [float(number) for number in range(1_010)]
    ours = SortedValues(plain)
    for _ in range(removed):
        ours.remove(plain.pop(-1 if from_above else 0))
    assert ours.measure(edge) == (plain[0], plain[-1], plain[-1 - edge] - plain[edge])


@given(st.lists(few, min_size=2, max_size=900), st.lists(few, max_size=40))
def test_bounds_that_are_kept_are_those_that_would_be_measured(values, more):
    ours = SortedValues(values)
    for value in more:
        ours.measure(1)
        ours.add(value, ours.find(value))
        kept = ours.bounds
        assert kept in (None, ours.measure(1))
        ours.remove(values.pop())
        values.append(value)
        kept = ours.bounds
        assert kept in (None, ours.measure(1))


def test_a_value_may_occur_more_often_than_a_byte_counts():
    ours = SortedValues([1.0] * 255 + [2.0] * 300)
    for _ in range(50):
        ours.add(1.0, ours.find(1.0))
    for _ in range(299):
        ours.remove(2.0)
    assert ours.values().tolist() == [1.0] * 305 + [2.0]
