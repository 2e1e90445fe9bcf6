"""The form of a rule that finds a moment of a vessel's batches."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from monitoring.batches.errors import BatchInputError
from monitoring.batches.json_fields import checked_rule
from monitoring.batches.recipes import NewPhase, make_recipe, retire_recipe
from monitoring.batches.rules.background import follow_rules
from monitoring.batches.vessels import bind, make_vessel
from monitoring.dashboard.rule_fields import RuleFields, rule_initial
from monitoring.models import RuleProblem, Vessel
from tests.batches.rules.test_background import MINUTE, NOON, RULES, WHOLE, moments, store_run
from tests.dashboard.test_alarm_pages import page
from tests.dashboard.test_vessels import ANN, refused, text

START = "/vessels/v1/rules/start"
END = "/vessels/v1/rules/end"
WARM = {"role": "temperature", "condition": "above", "limit": "36.5", "minutes": "5"}


@pytest.fixture
def vessel(db: None) -> Vessel:
    made = make_vessel("v1", title="Reactor 1", actor=ANN)
    bind("v1", "fermenter_temp", "temperature", actor=ANN)
    return made


def rules() -> Any:
    return Vessel.objects.get().rules


def test_a_rule_is_set_changed_and_removed(client: Client, vessel: Vessel) -> None:
    assert "Start by people and scripts Set" in text(client, "/vessels/v1")
    make_recipe("fed-batch", [NewPhase("growth")], actor=ANN)
    sent = WARM | {"recipe": "fed-batch", "function": "setpoint", "after": "90"}
    assert client.post(START, sent)["Location"] == "/vessels/v1#rules"
    rule = {"role": "temperature", "function": "setpoint", "above": 36.5, "for_s": 300, "after_s": 5400}
    assert rules() == {"start": rule | {"recipe": "fed-batch"}}
    words = "Temperature, setpoint above 36.5 °C for 5 min, not before 1 h 30 min after the moment before"
    assert f"Start {words}; recipe fed-batch Change" in text(client, "/vessels/v1")

    client.post(END, {"role": "weight", "condition": "falls_percent", "limit": "20", "minutes": "10"})
    assert rules()["end"] == {"role": "weight", "falls_percent": 20, "within_s": 600}
    client.post(START, WARM | {"condition": "below"})
    assert rules()["start"] == {"role": "temperature", "below": 36.5, "for_s": 300}
    assert "Remove this rule" in text(client, START)
    client.post(START, {"act": "delete"})
    assert list(rules()) == ["end"]
    assert "Remove this rule" not in text(client, START)


def seen_in(html: str) -> str:
    """The rule that a page was made for, as its form sends it back."""
    (found,) = re.findall(r'name="seen" value="([^"]*)"', html)
    return unescape(found)


@pytest.mark.parametrize("sent", [WARM | {"limit": "38"}, {"act": "delete"}])
def test_a_page_opened_before_another_person_changed_the_rule_changes_nothing(
    client: Client, vessel: Vessel, sent: dict[str, str]
) -> None:
    first = {"seen": seen_in(page(client, START))}
    assert client.post(START, WARM | first).status_code == 302
    assert client.post(START, WARM | first).status_code == 302  # the same once more: a double click
    answer = client.post(START, sent | first)
    assert "The rule for start of v1 has changed since this page was opened." in refused(answer)
    assert rules()["start"]["above"] == 36.5
    for tampered in ("{", "9" * 5000, "[" * 100_000, "\x00"):
        assert "has changed since" in refused(client.post(START, sent | {"seen": tampered}))
    client.post(START, sent | {"seen": seen_in(page(client, START))})
    assert rules().get("start", {}).get("above") == (38 if "limit" in sent else None)


def test_rules_that_were_set_by_forms_alone_find_a_batch(client: Client, vessel: Vessel) -> None:
    for tag, role in (("fermenter_ph", "ph"), ("agitator_rpm", "agitation")):
        client.post("/vessels/v1/design", {"act": "bind", "tag": tag, "role": role, "function": "measured"})
    feed = {"name": "feed", "role": "temperature", "condition": "below", "limit": "36", "minutes": "1"}
    phases = {f"row-1-{name}": value for name, value in (feed | {"after": "10"}).items()}
    rows = {"row-TOTAL_FORMS": "2", "row-INITIAL_FORMS": "0", "row-0-name": "growth"}
    client.post("/new-recipe", {"name": "fed-batch", **rows, **phases})
    client.post(START, WARM | {"limit": "35", "recipe": "fed-batch"})
    acid = {"role": "ph", "condition": "below", "limit": "7", "minutes": "2"}
    client.post("/vessels/v1/rules/inoculation", acid)
    client.post(END, {"role": "agitation", "condition": "falls_percent", "limit": "20", "minutes": "10"})
    assert rules() == RULES
    store_run()
    follow_rules(now=NOON + 70 * MINUTE)
    assert moments() == [WHOLE]


def test_the_form_shows_the_stored_rule_and_roles_with_a_tag_first(client: Client, vessel: Vessel) -> None:
    make_recipe("old", [NewPhase("growth")], actor=ANN)
    client.post(START, WARM | {"minutes": "1.75", "recipe": "old"})
    retire_recipe("old", 1, actor=ANN)
    html = page(client, START)
    assert 'value="36.5"' in html
    assert 'value="1.75"' in html
    assert '<option value="temperature" selected>Temperature (°C)</option>' in html
    assert '<option value="old" selected>' in html  # stays, though no longer offered
    assert html.index("with a tag of the vessel") < html.index("without a tag: bind one")
    assert "Recipe of the batches" not in page(client, END)


@pytest.mark.parametrize(
    ("wrong", "field", "words"),
    [
        ({"role": ""}, "role", "Choose the role of the tag to look at."),
        ({"limit": ""}, "limit", "Enter a value, in the unit of the tag."),
        ({"limit": "warm"}, "limit", "Enter a number."),
        ({"condition": "falls_percent", "limit": "120"}, "limit", "Enter percent from 0.1 to 100."),
        ({"minutes": ""}, "minutes", "Enter minutes from 0 to 1440."),
        ({"minutes": "1e308"}, "minutes", "Enter minutes from 0 to 1440."),
        ({"condition": "falls_percent", "minutes": "0.5"}, "minutes", "Enter minutes from 1 to 1440."),
        ({"after": "-1"}, "after", "Enter minutes from 0 to 43200."),
        ({"condition": "sideways"}, "condition", "Select a valid choice."),
    ],
)
def test_an_error_stands_beside_its_field(
    client: Client, vessel: Vessel, wrong: dict[str, str], field: str, words: str
) -> None:
    answer = client.post(END, WARM | wrong)
    assert "Not saved; below is why." in refused(answer)
    error = answer.content.decode().partition(f'id="rule-{field}_error"')[2].partition("</div>")[0]
    assert words in error
    assert rules() == {}


def test_a_wrong_rule_of_another_moment_is_said_above_the_form(client: Client, vessel: Vessel) -> None:
    Vessel.objects.update(rules={"start": {"role": "of an old version"}})
    answer = client.post(END, WARM)
    shown = refused(answer)
    assert "Start: Expected 'role' to be one of temperature" in shown
    assert "Change or remove that rule first." in shown
    assert rules() == {"start": {"role": "of an old version"}}


def test_wrong_rules_are_removed_in_any_order(client: Client, vessel: Vessel) -> None:
    Vessel.objects.update(
        rules={"start": {"role": "of an old version"}, "end": {}, "inoculation": {"role": 7}}
    )
    for moment in ("inoculation", "end", "start"):
        assert client.post(f"/vessels/v1/rules/{moment}", {"act": "delete"}).status_code == 302
    assert rules() == {}


def test_the_page_tells_a_problem_of_the_rules(client: Client, vessel: Vessel) -> None:
    problem = "No tag of the vessel has the role that a rule needs: weight. Bind one."
    RuleProblem.objects.create(vessel=vessel, text=problem, since=datetime(2026, 1, 31, 12, tzinfo=UTC))
    assert f"{problem} Since " in text(client, "/vessels/v1")
    assert '<time datetime="2026-01-31T12:00:00Z">' in page(client, "/vessels/v1")


@pytest.mark.parametrize(
    ("problem", "shown"),
    [
        ("unknown recipe 'old'; GET /recipes lists them", "Problem: Unknown recipe 'old'. Since"),
        ("rules.start: expected an object", "Problem: Start: Expected an object. Since"),
        ("recipe r2, phase a: expected an object", "Problem: Recipe r2, phase a: expected an object. Since"),
    ],
)
def test_a_problem_of_the_rules_is_a_sentence(
    client: Client, vessel: Vessel, problem: str, shown: str
) -> None:
    RuleProblem.objects.create(vessel=vessel, text=problem, since=datetime(2026, 1, 31, 12, tzinfo=UTC))
    assert shown in text(client, "/vessels/v1")


def test_unknown_vessels_and_moments_are_not_found(client: Client, vessel: Vessel) -> None:
    for path in ("/vessels/nothing/rules/start", "/vessels/v1/rules/phase", "/vessels/v1/rules/x"):
        assert client.get(path).status_code == 404


def test_only_engineers_set_rules_and_the_trail_names_them(
    client: Client, settings: Settings, account: Callable[[str], User], vessel: Vessel
) -> None:
    settings.FERMON_OPEN = False
    for role, status in (("viewer", 403), ("operator", 403), ("engineer", 302)):
        client.force_login(account(role))
        assert ("the rule for" in page(client, "/vessels/v1")) == (role == "engineer")
        assert client.post(START, WARM).status_code == status
    entry = LogEntry.objects.order_by("-pk")[0]
    assert (entry.object_repr, entry.actor_email) == ("Reactor 1", "engineer")
    assert "36.5" in entry.changes["rules"][1]


def test_the_trail_has_the_address_of_a_person_without_a_login(client: Client, vessel: Vessel) -> None:
    client.post(START, WARM)
    entry = LogEntry.objects.order_by("-pk")[0]
    assert (entry.actor_email, entry.remote_addr) == ("somebody at 127.0.0.1", "127.0.0.1")


class AnyRule(RuleFields):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.stored = kwargs.pop("stored", None)
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = [("ph", "pH"), ("weight", "Weight")]  # type: ignore[attr-defined]


LIMITS = st.floats(-1e100, 1e100) | st.integers(-9, 9)
DAY = 86_400
FURTHER: dict[str, Any] = {
    "function": st.sampled_from(["measured", "setpoint", "output"]),
    "after_s": st.integers(0, 30 * DAY) | st.floats(0, 30 * DAY),
}
ROLES = st.sampled_from(["ph", "weight"])
HELD = {"role": ROLES, "for_s": st.integers(0, DAY) | st.floats(0, DAY)}
FALLS = {"role": ROLES, "falls_percent": st.floats(0.1, 100), "within_s": st.integers(60, DAY)}
ANY_RULE = st.one_of(
    st.fixed_dictionaries(HELD | {"above": LIMITS}, optional=FURTHER),
    st.fixed_dictionaries(HELD | {"below": LIMITS}, optional=FURTHER),
    st.fixed_dictionaries(FALLS, optional=FURTHER),
)


@given(ANY_RULE)
def test_a_stored_rule_that_is_saved_unchanged_stays_the_same(rule: dict[str, Any]) -> None:
    fresh = AnyRule(initial=rule_initial(rule))
    sent = {field.name: field.value() for field in fresh}
    form = AnyRule({name: "" if value is None else str(value) for name, value in sent.items()}, stored=rule)
    assert form.is_valid(), form.errors
    assert form.rule() == checked_rule(rule, "rules.end")


@given(ANY_RULE)
def test_a_changed_field_changes_the_rule_and_whole_seconds_stay(rule: dict[str, Any]) -> None:
    sent = {name: "" if value is None else str(value) for name, value in rule_initial(rule).items()}
    form = AnyRule(sent | {"limit": "12.5"}, stored=rule)
    assert form.is_valid(), form.errors
    made = checked_rule(form.rule(), "rules.end")
    condition = sent["condition"]
    assert made[condition] == 12.5
    assert made["role"] == rule["role"]
    for name in ("for_s", "within_s", "after_s"):
        assert made.get(name) == (None if name not in rule else pytest.approx(rule[name], abs=0.5001))


NUMBERS = st.sampled_from(["", "0", "-1", "7", "1e99", "1e308", "nan", "inf", "x", "0,5", "10" * 200])


@given(st.fixed_dictionaries(dict.fromkeys(("limit", "minutes", "after"), NUMBERS)))
def test_whatever_is_entered_is_a_rule_or_an_error(numbers: dict[str, str]) -> None:
    form = AnyRule({"role": "ph", "condition": "falls_percent", **numbers})
    if not form.is_valid():
        return
    try:
        checked_rule(form.rule(), "rules.end")
    except BatchInputError as error:
        form.add_rule_error(error)
        assert form.errors
