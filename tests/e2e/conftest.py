"""The dashboard in a real browser, over HTTP, with Chart.js as npm has it in the CDN's place."""

import math
import os
import shutil
import subprocess
import tarfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from django.conf import settings as django_settings
from django.core.servers.basehttp import ThreadedWSGIServer
from django.core.signals import request_finished, request_started
from filelock import FileLock
from playwright.sync_api import BrowserContext, Locator, Page, Request, Route, expect
from pytest_django.live_server_helper import LiveServer

from monitoring.live.feed import Feed
from monitoring.models import Event, Lease, Tag
from monitoring.operations.stream_feed import feed
from tests.patience import stretched

PATIENCE_MS = 60_000  # with a busy machine; what holds is seen at once
expect.set_options(timeout=PATIENCE_MS)

# Playwright's synchronous interface runs an event loop in this thread, which Django takes for async code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

VAR = Path(django_settings.BASE_DIR) / "var"
CHART_JS = "chart.js@4.6.1"
AXE = "axe-core@4.14.1"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run"
    " --disable-background-networking --disable-component-update --disable-sync"
)
WHY = {
    "stuck": "has not changed for 14 s; it normally changes every second",
    "step_up": "rose by 20 rpm within 4 s, 5 times as much as its noise",
    "noise": "is 2.1 times as noisy as it normally is",
    "spike": "jumped for 1 s, 8 times as far as its noise",
}
FOLLOWED = {"/health", "/alarms/present"}  # what a page asks for again and again, also in the background
JANUARY = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def unmeasured(no_cover) -> None:
    """Pages are measured by `tests/dashboard`; here that would slow their server."""


@pytest.fixture(scope="session")
def base_url() -> None:
    """None: tests name the server. The plugin's own fixture is of a kind that pytest warns of."""


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The system's Chromium: Playwright's own would have to be downloaded."""
    found = os.environ.get("FERMON_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if not found:
        pytest.fail("No Chromium found: install chromium, or name one by FERMON_CHROMIUM.", pytrace=False)
    return {**browser_type_launch_args, "executable_path": found, "args": ARGUMENTS.split()}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """A viewer in Berlin, so that a time left in UTC is seen.

    Playwright waits by evaluating text, which the pages' policy forbids: only ``test_csp`` has it in force.
    """
    return {
        **browser_context_args,
        "bypass_csp": True,
        "viewport": {"width": 1440, "height": 900},
        "timezone_id": "Europe/Berlin",
    }


@pytest.fixture(scope="session")
def chart_js() -> Path:
    """Chart.js as the CDN has it."""
    return script_of(CHART_JS, "dist/chart.umd.min.js")


@pytest.fixture(scope="session")
def axe_js() -> Path:
    """What checks a page for accessibility."""
    return script_of(AXE, "axe.min.js")


def script_of(package: str, file: str) -> Path:
    """A file out of npm's package, fetched once and kept in ``var/``."""
    cache = VAR / "test-cache"
    cache.mkdir(parents=True, exist_ok=True)
    script = cache / f"{package}.min.js"
    with FileLock(cache / "lock", timeout=120):
        if not script.exists():
            npm = shutil.which("npm")
            if not npm:
                pytest.fail(f"npm is needed to fetch {package} for the browser tests.", pytrace=False)
            packed = subprocess.run(
                [npm, "pack", "--silent", package], cwd=cache, check=True, capture_output=True, text=True
            )
            with tarfile.open(cache / packed.stdout.strip()) as tarball:
                script.write_bytes(tarball.extractfile(f"package/{file}").read())
    return script


def path_of(request: Request) -> str:
    return urlsplit(request.url).path


class Dashboard:
    """The page, and what a test does with it and with the server behind it."""

    def __init__(self, page: Page, server: str) -> None:
        self.page = page
        self.server = server
        self.noise: list[str] = []
        self.expected_noise = ""
        page.on("console", lambda m: self.noise.append(m.text) if m.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: self.noise.append(str(error)))
        self.asked: list[str] = []  # paths
        self.unanswered: set[Request] = set()
        page.on("request", self.note_request)
        page.on("requestfinished", lambda request: self.unanswered.discard(request))
        page.on("requestfailed", lambda request: self.unanswered.discard(request))

    def note_request(self, request: Request) -> None:
        self.asked.append(path_of(request))
        self.unanswered.add(request)

    def wait_until_read(self) -> None:
        """Until what the page reads at first is there, and has led to nothing more for a while."""
        for _ in range(20):
            self.asked.clear()
            self.page.wait_for_timeout(3000)
            if set(self.asked) <= FOLLOWED and {path_of(each) for each in self.unanswered} <= {"/stream"}:
                return
        raise AssertionError(f"The page goes on asking for {sorted(set(self.asked))}.")

    def open(self, query: str = "") -> "Dashboard":
        """Loads it."""
        self.page.goto(f"{self.server}/dashboard{query}")
        return self

    def post(self, *readings: tuple[str, float, float]) -> None:
        """Sends readings over HTTP: tag, value, age in seconds."""
        now = datetime.now(UTC)
        items = [
            {"tag": tag, "value": value, "timestamp": (now - timedelta(seconds=age)).isoformat()}
            for tag, value, age in readings
        ]
        answer = self.page.request.post(f"{self.server}/ingest/batch", data=items)
        assert answer.status == 201, answer.text()
        assert {item["status"] for item in answer.json()["results"]} == {"success"}

    def post_history(self, seconds: int = 90) -> None:
        """A quiet past of the three tags up to now, a second apart, with one fault of the temperature."""
        for tag, middle, swing in (
            ("fermenter_temp", 37.5, 1),
            ("fermenter_ph", 7, 0.2),
            ("agitator_rpm", 450, 40),
        ):
            wave = [(tag, middle + swing * math.sin(age / 7), float(age)) for age in range(seconds, -1, -1)]
            self.post(*wave)
        self.post(("fermenter_temp", 46.2, 30.5))

    def post_past(
        self, tag: str, values: Iterable[float], *, start: datetime = JANUARY, every_s: float = 1
    ) -> None:
        """Sends a tag's readings at an even pace."""
        items = [
            {"tag": tag, "value": value, "timestamp": (start + timedelta(seconds=i * every_s)).isoformat()}
            for i, value in enumerate(values)
        ]
        assert self.page.request.post(f"{self.server}/ingest/batch", data=items).status == 201

    def post_hours(self, hours: int = 3) -> None:
        """A quiet past of the temperature up to now, ten seconds apart, with a fault some 100 minutes ago.

        The fault lies within one minute by the clock, so that it is one interval of a chart however wide.
        """
        start = datetime.now(UTC) - timedelta(hours=hours)
        values = [round(37.5 + math.sin(i / 40), 2) for i in range(hours * 360 + 1)]
        first = len(values) - 602
        into_minute_s = (start.timestamp() + 10 * first) % 60
        first += math.ceil((60 - into_minute_s) / 10) % 6
        for place in range(first, first + 3):
            values[place] = 46.0 + place % 2
        self.post_past("fermenter_temp", values, start=start, every_s=10)

    def add_event(self, tag: str, kind: str, *, age: float, lasted: float | None = None) -> Event:
        """Puts an event there that began ``age`` seconds ago; without how long it lasted it is open."""
        start = datetime.now(UTC) - timedelta(seconds=age)
        event: Event = Event.objects.create(
            tag=Tag.objects.get(name=tag),
            detector=kind.split("_")[0],
            kind=kind,
            start=start,
            end=None if lasted is None else start + timedelta(seconds=lasted),
            score=2.5,
            explanation=f"{tag} {WHY[kind]}",
            revision=Event.objects.count() + 1,
        )
        return event

    def hide(self, *, hidden: bool = True) -> None:
        """Puts the page into the background, as far as it can tell."""
        self.page.evaluate(
            """hidden => {
                Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
                document.dispatchEvent(new Event("visibilitychange"));
            }""",
            hidden,
        )

    def show(self) -> None:
        """Brings it back into the foreground."""
        self.hide(hidden=False)

    def card(self, tag: str = "fermenter_temp") -> Locator:
        """The tag's card."""
        return self.page.locator(f".card[data-tag='{tag}']")

    def link(self) -> Locator:
        """The line that says whether data comes."""
        return self.page.locator("#status")

    def wait_for_charts(self, points: int = 1) -> None:
        """Until each chart in view has drawn this many points; the others are drawn once they come near."""
        self.page.wait_for_function(
            """points => [...document.querySelectorAll(".card:not([hidden]) canvas")]
                .filter((canvas) => canvas.getBoundingClientRect().top < innerHeight)
                .every((canvas) => window.Chart?.getChart(canvas)?.data.datasets[0].data.length >= points)""",
            arg=points,
        )

    def chart(self, expression: str, tag: str = "fermenter_temp") -> Any:
        """The expression's value, with ``chart`` as the tag's chart."""
        function = f"canvas => {{ const chart = Chart.getChart(canvas); return {expression} }}"
        return self.card(tag).locator("canvas").evaluate(function)

    def wait_until(self, condition: str, tag: str = "fermenter_temp") -> None:
        """Until the condition holds of ``chart``, the tag's chart."""
        self.page.wait_for_function(
            f"""tag => {{
                const canvas = document.querySelector(`.card[data-tag="${{tag}}"] canvas`);
                const chart = window.Chart?.getChart(canvas);
                return Boolean(chart && ({condition}));
            }}""",
            arg=tag,
        )

    def range(self, tag: str = "fermenter_temp") -> tuple[float, float]:
        """First and last moment that the tag's chart shows, in epoch milliseconds."""
        first, last = self.chart("[chart.scales.x.min, chart.scales.x.max]", tag)
        return first, last

    def wait_for_range(self, first: float, last: float) -> None:
        """Until the charts of the three tags show these times: a slow frame draws only some of the charts."""
        for tag in ("fermenter_temp", "fermenter_ph", "agitator_rpm"):
            self.wait_until(f"chart.scales.x.min === {first} && chart.scales.x.max === {last}", tag)

    def place(self, x: float, y: float = 0.5, tag: str = "fermenter_temp") -> tuple[float, float]:
        """A place on the page, by its share of the plotted area's width and height."""
        box = self.card(tag).locator("canvas").bounding_box()
        assert box
        area = self.chart(
            "(({left, right, top, bottom}) => [left, right, top, bottom])(chart.chartArea)", tag
        )
        left, right, top, bottom = area
        return box["x"] + left + x * (right - left), box["y"] + top + y * (bottom - top)

    def drag(self, start: float, end: float, tag: str = "fermenter_temp") -> None:
        """Drags along the tag's chart, from one share of its width to another."""
        self.page.mouse.move(*self.place(start, tag=tag))
        self.page.mouse.down()
        self.page.mouse.move(*self.place(end, tag=tag), steps=5)
        self.page.mouse.up()

    def pixels(self, tag: str = "fermenter_temp") -> dict[str, int]:
        """How many pixels of the chart are drawn at all, and how many are red."""
        counted: dict[str, int] = (
            self.card(tag)
            .locator("canvas")
            .evaluate(
                """canvas => {
                const image = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
                const count = { drawn: 0, red: 0 };
                for (let i = 0; i < image.data.length; i += 4) {
                    const [red, green, blue, alpha] = image.data.subarray(i, i + 4);
                    if (alpha > 0) count.drawn += 1;
                    if (alpha > 200 && red > 150 && green < 110 && blue < 110) count.red += 1;
                }
                return count;
            }"""
            )
        )
        return counted

    def screenshot(self, name: str) -> None:
        """Keeps how it looks, for people."""
        self.page.screenshot(path=VAR / "screenshots" / f"{name}.png")


@pytest.fixture
def worker_runs(transactional_db: None) -> None:
    """Heartbeats that do not age in ten minutes: nothing is wrong with the worker and with detection."""
    ahead = datetime.now(UTC) + timedelta(minutes=10)
    Lease.objects.update_or_create(source="judge", defaults={"renewed_at": ahead})
    Lease.objects.update_or_create(
        source="simulator", defaults={"owner": "test", "renewed_at": ahead, "written_until": ahead}
    )


@pytest.fixture
def lasting(transactional_db: None) -> None:
    """Readings that are not stale after ten seconds: on a busy machine, a page may take as long to load."""
    Tag.objects.update(stale_after_s=600)


@pytest.fixture(scope="session")
def answering() -> Iterator[set[threading.Thread]]:
    """The threads of the live server that answer a request just now."""
    threads: set[threading.Thread] = set()

    def begin(**_: object) -> None:
        thread = threading.current_thread()
        if ThreadedWSGIServer.process_request_thread.__name__ in thread.name:  # not that of a test's client
            threads.add(thread)

    def end(**_: object) -> None:
        threads.discard(threading.current_thread())

    request_started.connect(begin)
    request_finished.connect(end)
    yield threads
    request_started.disconnect(begin)
    request_finished.disconnect(end)


@pytest.fixture(autouse=True)
def own_feed(
    transactional_db: None, live_server: LiveServer, answering: set[threading.Thread]
) -> Iterator[Feed]:
    """The stream's thread, while the test's database may be reached: many pages follow the stream.

    At the end, wait for the answers to the pages' requests: later they would be calls in the next test.
    """
    own = feed()
    yield own
    own.stop()
    css = f"{live_server.url}/static/monitoring/base.css"
    with urlopen(css, timeout=stretched(60)) as answer:  # noqa: S310 - comes after all that came before
        answer.read()
    until = time.monotonic() + stretched(20)
    while any(thread.is_alive() for thread in list(answering)) and time.monotonic() < until:
        time.sleep(0.01)


@pytest.fixture
def answer_cdn(context: BrowserContext, chart_js: Path) -> Callable[[Callable[[Route], None]], None]:
    """Puts something into the CDN's place."""

    def answer(handler: Callable[[Route], None]) -> None:
        context.unroute_all()
        context.route("https://cdn.jsdelivr.net/**", handler)

    return answer


@pytest.fixture
def dashboard(
    worker_runs: None,
    own_feed: Feed,
    live_server: LiveServer,
    page: Page,
    chart_js: Path,
    answer_cdn: Callable[[Callable[[Route], None]], None],
) -> Iterator[Dashboard]:
    """The dashboard, not loaded yet; fails what writes to the browser's console what it should not."""
    page.set_default_timeout(PATIENCE_MS)
    headers = {"Access-Control-Allow-Origin": "*", "Content-Type": "text/javascript"}
    answer_cdn(lambda route: route.fulfill(path=chart_js, headers=headers))
    found = Dashboard(page, live_server.url)
    yield found
    page.goto("about:blank")  # ends its requests before the database is emptied
    surprises = [text for text in found.noise if not found.expected_noise or found.expected_noise not in text]
    assert surprises == []
