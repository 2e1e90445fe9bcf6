"""/views: choices of charts that people save under a name, each with an address."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from monitoring.dashboard.view_state import PRESETS
from monitoring.history.saved_views import MOST_CHARTS, RANGES
from monitoring.models import SavedView, Tag

pytestmark = pytest.mark.django_db
TEMP, PH, RPM = "fermenter_temp", "fermenter_ph", "agitator_rpm"


def save(client: Client, name: str = "Start of a batch", **fields: Any) -> Any:
    return client.post("/views", {"name": name, **fields}, content_type="application/json")


def change(client: Client, slug: str, **fields: Any) -> Any:
    return client.patch(f"/views/{slug}", fields, content_type="application/json")


def shown(client: Client, query: str) -> list[str]:
    """Return the tags of the cards that the page shows, in its order."""
    page = client.get(f"/dashboard?{query}")
    names = page.context["shown_names"]
    cards = [card.tag.name for group in page.context["groups"] for card in group.cards]
    return [name for name in cards if name in names]


def test_a_saved_view_has_an_address_that_shows_its_charts_in_order(client: Client) -> None:
    answer = save(client, charts=[RPM, TEMP], range="24h")
    assert answer.status_code == 201
    view = answer.json()
    assert (view["slug"], view["charts"], view["range"]) == ("start-of-a-batch", [RPM, TEMP], "24h")
    link = urlsplit(view["link"])
    assert (link.path, link.query) == ("/dashboard", "view=start-of-a-batch")
    assert shown(client, link.query) == [RPM, TEMP]
    page = client.get(view["link"])
    assert page.context["chosen"].preset == "24h"
    assert [each.name for each in page.context["views"]] == ["Start of a batch"]


def test_the_address_prevails_over_the_saved_view(client: Client) -> None:
    save(client, charts=[RPM, TEMP], range="24h")
    page = client.get("/dashboard?view=start-of-a-batch&range=1h&charts=")
    assert page.context["chosen"].preset == "1h"
    assert set(shown(client, "view=start-of-a-batch&charts=")) == {TEMP, PH, RPM}


def test_a_tag_that_is_gone_is_left_out(client: Client) -> None:
    Tag.objects.create(name="spare", valid_min=0, valid_max=1)
    save(client, charts=["spare", PH])
    Tag.objects.filter(name="spare").update(active=False)
    assert shown(client, "view=start-of-a-batch") == [PH]


def test_views_are_listed_changed_and_deleted(client: Client) -> None:
    save(client, charts=[RPM])
    save(client, "Ärger")
    assert [view["slug"] for view in client.get("/views").json()] == ["start-of-a-batch", "arger"]
    answer = change(client, "arger", name="Trouble", charts=[PH, TEMP])
    assert (answer.status_code, answer.json()["slug"]) == (200, "arger")
    found = client.get("/views/arger").json()
    assert (found["name"], found["charts"]) == ("Trouble", [PH, TEMP])
    assert client.delete("/views/arger").status_code == 204
    for gone in (
        client.get("/views/arger"),
        client.delete("/views/arger"),
        change(client, "arger", name="x"),
    ):
        assert gone.status_code == 404
        assert gone.json()["detail"] == "slug: there is no view 'arger'; GET /views lists them"


def test_a_name_is_taken_once_and_an_address_never_twice(client: Client) -> None:
    save(client, "Reactor 1")
    answer = save(client, "reactor 1")
    assert answer.status_code == 409
    assert answer.json()["detail"].startswith("name: another view has this name")
    assert save(client, "Reactor, 1").json()["slug"] == "reactor-1-2"
    assert change(client, "reactor-1-2", name="Reactor 1").status_code == 409
    assert change(client, "reactor-1-2", name="Reactor, 1", range="7d").status_code == 200
    assert save(client, "発酵").json()["slug"] == "view"


@pytest.mark.parametrize(
    ("fields", "detail"),
    [
        ({"name": ""}, "name: missing"),
        ({"name": "x" * 81}, "name: "),
        ({"charts": ["fermenter_tmp"]}, "charts: unknown tag 'fermenter_tmp'"),
        ({"charts": TEMP}, "charts: expected a list of tags"),
        ({"charts": [TEMP] * (MOST_CHARTS + 1)}, "charts: expected at most 200 tags"),
        ({"compare": [TEMP] * 5}, "compare: expected at most 4 tags"),
        ({"range": "2h"}, "range: expected one of 5m, 1h"),
        ({"show": "pie"}, "show: expected one of charts, values"),
    ],
)
def test_an_invalid_view_is_rejected_with_the_field(
    client: Client, fields: dict[str, Any], detail: str
) -> None:
    answer = save(client, **fields)
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(detail)
    assert not SavedView.objects.exists()


def test_a_view_can_have_each_length_of_time_of_the_page() -> None:
    assert tuple(PRESETS) == RANGES
