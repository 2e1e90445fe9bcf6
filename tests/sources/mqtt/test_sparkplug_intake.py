"""Sparkplug messages as samples, qualities, gaps and points; without a broker."""

from dataclasses import replace
from itertools import count

import pytest
from pytest_django import Settings

from monitoring.models import Quality
from monitoring.sources.config import MappingRule, SourceConfig
from monitoring.sources.mqtt import sparkplug_births
from monitoring.sources.mqtt.intake import Intake
from monitoring.sources.mqtt.link import Message
from monitoring.sources.mqtt.router import Router
from monitoring.sources.mqtt.settings import settings_of
from monitoring.sources.mqtt.sparkplug_births import Births
from monitoring.sources.session import Malformed, Sample
from tests.sources.fake_session import FakeSession
from tests.sources.mqtt.conftest import config_of
from tests.sources.mqtt.sparkplug_messages import BOOLEAN, INT32, STRING, bd_seq, metric, payload

T_MS = 1_769_860_800_000
T_US = T_MS * 1000
RECEIVED_US = T_US + 500_000
IDS = count(1_000)


@pytest.fixture(autouse=True)
def data_dir(settings: Settings, tmp_path):
    """Keep births in a folder of the test's own."""
    settings.FERMON_DATA_DIR = tmp_path
    return tmp_path


def sparkplug_config(*rules: MappingRule, tags=None, **fields: str) -> SourceConfig:
    config = config_of(1883, tags=tags, template="sparkplug", **fields)
    return replace(config, rules=rules, id=next(IDS))


class Bench:
    """An intake of one connection, and what it has told its session."""

    def __init__(self, config: SourceConfig) -> None:
        self.session = FakeSession(config)
        self.intake = Intake(self.session, Router(config, settings_of(config)))
        self.items: list[Sample | Malformed] = []

    def take(self, kind: str, *metrics, seq=None, at_ms=T_MS, **more) -> None:
        self.take_raw(kind, payload(*metrics, seq=seq, timestamp=at_ms), **more)

    def take_raw(self, kind: str, data: bytes, *, is_retained=False, is_again=False) -> None:
        topic = f"spBv1.0/G/{kind}/E" + ("/D" if kind[0] == "D" else "")
        message = Message(topic, data, 0, 1, is_retained, is_again, RECEIVED_US)
        self.items += self.intake.items_of([message])

    def birth(self, *metrics, number=1) -> None:
        """Let the node and its device be born."""
        self.take("NBIRTH", bd_seq(number), metric("cpu", 3, INT32, alias=1), seq=0)
        self.take("DBIRTH", *metrics or [metric("T", 20.5, alias=2)], seq=1)

    @property
    def times(self) -> list[int | None]:
        return [item.time_us for item in self.items if isinstance(item, Sample)]

    @property
    def values(self) -> list[tuple[str, float]]:
        return [(item.tag, item.value) for item in self.items if isinstance(item, Sample)]

    @property
    def words(self) -> list[tuple[str, Quality | None, str]]:
        return [(tag, quality, word) for tag, quality, _, _, word in self.session.qualities]


@pytest.fixture
def bench() -> Bench:
    return Bench(sparkplug_config())


def test_data_by_alias_gets_name_and_type_of_the_birth(bench: Bench):
    bench.birth(metric("T", 20.5, alias=2), metric("n", -1, INT32, alias=3))
    bench.take("DDATA", metric(value=-7, datatype=INT32, has_type=False, alias=3), seq=2)
    bench.take("NDATA", metric(value=4, datatype=INT32, has_type=False, alias=1), seq=3)
    assert bench.values == [("E.cpu", 3), ("D.T", 20.5), ("D.n", -1), ("D.n", -7), ("E.cpu", 4)]
    assert bench.session.gaps == []
    assert bench.session.notices == {}


def test_times_are_those_of_metric_message_and_receipt_in_this_order(bench: Bench):
    bench.birth(metric("a", 1.0, timestamp=T_MS + 7), metric("b", 2.0), metric("c", 3.0))
    bench.take("DDATA", metric("c", 4.0), seq=2, at_ms=None)
    assert bench.times[1:] == [T_US + 7_000, T_US, T_US, RECEIVED_US]
    assert bench.intake.take_offset() == -500
    received = Bench(replace(sparkplug_config(), uses_receive_time=True))
    received.birth(metric("a", 1.0), metric("old", 2.0, is_historical=True, timestamp=T_MS - 60_000))
    assert received.times[1:] == [RECEIVED_US, T_US - 60_000_000]


def test_a_restart_knows_the_aliases_of_births_before(data_dir):
    config = sparkplug_config()
    Bench(config).birth()
    assert next(data_dir.iterdir()).stat().st_mode & 0o777 == 0o600
    again = Bench(config)
    again.take("DDATA", metric(value=21.0, has_type=False, alias=2), seq=2)
    assert again.values == [("D.T", 21.0)]


def test_a_damaged_file_of_births_is_as_none(data_dir):
    config = sparkplug_config()
    for text in ("{", '{"version": 1, "nodes": {"a": 1}}', '{"version": 2}', "[]", "\0"):
        (data_dir / f"sparkplug_births_{config.id}.json").write_text(text)
        assert Births(config.id).nodes == {}


def test_an_unknown_alias_opens_a_gap_until_the_birth():
    bench = Bench(sparkplug_config(MappingRule("spBv1.0/G/E/D#/T", "tank")))
    for place in range(2):
        bench.take("DDATA", metric(value=21.0, alias=2), seq=place)
    assert bench.values == []
    assert bench.session.gaps == [(T_US, None, "The birth of the metrics is missing.", ("tank",), 0)]
    assert "Node Control/Rebirth" in bench.session.notices["sparkplug_births"]
    bench.take("NBIRTH", bd_seq(2), seq=0, at_ms=T_MS + 1000)
    bench.take("DBIRTH", metric("T", 22.0, alias=2), seq=1, at_ms=T_MS + 2000)
    assert bench.session.gaps[-1][:2] == (T_US, T_US + 2_000_000)
    assert bench.session.notices == {}
    assert bench.values == [("tank", 22.0)]


def test_without_a_birth_a_gap_is_that_of_the_tags_which_a_pattern_has_given():
    bench = Bench(sparkplug_config())
    bench.intake.sparkplug.begin({"D.T": T_US, "other.T": T_US}, was_present=False)
    bench.take("DDATA", metric(value=21.0, alias=2), seq=3)
    assert [(begin, tags) for begin, _, _, tags, _ in bench.session.gaps] == [(T_US, ("D.T",))]
    unmapped = Bench(sparkplug_config())
    unmapped.take("DDATA", metric(value=21.0, alias=2), seq=3)
    unmapped.birth()
    assert unmapped.session.gaps == []  # else a gap of all tags of the source


def test_an_alias_of_another_type_than_at_the_birth_is_unknown(bench: Bench):
    bench.birth()
    bench.take("DDATA", metric(value=5, datatype=INT32, alias=2), seq=2)
    assert bench.values[2:] == []
    assert "sparkplug_births" in bench.session.notices


def test_aliases_mean_nothing_after_a_death_or_a_new_birth_of_the_node(bench: Bench):
    bench.birth()
    bench.take("NBIRTH", bd_seq(1), seq=0)
    bench.take("DDATA", metric(value=5.0, alias=2), seq=1)
    assert bench.values == [("E.cpu", 3), ("D.T", 20.5)]


def test_missing_numbers_are_a_gap_of_the_node(bench: Bench):
    bench.birth()
    bench.take("NDATA", metric("cpu", 5, INT32), seq=2)
    bench.take("NDATA", metric("cpu", 6, INT32), seq=5, at_ms=T_MS + 3000)
    ((begin, end, _, tags, _),) = bench.session.gaps
    assert (begin, end, set(tags)) == (T_US, T_US + 3_000_000, {"E.cpu", "D.T"})
    assert "G/E (1)" in bench.session.notices["sparkplug_missing"]
    assert bench.values[-1] == ("E.cpu", 6)
    bench.birth()
    assert bench.session.notices == {}


def test_numbers_go_on_from_255_to_0_and_over_a_reconnection(bench: Bench):
    bench.birth()
    for number in range(2, 300):
        bench.take("NDATA", metric("cpu", 5, INT32), seq=number % 256)
    again = Bench(bench.session.config)
    again.intake.sparkplug.begin({"E.cpu": T_US - 1}, was_present=True)
    again.take("NDATA", metric("cpu", 5, INT32), seq=300 % 256)
    again.take("NDATA", metric("cpu", 5, INT32), seq=300 % 256, is_again=True)
    assert bench.session.gaps == again.session.gaps == []


def test_the_time_without_a_connection_is_a_gap_if_no_numbers_are_known():
    config = sparkplug_config(MappingRule("spBv1.0/G/E/D#/T", "tank"))
    bench = Bench(config)
    bench.intake.sparkplug.begin({"tank": T_US - 9_000_000}, was_present=True)
    bench.take("DDATA", metric("T", 1.0), seq=77)
    bench.take("DDATA", metric("T", 1.0), seq=78)
    assert [gap[:2] for gap in bench.session.gaps] == [(T_US - 9_000_000, T_US)]


def test_a_node_that_begins_anew_without_a_death_has_a_gap(bench: Bench):
    bench.birth(number=1)
    bench.take("NBIRTH", bd_seq(2), seq=0, at_ms=T_MS + 5000)
    assert [gap[:2] for gap in bench.session.gaps] == [(T_US, T_US + 5_000_000)]


def test_the_death_of_a_node_is_bad_until_its_birth(bench: Bench):
    bench.birth(number=4)
    good = [("E.cpu", None, ""), ("D.T", None, "")]
    assert bench.words == good
    assert bench.intake.is_online
    bench.take("NDEATH", bd_seq(3))
    assert bench.words == good  # the death of a session before
    bench.take("NDEATH", bd_seq(4))
    bad = [("E.cpu", Quality.BAD, "offline"), ("D.T", Quality.BAD, "offline")]
    assert bench.words[2:] == bad
    assert bench.session.qualities[-1][2] == RECEIVED_US  # the will was written long ago
    assert not bench.intake.is_online
    bench.birth(number=5)
    assert bench.words[4:] == good
    assert bench.session.gaps == []


def test_the_death_of_a_device_leaves_others(bench: Bench):
    bench.birth()
    bench.take("DDEATH", seq=2)
    assert bench.words[2:] == [("D.T", Quality.BAD, "offline")]
    bench.take("DBIRTH", metric("T", 1.0, alias=2), seq=3)
    assert bench.words[3:] == [("D.T", None, "")]
    assert bench.session.gaps == []


@pytest.mark.parametrize(
    ("given", "quality", "word", "is_stored"),
    [
        ({"value": None}, Quality.BAD, "null", False),
        ({"value": float("nan")}, Quality.BAD, "nan", False),
        ({"value": 1.0, "properties": {"Quality": 0}}, Quality.BAD, "bad", False),
        ({"value": 1.0, "properties": {"Quality": 500}}, Quality.BAD, "stale", False),
        ({"value": 1.0, "properties": {"Quality": 64}}, Quality.UNCERTAIN, "quality 64", True),
    ],
)
def test_bad_and_uncertain_values(bench: Bench, given, quality, word, is_stored):
    bench.birth(metric("T", 20.5, properties={"Quality": 192}))
    for seq in (2, 3):
        bench.take("DDATA", metric("T", **given), seq=seq)
    bench.take("DDATA", metric("T", 21.0), seq=4)
    assert bench.words[1:] == [("D.T", None, ""), ("D.T", quality, word), ("D.T", None, "")]
    assert bench.values[1:] == [("D.T", 20.5), *[("D.T", 1.0)] * (2 * is_stored), ("D.T", 21.0)]


def test_historical_values_change_no_quality_and_transient_ones_are_not_stored(bench: Bench):
    bench.birth()
    old = metric("T", 1.0, is_historical=True, timestamp=T_MS - 1000)
    null = metric("T", None, is_historical=True, timestamp=T_MS - 900)
    bench.take("DDATA", old, null, metric("T", 2.0, is_transient=True), seq=2)
    assert bench.items[2:] == [Sample("D.T", T_US - 1_000_000, 1.0)]
    assert len(bench.words) == 2


def test_booleans_and_texts_become_numbers_by_their_mapping():
    rules = (
        MappingRule("spBv1.0/G/E/D#/on", "on", factor=10.0),
        MappingRule("spBv1.0/G/E/D#/phase", "phase", options={"texts": "idle=0, feed=1"}),
    )
    bench = Bench(sparkplug_config(*rules))
    bench.birth(metric("on", True, BOOLEAN), metric("phase", "Feed", STRING))
    bench.take("DDATA", metric("phase", "rinse", STRING), seq=2)
    assert bench.values[1:] == [("on", 10.0), ("phase", 1.0)]
    assert [(item.tag, item.raw) for item in bench.items if isinstance(item, Malformed)] == [
        ("phase", "phase: rinse")
    ]


def test_births_suggest_unit_range_and_kind():
    bench = Bench(sparkplug_config(tags=["known"]))
    eng = {"engUnit": "°C", "engLow": 0, "engHigh": 150.0}
    bench.birth(
        metric("Jacket/T", 20.5, properties=eng),
        metric("valve", True, BOOLEAN),
        metric("name", "x", STRING),
        metric("Device Control/Reboot", False, BOOLEAN),
    )
    assert bench.values == []
    bench.intake.sparkplug.tick()
    place = "spBv1.0/G/E/D#"
    assert bench.session.points == {
        "spBv1.0/G/E#/cpu": "3",
        f"{place}/Jacket/T": "20.5",
        f"{place}/valve": "true",
        f"{place}/name": "x",
    }
    suggestion = {"tag": "D.Jacket_T", "unit": "°C", "valid_min": 0.0, "valid_max": 150.0}
    assert bench.session.suggestions[f"{place}/Jacket/T"] == suggestion
    assert bench.session.suggestions[f"{place}/valve"]["kind"] == "discrete"
    assert f"{place}/name" not in bench.session.suggestions


def test_many_new_points_are_shown_over_some_seconds():
    bench = Bench(sparkplug_config(tags=[]))
    bench.birth(*(metric(f"m{number}", 1.0) for number in range(30)))
    for shown in (20, 31, 31):
        bench.intake.sparkplug.tick()
        assert len(bench.session.points) == shown


def test_a_malformed_payload_is_one_rejection_and_others_are_stored(bench: Bench):
    bench.birth()
    bench.take_raw("DDATA", b"\x12\xff")
    bench.take_raw("DDATA", b"\0" * 2_000_000)
    bench.take("DDATA", metric("T", 21.0), seq=2)
    broken, large = [item for item in bench.items if isinstance(item, Malformed)]
    assert broken == Malformed(
        "", "12ff", "spBv1.0/G/DDATA/E/D: The payload is no Sparkplug B: a field is cut off."
    )
    assert "at most 1048576" in large.message
    assert bench.values[-1] == ("D.T", 21.0)


def test_commands_and_states_of_hosts_have_no_values(bench: Bench):
    bench.take_raw("NCMD", payload(metric("Node Control/Rebirth", True, BOOLEAN)))
    assert bench.items == []


def test_filters_receive_all_messages_of_a_group():
    rule = MappingRule("spBv1.0/Other/E/D#/T", "tank")
    config = sparkplug_config(rule, filters="spBv1.0/Plant/#")
    assert Router(config, settings_of(config)).filters == ["spBv1.0/Plant/#", "spBv1.0/Other/#"]
    config = sparkplug_config(rule)
    assert Router(config, settings_of(config)).filters == ["spBv1.0/#"]


def test_births_are_bounded(monkeypatch: pytest.MonkeyPatch, bench: Bench):
    monkeypatch.setattr(sparkplug_births, "MOST_REMEMBERED", 4)
    bench.birth(*(metric(f"m{number}", 1.0, alias=10 + number) for number in range(4)))
    assert "Too many" in bench.session.notices["sparkplug_file"]
    assert len(bench.values) == 5  # the values of the birth are stored all the same
    bench.take("DBIRTH", metric("x" * 501, 1.0), metric("T", 1.0, alias=2), seq=2)
    places = bench.intake.sparkplug.births.nodes["spBv1.0/G/E"].places
    assert {name: len(place.metrics) for name, place in places.items()} == {
        "spBv1.0/G/E": 2,
        "spBv1.0/G/E/D": 1,
    }
    assert bench.values[5:] == [("D.T", 1.0)]
