"""/imports: the pages of file imports, without scripts."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from monitoring.dashboard.file_imports import told
from monitoring.kernel.lease_names import DETECTION
from monitoring.models import FileImport, Lease, Measurement, Tag
from monitoring.sources.file_import import jobs, worker

pytestmark = pytest.mark.django_db

DATA = (
    "time;Temperature [°C];DO\n"
    "31.01.2026 12:00:00;36,5;40\n"
    "31.01.2026 12:00:01;warm;41\n"
    "31.01.2026 12:00:02;99,5;42\n"
).encode()
MAPPED = {"action_0": "tag", "tag_0": "fermenter_temp", "action_1": "new", "tag_1": "r1_do", "unit_1": "%"}
MAPPED |= {"valid_min_1": "0", "valid_max_1": "100,5", "factor_1": "", "offset_1": ""}


@pytest.fixture
def row() -> FileImport:
    """A file that has been read."""
    made = jobs.create("run.csv", len(DATA), by="eva", zone="UTC")
    jobs.receive(made.pk, DATA, 0)
    work()
    return made


def work() -> None:
    worker.run_waiting(should_stop=lambda: False)


def text_of(answer: Any) -> str:
    """The page's text, one space between its words."""
    html = answer.content.decode().split("<main")[1]
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", html).split()))


def settings_of(client: Client, row: FileImport) -> dict[str, str]:
    """The settings as the page has them."""
    html = client.get(f"/imports/{row.pk}").content.decode()
    chosen = {}
    for name, body in re.findall(r'<select name="(\w+)"[^>]*>(.*?)</select>', html, re.DOTALL):
        found = re.search(r'value="([^"]*)" selected', body)
        chosen[name] = unescape(found[1]) if found else ""
    return chosen | dict(re.findall(r'<input[^>]*? name="(\w+)"[^>]*? value="([^"]*)"', html))


def post(client: Client, row: FileImport, act: str, **fields: str) -> Any:
    return client.post(f"/imports/{row.pk}", {**settings_of(client, row), **fields, "act": act}, follow=True)


def test_a_file_goes_from_the_preview_to_the_result(client: Client, row: FileImport) -> None:
    page = text_of(client.get(f"/imports/{row.pk}"))
    assert "Temperature °C 36.5 to 99.5" in page
    assert "2 2026-01-31T12:00:00Z 31.01.2026 12:00:00 36,5 40" in page
    assert "Checking" in text_of(post(client, row, "check", **MAPPED))
    assert client.get(f"/imports/{row.pk}/progress").json()["state"] == "checking"
    work()
    checked = text_of(client.get(f"/imports/{row.pk}"))
    assert "Checked: nothing is stored yet 4 new 0 duplicate 2 rejected" in checked.replace(
        "new 4", "4 new"
    ).replace("duplicate 0", "0 duplicate").replace("rejected 2", "2 rejected")
    assert "1 rejected: not a number row 3, fermenter_temp: expected a number with decimal comma" in checked
    assert "above the valid range row 4, fermenter_temp: value: 99.5 is above" in checked
    assert "Import 4 new readings" in checked
    assert "Importing" in text_of(client.post(f"/imports/{row.pk}", {"act": "import"}, follow=True))
    work()
    done = client.get(f"/imports/{row.pk}")
    assert "✓ Imported" in text_of(done)
    assert f'href="/file-imports/{row.pk}/rejected"' in done.content.decode()
    assert Measurement.objects.count() == 4
    assert Tag.objects.get(name="r1_do").valid_max == 100.5
    assert "4 new, 0 duplicate, 2 rejected" in text_of(client.get("/imports"))


def test_other_settings_make_the_file_be_read_again(client: Client, row: FileImport) -> None:
    answer = post(client, row, "check", **MAPPED, decimal=".", zone="Europe/Berlin")
    assert "Reading the file" in text_of(answer)
    row.refresh_from_db()
    assert row.chosen == {"zone": "Europe/Berlin", "decimal": "."}
    work()
    page = text_of(client.get(f"/imports/{row.pk}"))
    assert "2 2026-01-31T11:00:00Z" in page
    row.refresh_from_db()
    assert row.targets["1"]["tag"] == "fermenter_temp"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"action_0": "ignore"}, "No column becomes a tag yet"),
        ({"action_0": "tag", "tag_0": "nope"}, "There is no tag 'nope'"),
        ({"action_0": "tag", "tag_0": "fermenter_temp", "factor_0": "x"}, "Factor: expected a number"),
        ({"zone": "Mars"}, "Expected a name of the time zone database"),
        ({"skip_rows": "-3"}, "greater than or equal to 0"),
    ],
)
def test_a_wrong_field_is_named_and_what_was_typed_stays(
    client: Client, row: FileImport, fields: dict[str, str], said: str
) -> None:
    answer = post(client, row, "check", **fields)
    assert answer.status_code == 400
    page = answer.content.decode().split("<main")[1]
    assert said in unescape(re.findall(r'class="refused" role="alert">(.*?)</p>', page)[-1])
    for typed in fields.values():
        if typed not in ("tag", "ignore"):
            assert f'value="{typed}"' in page


def test_an_act_that_comes_too_late_says_so(client: Client, row: FileImport) -> None:
    late = client.post(f"/imports/{row.pk}", {"act": "import"})
    assert (late.status_code, "The import waits for a person" in text_of(late)) == (409, False)
    assert "the import waits for a person; reload the page." in text_of(late)
    assert "Cancelled; the file is deleted" in text_of(post(client, row, "cancel"))
    assert client.get("/imports/999").status_code == 404


def test_a_file_that_cannot_be_read_says_what_to_do(client: Client) -> None:
    made = jobs.create("one.csv", 6, by="eva")
    assert "The upload is not complete" in text_of(client.get(f"/imports/{made.pk}"))
    jobs.receive(made.pk, b"a\n1\n2\n", 0)
    work()
    page = text_of(client.get(f"/imports/{made.pk}"))
    assert "✗ The file cannot be imported like this the file has one column only" in page
    assert "Delete the file" in page


def test_the_progress_in_words() -> None:
    now = datetime(2026, 1, 31, 12, tzinfo=UTC)
    row = FileImport(state="importing", rows=1_000_000, position=250_000)
    row.begun_at = now - timedelta(seconds=10)
    assert told(row, now) == "It waits for the worker, which does not run: start manage.py qcluster."
    Lease.objects.update_or_create(source=DETECTION, defaults={"owner": "x", "renewed_at": now})
    row.renewed_at = now
    assert told(row, now) == "Importing: 250,000 of 1,000,000 rows, 25,000 a second, about 30 s left."
    row.state = "checking"
    assert told(row, now) == "Checking: 250,000 of 1,000,000 rows."
    row.position = 0
    assert told(row, now) == "Checking."
    row.state = "done"
    assert told(row, now) == ""


def test_the_pages_are_for_those_who_may_import(client: Client, account: Any, settings: Settings) -> None:
    settings.FERMON_OPEN = False
    client.force_login(account("operator"))
    assert client.get("/imports").status_code == 403
    assert "/imports" not in client.get("/notes", headers={"accept": "text/html"}).content.decode()
    client.force_login(account("engineer"))
    assert client.get("/imports").status_code == 200
    assert 'href="/imports"' in client.get("/notes", headers={"accept": "text/html"}).content.decode()
