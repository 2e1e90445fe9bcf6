"""Everything that a selection has, page after page, oldest first."""

from collections.abc import Iterator

from monitoring.history.measurements import Page, Selection, read_page


def read_pages(selection: Selection, *, size: int) -> Iterator[Page]:
    """The selection in pages of ``size``, each read when it is asked for; one page at least.

    Each is a short query of its own: a long one would keep SQLite from writing back its log. What
    is stored meanwhile may or may not be among them; nothing is there twice, and nothing left out.
    """
    page = read_page(selection, limit=size, ascending=True)
    yield page
    while page.next is not None:
        page = read_page(selection, limit=size, ascending=True, after=page.next)
        yield page
