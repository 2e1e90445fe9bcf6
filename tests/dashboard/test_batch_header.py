"""The form of the header of a batch, with further fields as rows."""

from collections.abc import Callable
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from monitoring.batches.corrections import edit_batch
from monitoring.batches.json_fields import checked_header
from monitoring.batches.lifecycle import NewBatch, start_batch
from monitoring.batches.recipes import NewPhase, make_recipe
from monitoring.batches.vessels import make_vessel
from monitoring.dashboard.batch_header import FIELD_ROWS
from monitoring.dashboard.batch_words import header_text
from monitoring.models import Batch
from tests.dashboard.form_fields import fields_of
from tests.dashboard.test_alarm_pages import page
from tests.dashboard.test_vessels import ANN, refused, text

HEADER = {"medium": "M9", "glycerol g/L": 4.5, "sterile": True, "lot": "0042", "none yet": None}


@pytest.fixture
def batch(db: None) -> Batch:
    make_vessel("v1", title="Reactor 1", actor=ANN)
    make_recipe("fed-batch", [NewPhase("growth")], actor=ANN)
    return start_batch(NewBatch("v1", "run-1", product="GFP", header=dict(HEADER)), actor=ANN)


def path(batch: Batch) -> str:
    return f"/batches/{batch.pk}/header"


def stored(batch: Batch) -> Batch:
    batch.refresh_from_db()
    return batch


def test_the_header_is_shown_and_edited(client: Client, batch: Batch) -> None:
    shown = text(client, f"/batches/{batch.pk}")
    assert "glycerol g/L 4.5 lot 0042 medium M9 none yet sterile yes" in shown
    assert "Edit the header" in shown
    sent = fields_of(page(client, path(batch)))
    sent |= {"name": "run-1a", "strain": "BL21", "recipe": "fed-batch/1"}
    sent |= {"row-2-value": "", "row-0-name": "glycerol", "row-0-value": "5", "row-5-name": "inoculum"}
    sent |= {"row-5-value": "flask 3"}
    assert client.post(path(batch), sent)["Location"] == f"/batches/{batch.pk}#header"
    assert stored(batch).header == {
        "glycerol": 5,
        "sterile": True,
        "lot": "0042",
        "none yet": None,
        "inoculum": "flask 3",
    }
    assert (batch.name, batch.product, batch.strain, str(batch.recipe)) == (
        *("run-1a", "GFP", "BL21"),
        "fed-batch, version 1",
    )


def test_a_form_sent_as_shown_changes_nothing(client: Client, batch: Batch) -> None:
    edit_batch(batch.pk, {"recipe": "fed-batch", "header": HEADER | {"two": "lines\nof text"}}, actor=ANN)
    before = stored(batch).revision
    html = page(client, path(batch))
    assert "lines\nof text</textarea>" in html
    assert client.post(path(batch), fields_of(html)).status_code == 302
    assert stored(batch).revision == before


def test_the_fields_of_the_batch_before_are_offered_without_values(client: Client, batch: Batch) -> None:
    make_vessel("v2", actor=ANN)
    second = start_batch(NewBatch("v2", "run-2"), actor=ANN)
    assert "lot" not in fields_of(page(client, path(second))).values()
    edit_batch(batch.pk, {"recipe": "fed-batch"}, actor=ANN)
    edit_batch(second.pk, {"recipe": "fed-batch", "header": {"medium": "LB"}}, actor=ANN)
    sent = fields_of(page(client, path(second)))
    names = [value for name, value in sent.items() if name.startswith("row-") and name.endswith("-name")]
    assert names == ["medium", "glycerol g/L", "lot", "none yet", "sterile", "", ""]
    client.post(path(second), sent | {"row-2-value": "0043"})
    assert stored(second).header == {"medium": "LB", "lot": "0043"}


def test_errors_stand_beside_their_fields(client: Client, batch: Batch) -> None:
    sent = fields_of(page(client, path(batch)))

    def error(field: str, value: str) -> str:
        answer = client.post(path(batch), sent | {field: value})
        assert "Not saved; below is why." in refused(answer)
        id = f"id_{field}" if "-" in field else f"header-{field}"
        return answer.content.decode().partition(f'id="{id}_error"')[2].partition("</div>")[0]

    assert "Another row has this name" in error("row-2-name", "lot")
    assert "Expected names of 1 to 64 characters" in error("row-2-name", "")
    assert "Expected &#x27;lot&#x27; to be a text of up to 500" in error("row-1-value", "x" * 501)
    assert "This field is required." in error("name", "")
    assert "is part of web addresses" in error("name", "2 b")
    assert "Select a valid choice." in error("recipe", "fed-batch/9")
    assert stored(batch).header == HEADER


def test_what_no_field_is_about_is_said_above_the_form(client: Client, batch: Batch) -> None:
    make_vessel("v2", actor=ANN)
    start_batch(NewBatch("v2", "run-2"), actor=ANN)
    sent = fields_of(page(client, path(batch)))
    assert "The name 'run-2' is used by another batch." in refused(
        client.post(path(batch), sent | {"name": "run-2"})
    )
    for _ in range(2):  # as a double tap sends it
        assert client.post(path(batch), sent | {"strain": "W3110"}).status_code == 302
    edit_batch(batch.pk, {"strain": "K12"}, actor=ANN)
    assert "Batch run-1 has changed since" in refused(client.post(path(batch), sent | {"strain": "BL21"}))
    assert stored(batch).strain == "K12"


def test_one_more_row_keeps_the_entries(client: Client, batch: Batch) -> None:
    sent = fields_of(page(client, path(batch))) | {"act": "more", "name": "", "row-5-name": "inoculum"}
    again = fields_of(client.post(path(batch), sent).content.decode())
    assert (again["name"], again["row-5-name"], again["row-7-name"]) == ("", "inoculum", "")
    assert stored(batch).name == "run-1"


def test_operators_edit_the_header_and_the_trail_names_them(
    client: Client, settings: Settings, account: Callable[[str], User], batch: Batch
) -> None:
    sent = fields_of(page(client, path(batch))) | {"strain": "BL21"}
    settings.FERMON_OPEN = False
    for role, status in (("viewer", 403), ("operator", 302)):
        client.force_login(account(role))
        assert ("Edit the header" in text(client, f"/batches/{batch.pk}")) == (role == "operator")
        assert client.post(path(batch), sent).status_code == status
    entry = LogEntry.objects.order_by("-pk")[0]
    assert (entry.actor_email, entry.changes["strain"]) == ("operator", ["", "BL21"])
    assert client.get("/batches/999/header").status_code == 404


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20)
VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)


@given(st.dictionaries(NAMES, VALUES | st.text(st.characters(codec="utf-8", exclude_characters="\0"))))
def test_a_stored_header_that_is_saved_unchanged_stays_the_same(header: dict[str, Any]) -> None:
    sent = {"row-TOTAL_FORMS": str(len(header)), "row-INITIAL_FORMS": "0"}
    for place, (name, value) in enumerate(checked_header(header).items()):
        sent |= {f"row-{place}-name": name, f"row-{place}-value": header_text(value)}
    rows = FIELD_ROWS(sent, form_kwargs={"stored": header})
    assert rows.is_valid(), rows.errors
    assert rows.header == header


@pytest.mark.parametrize(
    ("entered", "value"),
    [
        *(("5", 5), ("4.5", 4.5), ("-1", -1)),
        *(("0042", "0042"), ("2.50", "2.50"), ("4,5", "4,5"), ("1e5", "1e5"), ("1" * 16, "1" * 16)),
        *(("nan", "nan"), ("yes", "yes"), (" M9 ", "M9")),
    ],
)
def test_a_value_that_reads_the_same_as_a_number_is_one(entered: str, value: Any) -> None:
    sent = {"row-TOTAL_FORMS": "1", "row-INITIAL_FORMS": "0", "row-0-name": "a", "row-0-value": entered}
    rows = FIELD_ROWS(sent, form_kwargs={"stored": {}})
    assert rows.is_valid()
    assert rows.header == {"a": value}
    assert type(rows.header["a"]) is type(value)
