"""The journal of alarms as a file, page by page, in CSV or JSON lines."""

import csv
import json
from collections.abc import Iterable, Iterator
from io import StringIO
from typing import Any

import orjson

from monitoring.alarms.journal import JournalPage, JournalSelection, read_journal
from monitoring.history.spreadsheet import inert

LINES = 2_000
COLUMNS = (
    *("id", "at", "noticed_at", "act", "alarm", "occurrence", "tag", "group", "kind", "priority"),
    *("from", "to", "value", "by", "via", "address", "reason", "comment", "changes"),
)


def read_journal_pages(selection: JournalSelection) -> Iterator[JournalPage]:
    """Yield the selected lines in pages, oldest first, each read on demand; at least one page."""
    page = read_journal(selection, limit=LINES, ascending=True)
    yield page
    while page.next is not None:
        page = read_journal(selection, limit=LINES, ascending=True, after=page.next)
        yield page


def write_csv(pages: Iterable[JournalPage]) -> Iterator[bytes]:
    """Write a header and a row per line of the journal, with escaped formulas."""
    text = StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for page in pages:
        writer.writerows([cell(line[name]) for name in COLUMNS] for line in page.as_json())
        yield text.getvalue().encode()
        text.seek(0)
        text.truncate()


def cell(value: Any) -> Any:
    """Return a value as the cell of a table."""
    if isinstance(value, str):
        return inert(value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value


def write_jsonl(pages: Iterable[JournalPage]) -> Iterator[bytes]:
    """Write an item of ``/alarms/journal`` per line."""
    for page in pages:
        yield b"".join(orjson.dumps(item, option=orjson.OPT_APPEND_NEWLINE) for item in page.as_json())


FORMATS = {"csv": ("text/csv", write_csv), "jsonl": ("application/x-ndjson", write_jsonl)}
