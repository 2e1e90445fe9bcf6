"""The Content-Security-Policy in a real browser: no page needs what it forbids, and what it forbids fails."""

from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import expect

from monitoring.access.token_store import issue_token
from monitoring.models import Tag, Token
from monitoring.models.token import Scope

pytestmark = [pytest.mark.once, pytest.mark.browser_context_args(bypass_csp=False)]

PAGES = ["/dashboard?kiosk=1", "/sources", "/sources/add?protocol=modbus", "/login", "/nowhere"]
BROWSABLE = ["/?format=api", "/tags", "/data?limit=5", "/anomalies", "/ingest", "/stats", "/health"]
ADMIN = [
    "",
    "monitoring/tag/",
    "monitoring/tag/add/",
    "monitoring/measurement/",
    "monitoring/event/",
    "monitoring/refusal/",
    "monitoring/token/",
    "monitoring/token/add/",
    "auth/user/",
    "auth/user/add/",
    "auth/group/add/",
    "auditlog/logentry/",
]
CLEAN = """() => {
    window.violations = [];
    document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sourceFile }) =>
        window.violations.push(`${violatedDirective} ${blockedURI} ${sourceFile}`));
}"""


@pytest.fixture
def walk(dashboard: Any) -> Any:
    """Goes to a page and tells what the policy forbade there."""
    dashboard.page.add_init_script(f"({CLEAN})()")
    dashboard.expected_noise = "Failed to load resource"  # 404, and 405 of /ingest

    def go(path: str) -> list[str]:
        dashboard.page.goto(f"{dashboard.server}{path}", wait_until="load")
        found: list[str] = dashboard.page.evaluate("window.violations")
        return found

    return go


@pytest.fixture
def signed_in(dashboard: Any) -> User:
    """An administrator, whose login the browser has."""
    user = User.objects.create_superuser("admin")
    client = Client()
    client.force_login(user)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": dashboard.server}
    dashboard.page.context.add_cookies([cookie])
    return user


def test_the_dashboard_needs_nothing_more(dashboard: Any, walk: Any) -> None:
    dashboard.post_history(30)
    assert walk("/dashboard") == []
    dashboard.wait_for_charts()
    assert dashboard.page.evaluate("window.violations") == []
    number = dashboard.card().locator("[data-digits]").first
    assert number.evaluate("node => parseFloat(getComputedStyle(node).minWidth)") > 0


def test_other_pages_neither(walk: Any) -> None:
    assert {path: found for path in PAGES if (found := walk(path))} == {}


def test_nor_the_browsable_api(dashboard: Any, walk: Any) -> None:
    dashboard.post_history(5)
    assert {path: found for path in BROWSABLE if (found := walk(path))} == {}


def test_nor_swagger_ui(dashboard: Any, walk: Any) -> None:
    walk("/docs")
    expect(dashboard.page.locator(".opblock").first).to_be_visible()
    dashboard.page.locator("#operations-tags-getTags button").first.click()
    dashboard.page.get_by_role("button", name="Try it out").click()
    dashboard.page.get_by_role("button", name="Execute").click()
    expect(dashboard.page.locator(".live-responses-table tbody .response-col_status").first).to_contain_text(
        "200"
    )
    assert dashboard.page.evaluate("window.violations") == []


def test_nor_the_admin(walk: Any, signed_in: User) -> None:
    issue_token(name="gateway", scope=Scope.INGEST)
    rows = [
        f"monitoring/tag/{Tag.objects.first().pk}/change/",
        f"monitoring/token/{Token.objects.get().pk}/change/",
    ]
    pages = [*ADMIN, *rows, f"auth/user/{signed_in.pk}/change/"]
    assert {path: found for path in pages if (found := walk(f"/admin/{path}"))} == {}


def test_what_it_forbids_does_not_run(dashboard: Any, walk: Any) -> None:
    dashboard.expected_noise = "Content Security Policy"
    walk("/dashboard")
    told = dashboard.page.evaluate(
        """() => new Promise((resolve) => {
            document.addEventListener("securitypolicyviolation", () => resolve(window.violations));
            setTimeout(() => resolve(["not forbidden"]), 30000);
            const script = document.createElement("script");
            script.textContent = "window.ran = true";
            document.body.append(script);
        })"""
    )
    assert dashboard.page.evaluate("window.ran") is None
    assert "script-src" in told[0]
