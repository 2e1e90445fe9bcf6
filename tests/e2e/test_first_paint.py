"""The first paint stays: the scripts make of it the texts that the server has sent."""

from typing import Any

import pytest

from monitoring.models import Tag

pytestmark = pytest.mark.once

# Notes each change of a text after the page was parsed. Numbers may go on, and times move to the zone of
# the viewer, in which day and year may be others, and in which an hour comes twice when summer time ends.
WATCH = """
const WATCHED = [
  ".reading :is([data-part=value], [data-part=word], [data-part=lasting])",
  ".reading :is([data-part=detail], [data-part=ahead])",
  ":is(#events, #anomalies, #totals) [data-part]", "#status [data-link]", "#moment", "#events-open",
].join();
const plain = (nodes) => [...nodes].map(({ textContent }) => textContent).join("")
  .replace(/ UTC([+-][0-9:]+)?/g, "").replace(/[0-9]+ [A-Z][a-z]+ ([0-9]{4} )?/g, "").replace(/[0-9]+/g, "#");
window.changes = [];
document.addEventListener("readystatechange", () => {
  if (document.readyState !== "interactive") return;
  const noted = (records) => records.forEach(({ target, removedNodes, addedNodes }) => {
    const [before, after] = [removedNodes, addedNodes].map(plain);
    if (target.closest(WATCHED) && before !== after) window.changes.push(`${before} -> ${after}`);
  });
  new MutationObserver(noted).observe(document, { subtree: true, childList: true });
});
"""


@pytest.mark.parametrize("query", ["", "?kiosk=1"])
def test_the_scripts_go_on_with_the_texts_of_the_server(dashboard: Any, query: str) -> None:
    Tag.objects.update(stale_after_s=600)
    for tag, middle in (("fermenter_temp", 37.5), ("fermenter_ph", 7), ("agitator_rpm", 450)):
        dashboard.post(*((tag, middle * (1 + age % 3 / 100), float(age)) for age in range(60, 9, -1)))
    dashboard.post(("fermenter_temp", 46.125, 5), ("fermenter_temp", 44.44, -200))  # outside; ahead of time
    dashboard.post(("fermenter_ph", 7.9, 5))  # unusual
    dashboard.add_event("agitator_rpm", "step_up", age=200)
    dashboard.add_event("agitator_rpm", "stuck", age=130)
    dashboard.add_event("fermenter_ph", "noise", age=200_000, lasted=600)
    dashboard.page.add_init_script(WATCH)
    dashboard.open(query)
    dashboard.page.wait_for_function("document.querySelector('#status').dataset.mode === 'stream'")
    dashboard.page.wait_for_timeout(1500)  # the windows, reasons and events have been read
    assert dashboard.page.evaluate("window.changes") == []
