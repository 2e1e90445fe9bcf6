"""Kind and states of a tag, set in the admin."""

from html import unescape

import pytest
from django.test import Client

from monitoring.models import Tag
from tests.admin.test_detection import EDITED

pytestmark = pytest.mark.django_db


@pytest.fixture
def address() -> str:
    """Where the temperature is edited."""
    return f"/admin/monitoring/tag/{Tag.objects.get(name='fermenter_temp').pk}/change/"


def saved() -> tuple[str, dict[str, str]]:
    return Tag.objects.values_list("kind", "states").get(name="fermenter_temp")


def test_states_are_lines(admin_client: Client, address: str) -> None:
    admin_client.post(
        address, EDITED | {"kind": "discrete", "states": "0 = idle\r\n10=harvest\r\n2 = feed a = b"}
    )
    assert saved() == ("discrete", {"0": "idle", "2": "feed a = b", "10": "harvest"})
    page = unescape(admin_client.get(address).content.decode())
    assert "0 = idle\n2 = feed a = b\n10 = harvest</textarea>" in page
    assert "manage.py recompute_flags" in page


def test_a_form_without_the_kind_leaves_it(admin_client: Client, address: str) -> None:
    Tag.objects.update(kind="setpoint")
    admin_client.post(address, EDITED)
    assert saved() == ("setpoint", {})


@pytest.mark.parametrize(
    ("kind", "lines", "message"),
    [
        ("analog", "0 = idle", "Only a discrete tag has states: choose discrete, or remove them."),
        ("discrete", "idle", "Expected number = name, as in 0 = idle, not 'idle'."),
        ("discrete", "0 = idle\n0 = feed", "State 0 is named twice; expected each once."),
        ("discrete", "0.5 = half", "'0.5' is no state: expected an integer, as 0, 1 or -1."),
        ("discrete", "-0 = idle", "'-0' is no state"),
        ("discrete", "1 =", "The name of state 1: expected 1 to 32 characters, not ''."),
        ("discrete", f"1 = {33 * 'x'}", "The name of state 1: expected 1 to 32 characters"),
        ("discrete", "\n".join(f"{n} = s" for n in range(65)), "65 states; expected at most 64."),
        ("volume", "", "Select a valid choice."),
    ],
)
def test_what_is_no_kind_or_state_is_refused_with_what_was_expected(
    admin_client: Client, address: str, kind: str, lines: str, message: str
) -> None:
    page = admin_client.post(address, EDITED | {"kind": kind, "states": lines})
    assert message in unescape(page.content.decode())
    assert saved() == ("analog", {})
