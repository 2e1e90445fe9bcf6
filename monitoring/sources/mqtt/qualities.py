"""The quality of tags as far as one connection has told: changes only."""

from collections.abc import Sequence

from monitoring.models import Quality
from monitoring.sources.session import Session


class TagQualities:
    """The qualities of the tags of one connection."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._good: set[str] = set()
        self._words: dict[str, str] = {}

    def word_of(self, tag: str) -> str | None:
        """Return the word with which a tag became bad or uncertain; None if good or unknown."""
        return self._words.get(tag)

    def good(self, tags: Sequence[str], time_us: int) -> None:
        """End the spans of tags that are not known as good."""
        changed = [tag for tag in tags if tag not in self._good]
        for tag in changed:
            self._good.add(tag)
            self._words.pop(tag, None)
        if changed:
            self.session.quality(changed, None, time_us=time_us)

    def lower(self, tags: Sequence[str], word: str, time_us: int, *, quality: Quality = Quality.BAD) -> None:
        """Begin spans of bad or uncertain quality."""
        for tag in tags:
            self._words[tag] = word
            self._good.discard(tag)
        if tags:
            self.session.quality(tags, quality, time_us=time_us, word=word)
