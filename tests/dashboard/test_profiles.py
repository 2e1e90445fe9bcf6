"""The pages of golden profiles: choose, preview, freeze, read, all by plain forms."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from monitoring.models import Batch, Profile
from tests.batches.golden_plant import MINUTE, make_batch, make_recipe, make_vessel, store

pytestmark = pytest.mark.django_db
HTML = {"accept": "text/html"}


@pytest.fixture
def batches() -> list[Batch]:
    vessel, recipe = make_vessel(), make_recipe()
    return [make_batch(vessel, number, recipe, offset=20 * (number == 3)) for number in (1, 2, 3)]


def page(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path, headers=HTML)
    assert answer.status_code == status
    return answer.content.decode()


def test_from_ticks_to_a_frozen_profile(client: Client, batches: list[Batch]) -> None:
    listed = page(client, "/profiles")
    assert "No profile yet." in listed
    assert listed.count('name="batch"') == 3
    query = "&".join(f"batch={batch.pk}" for batch in batches)
    preview = page(client, f"/profiles/new?{query}")
    assert "Batch b3 differs most: Dissolved oxygen" in preview
    assert 'value="fed-batch"' in preview
    form = {"batch": [batch.pk for batch in batches], "name": "fed-batch", "note": "first"}
    answer = client.post("/profiles/new", form)
    profile = Profile.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/profiles/{profile.pk}")
    detail = page(client, f"/profiles/{profile.pk}")
    assert "Its batches are as they were" in detail
    assert "for fed-batch, version 1" in detail
    assert re.search(
        r"Watching with \d golden batches has about 0\.\d false alarms a batch, and finds", detail
    )
    assert "fed-batch, version 1" in page(client, "/profiles")


def test_a_refusal_keeps_what_was_entered(client: Client, batches: list[Batch]) -> None:
    form = {"batch": [batches[0].pk], "name": "a b", "note": "with care"}
    answer = client.post("/profiles/new", form)
    assert answer.status_code == 400
    text = answer.content.decode()
    assert "Start with a letter" in text
    assert 'value="with care"' in text
    assert not Profile.objects.exists()


@pytest.mark.parametrize("query", ["", "?batch=x", "?batch=999", "?batch=99999999999999999999"])
def test_impossible_choices_are_told(client: Client, batches: list[Batch], query: str) -> None:
    assert 'role="alert"' in page(client, f"/profiles/new{query}", 400)


def test_late_data_are_told_and_a_running_batch_can_switch(client: Client, batches: list[Batch]) -> None:
    client.post("/profiles/new", {"batch": [batches[0].pk], "name": "standard"})
    profile = Profile.objects.get()
    assert batches[0].start is not None
    store(batches[0].start + MINUTE / 2, {"v_temp": [38.5]})
    path = f"/profiles/{profile.pk}"
    assert "inputs changed since" in page(client, path)
    assert client.post(f"{path}/use", {"batch": batches[1].pk}).status_code == 400  # complete
    assert client.post(f"{path}/use", {}).status_code == 400
    Batch.objects.filter(pk=batches[2].pk).update(state="running", end=None)
    assert f'value="{batches[2].pk}"' in page(client, path)
    assert client.post(f"{path}/use", {"batch": batches[2].pk}).status_code == 302
    assert Batch.objects.get(pk=batches[2].pk).profile == profile
    assert page(client, "/profiles/999", 404)


def test_a_viewer_reads_and_does_not_choose(
    client: Client, batches: list[Batch], account: Callable[[str], User], settings: Settings
) -> None:
    settings.FERMON_OPEN = False
    client.force_login(account("viewer"))
    assert 'name="batch"' not in page(client, "/profiles")
    assert client.get(f"/profiles/new?batch={batches[0].pk}").status_code == 403
