"""Every state with every act, as the table of ISA-18.2 has them."""

import pytest

from monitoring.alarms.state_machine import (
    Act,
    NotAllowedError,
    Rules,
    State,
    Status,
    Suppression,
    state_of,
    transition,
)

STATUSES = {
    State.NORMAL: Status(),
    State.UNACKNOWLEDGED: Status(is_active=True, is_acknowledged=False),
    State.ACKNOWLEDGED: Status(is_active=True),
    State.RETURNED: Status(is_acknowledged=False),
    State.LATCHED_UNACKNOWLEDGED: Status(is_acknowledged=False, is_latched=True),
    State.LATCHED_ACKNOWLEDGED: Status(is_latched=True),
    State.SHELVED: Status(suppression=Suppression.SHELVED),
    State.SUPPRESSED: Status(suppression=Suppression.BY_DESIGN),
    State.OUT_OF_SERVICE: Status(suppression=Suppression.OUT_OF_SERVICE),
}
# The state after an act; * annunciates, 409 is not allowed, - changes nothing.
ACTS = (
    *(Act.ACTIVE, Act.RETURN, Act.ACKNOWLEDGE, Act.RESET, Act.SHELVE),
    *(Act.SUPPRESS, Act.TAKE_OUT, Act.RELEASE, Act.REALARM, Act.DISABLE),
)
TABLE = """
NORM   UNACK* -     409   409  SHLVD DSUPR OOSRV 409  -      -
UNACK  -      RTNUN ACKED 409  SHLVD DSUPR OOSRV 409  -      NORM
ACKED  -      NORM  -     409  SHLVD DSUPR OOSRV 409  UNACK* NORM
RTNUN  UNACK* -     NORM  409  SHLVD DSUPR OOSRV 409  -      NORM
LTUNA  UNACK* -     LTACK 409  SHLVD DSUPR OOSRV 409  -      NORM
LTACK  UNACK* -     -     NORM SHLVD DSUPR OOSRV 409  -      NORM
SHLVD  SHLVD  -     409   409  SHLVD DSUPR OOSRV NORM -      NORM
DSUPR  DSUPR  -     409   409  409   -     OOSRV NORM -      NORM
OOSRV  OOSRV  -     409   409  409   409   409   NORM -      NORM
"""
CELLS = [
    (State(row.split()[0]), act, cell)
    for row in TABLE.strip().splitlines()
    for act, cell in zip(ACTS, row.split()[1:], strict=True)
]


@pytest.mark.parametrize(("state", "act", "cell"), CELLS, ids=lambda each: str(each))
def test_each_state_and_act(state: State, act: Act, cell: str) -> None:
    if cell == "409":
        with pytest.raises(NotAllowedError, match=r"\w{4,}.*\."):
            transition(STATUSES[state], act, Rules())
        return
    found = transition(STATUSES[state], act, Rules())
    if cell == "-":
        assert found.status == STATUSES[state]
        assert (found.is_recorded, found.annunciates) == (False, False)
        return
    assert state_of(found.status) == cell.removesuffix("*")
    assert found.annunciates == cell.endswith("*")
    assert found.is_recorded


def test_the_table_is_complete() -> None:
    assert len(CELLS) == len(State) * len(Act)
    assert {state: state_of(status) for state, status in STATUSES.items()} == {each: each for each in State}


@pytest.mark.parametrize(
    ("before", "after"),
    [(State.UNACKNOWLEDGED, State.LATCHED_UNACKNOWLEDGED), (State.ACKNOWLEDGED, State.LATCHED_ACKNOWLEDGED)],
)
def test_a_latching_alarm_stays_after_its_return(before: State, after: State) -> None:
    found = transition(STATUSES[before], Act.RETURN, Rules(is_latching=True))
    assert state_of(found.status) == after


def test_without_acknowledgement_an_alarm_counts_as_seen() -> None:
    found = transition(Status(), Act.ACTIVE, Rules(needs_acknowledgement=False))
    assert state_of(found.status) == State.ACKNOWLEDGED
    assert found.annunciates


@pytest.mark.parametrize("suppression", [each for each in Suppression if each])
def test_what_is_still_active_when_a_suppression_ends_annunciates(suppression: Suppression) -> None:
    active = transition(Status(suppression=suppression), Act.ACTIVE, Rules())
    assert not active.annunciates
    released = transition(active.status, Act.RELEASE, Rules())
    assert (state_of(released.status), released.annunciates) == (State.UNACKNOWLEDGED, True)


def test_a_condition_that_ended_while_suppressed_is_normal_afterwards() -> None:
    active = transition(Status(suppression=Suppression.SHELVED), Act.ACTIVE, Rules())
    ended = transition(active.status, Act.RETURN, Rules())
    assert (state_of(ended.status), ended.is_recorded) == (State.SHELVED, True)
    assert state_of(transition(ended.status, Act.RELEASE, Rules()).status) == State.NORMAL


def test_a_one_shot_shelf_ends_with_the_condition() -> None:
    shelved = transition(STATUSES[State.ACKNOWLEDGED], Act.SHELVE, Rules(), is_one_shot=True)
    assert state_of(shelved.status) == State.SHELVED
    assert transition(shelved.status, Act.RETURN, Rules()).status == Status()


def test_what_was_returned_counts_as_seen_once_it_is_shelved() -> None:
    shelved = transition(STATUSES[State.RETURNED], Act.SHELVE, Rules())
    assert transition(shelved.status, Act.RELEASE, Rules()).status == Status()
