"""All measurements of a selection, page by page, oldest first."""

from collections.abc import Iterator

from monitoring.history.measurements import MeasurementPage, Selection, read_page


def read_pages(selection: Selection, *, size: int) -> Iterator[MeasurementPage]:
    """Yield the selection in pages of ``size``, each read on demand; at least one page.

    Each page is a short query of its own: a long query would keep SQLite from checkpointing its log.
    Measurements stored during the export may or may not be included; all others appear exactly once.
    """
    page = read_page(selection, limit=size, ascending=True)
    yield page
    while page.next is not None:
        page = read_page(selection, limit=size, ascending=True, after=page.next)
        yield page
