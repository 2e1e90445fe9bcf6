"""Notice changes of tags (limits, time until stale, group, use) by bounded work, however many tags.

Vessels are few: all of them are compared each time.
"""

from monitoring.alarms.measured import rows_of

AT_ONCE = 1_000
TAGS = """
    SELECT id, name, "group", lower_limit, upper_limit, valid_min, valid_max, stale_after_s, active
    FROM tags WHERE id > %s AND id <= %s ORDER BY id
"""
VESSELS = "SELECT id, name, title, is_active FROM vessels ORDER BY id"
NEWEST = "SELECT max(id) FROM tags"
FIRST, LAST = 0, 2**62  # below and above all ids


class TagWatch:
    """Compare tags and vessels with those of the beginning: at each look the next AT_ONCE tags.

    A new tag, and a change of any vessel, is noticed at each look.
    """

    def __init__(self) -> None:
        self._rows = rows_of(TAGS, [FIRST, LAST])
        self._vessels = rows_of(VESSELS, [])
        self._place = 0

    def have_changed(self) -> bool:
        """Return whether a vessel or one of the next AT_ONCE tags has changed or is gone, or one is new."""
        if rows_of(VESSELS, []) != self._vessels:
            return True
        known = self._rows[self._place : self._place + AT_ONCE]
        after = self._rows[self._place - 1][0] if self._place else FIRST
        self._place += AT_ONCE
        is_last = self._place >= len(self._rows)
        if is_last:
            self._place = 0
        upto = LAST if is_last else known[-1][0]
        return rows_of(TAGS, [after, upto]) != known or self._is_one_new()

    def _is_one_new(self) -> bool:
        ((newest,),) = rows_of(NEWEST, [])
        return (newest or FIRST) > (self._rows[-1][0] if self._rows else FIRST)
