"""GET /alarms/advice: fewer nuisance alarms on the stored past, and none missed."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from time_machine import TimeMachineFixture

from monitoring.alarms import advice_reading
from monitoring.alarms.advice_turn import advice_turn
from monitoring.ingest.pipeline import ingest_readings
from tests.alarms.test_reading import define

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LENGTH_S = 1_200

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def past(time_machine: TimeMachineFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty minutes: four spikes of 3 s and, long after them, two minutes above the limit."""
    monkeypatch.setattr(advice_reading, "PAGE", 400)
    time_machine.move_to(NOON, tick=False)
    high = {*range(1000, 1120), *(begin + second for begin in (60, 160, 260, 360) for second in range(3))}
    ingest_readings(
        [
            {
                "timestamp": (NOON - timedelta(seconds=LENGTH_S - second)).isoformat(),
                "tag": "fermenter_temp",
                "value": 46.0 if second in high else 40.0 + second % 2 / 10,
            }
            for second in range(LENGTH_S)
        ]
    )


def test_a_longer_delay_leaves_the_real_one(client: Client) -> None:
    high = define("fermenter_temp", "H", setpoint=45, deadband=0.2, on_delay_s=1)
    define("fermenter_temp", "L", setpoint=35, is_enabled=False)
    (found,) = client.get("/alarms/advice?tag=fermenter_temp&days=1").json()
    assert (found["alarm"], found["readings"], found["excursions"], found["real"]) == (
        *(high.pk, LENGTH_S),
        *(5, 1),
    )
    assert (found["from"], found["to"]) == ("2026-03-01T11:40:00Z", "2026-03-01T11:59:59Z")
    assert (found["present"]["alarms"], found["present"]["nuisance"]) == (5, 4)
    proposed = found["proposed"]
    assert (proposed["alarms"], proposed["nuisance"], proposed["real"]) == (1, 0, 1)
    assert proposed["on_delay_s"] >= 3
    assert found["curve"][0] == {"on_delay_s": 0.0, "alarms": 5}


def test_without_readings_or_alarms_there_is_nothing_to_advise_on(client: Client) -> None:
    assert client.get("/alarms/advice?tag=fermenter_temp").json() == []
    define("fermenter_ph", "H", setpoint=8)
    assert client.get("/alarms/advice?tag=fermenter_ph").json() == []


def test_of_too_many_readings_the_newest_count(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    define("fermenter_temp", "H", setpoint=45, deadband=0.2, on_delay_s=1)
    (whole,) = client.get("/alarms/advice?tag=fermenter_temp").json()
    monkeypatch.setattr(advice_reading, "MOST_READINGS", 900)
    (found,) = client.get("/alarms/advice?tag=fermenter_temp").json()
    assert (whole["readings"], whole["is_truncated"]) == (LENGTH_S, False)
    assert (found["readings"], found["is_truncated"], found["excursions"]) == (900, True, 2)
    assert (found["from"], found["to"]) == ("2026-03-01T11:45:00Z", "2026-03-01T11:59:59Z")
    page = client.get("/alarms/advisor?tag=fermenter_temp&kind=H", headers={"Accept": "text/html"})
    assert "(the newest; older ones are left out)" in page.content.decode()


def test_a_process_works_out_one_advice_at_a_time(client: Client) -> None:
    define("fermenter_temp", "H", setpoint=45, deadband=0.2, on_delay_s=1)
    addresses = ("/alarms/advice?tag=fermenter_temp", "/alarms/advisor?tag=fermenter_temp&kind=H")
    with advice_turn():
        answers = [client.get(address) for address in addresses]
    for answer in answers:
        assert (answer.status_code, answer["Retry-After"]) == (503, "5")
        assert "Another advice is being worked out; try again" in answer.content.decode()
    assert [client.get(address).status_code for address in addresses] == [200, 200]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "tag: missing"),
        ("tag=no_such", "tag: unknown tag"),
        ("tag=fermenter_ph&days=8", "days: expected a whole number from 1 to 7"),
    ],
)
def test_what_is_wrong_with_a_parameter_is_told(client: Client, query: str, words: str) -> None:
    answer = client.get(f"/alarms/advice?{query}")
    assert (answer.status_code, answer.json()["detail"][: len(words)]) == (400, words)
