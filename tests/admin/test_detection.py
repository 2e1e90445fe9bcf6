"""How the detectors go about a tag, set in the admin."""

from html import unescape

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from monitoring.detection.tag_settings import settings_of
from monitoring.models import Tag

EDITED = {"valid_min": 30, "valid_max": 50, "lower_limit": 35, "upper_limit": 45, "active": "on"}

pytestmark = pytest.mark.django_db


@pytest.fixture
def address() -> str:
    """Where the temperature is edited."""
    return f"/admin/monitoring/tag/{Tag.objects.get(name='fermenter_temp').pk}/change/"


def saved() -> Tag:
    tag: Tag = Tag.objects.get(name="fermenter_temp")
    return tag


def test_parameters_are_lines(admin_client: Client, address: str) -> None:
    lines = "spike.threshold = 6\r\nstuck.chance=1e-9\r\n"
    admin_client.post(address, EDITED | {"detection_parameters": lines, "sensitivity": "2"})
    assert saved().detection_parameters == {"spike.threshold": 6.0, "stuck.chance": 1e-9}
    assert settings_of(saved()).of("spike")["threshold"] == 3
    assert (
        "spike.threshold = 6\nstuck.chance = 1e-09</textarea>" in admin_client.get(address).content.decode()
    )


def test_no_lines_are_the_detectors_own(admin_client: Client, address: str) -> None:
    Tag.objects.update(detection_parameters={"spike.threshold": 6})
    admin_client.post(address, EDITED | {"detection_parameters": ""})
    assert saved().detection_parameters == {}


def test_the_defaults_are_told(admin_client: Client, address: str) -> None:
    assert "spike.threshold = 5\n" in admin_client.get(address).content.decode()


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("spike.threshold", "Expected detector.parameter = value, as in spike.threshold = 6, got"),
        ("spike.threshold = high", "expected a number, got 'high'"),
        ("spike.nose = 3", "'spike.nose' is no parameter; expected one of spike.threshold, "),
        ("spike.threshold = -1", "must be a positive number, not -1.0."),
        ("stuck.chance = 2", "must be below 1, not 2.0."),
    ],
)
def test_what_can_not_be_set_is_refused_with_what_was_expected(
    admin_client: Client, address: str, lines: str, message: str
) -> None:
    page = admin_client.post(address, EDITED | {"detection_parameters": lines})
    assert message in unescape(page.content.decode())
    assert saved().detection_parameters == {}


def test_the_log_names_parameters_only_if_they_changed(admin_client: Client, address: str) -> None:
    Tag.objects.update(detection_parameters={"spike.threshold": 6.0})
    page = admin_client.post(
        address, EDITED | {"detection_parameters": "spike.threshold = 6", "upper_limit": 44}, follow=True
    )
    assert page.status_code == 200
    history = admin_client.get(address.replace("change", "history")).content.decode()
    assert "Upper limit" in history
    assert "Parameters" not in history


def test_who_may_only_look_is_not_told_to_save(client: Client, address: str) -> None:
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_tag"))
    client.force_login(viewer)
    page = client.get(f"{address}?sensitivity=9").content.decode()
    assert "Save to use them" not in page
    assert '<div class="readonly">1.0</div>' in page
