"""Documents of a provider, kept in memory and on disk, so that a provider that is away stops nothing."""

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import requests
from urllib3.exceptions import HTTPError

logger = logging.getLogger(__name__)

RETRY_S = 30.0  # between two requests, whether the provider answers or not
TIMEOUT_S = (3, 5)  # to connect, to read
LARGEST_BYTES = 2**20

Document = dict[str, Any]


class ProviderAwayError(Exception):
    """The provider does not answer, or not with an acceptable document, and there is no copy."""


class CachedDocument:
    """A JSON object at an address of the provider. Thread-safe.

    ``path`` is the copy on disk, ``check`` raises ``ValueError`` for an answer that is not acceptable.
    Requests are at least ``RETRY_S`` apart; meanwhile, and while the provider is away, the copy stands in.
    """

    def __init__(self, path: Path, check: Callable[[Document], None]) -> None:
        self.path, self.check = path, check
        self.url = ""
        self.found: Document | None = None
        self.is_away = False
        self._fetched_at = 0.0  # since 1970: the copy outlives the process
        self._tried_at: float | None = None  # monotonic
        self._lock = threading.Lock()

    def copy(self, url: str) -> Document | None:
        """Return the document without a request; None if there is no copy."""
        if self.url != url:
            with self._lock:
                self._read_copy(url)
        return self.found

    def get(self, url: str, *, max_age_s: float) -> Document:
        """Return the document; ask the provider if the copy is older than ``max_age_s``.

        Raises:
            ProviderAwayError: the provider does not answer, and there is no copy.
        """
        found = self.copy(url)
        if found is None or self.age_s() > max_age_s:
            self.refresh(url)
            found = self.found
        if found is None:
            raise ProviderAwayError("the provider does not answer")
        return found

    def age_s(self) -> float:
        """Return the age of the copy; infinite for a copy from the future, made by a clock that was ahead."""
        age = time.time() - self._fetched_at
        return age if age >= 0 else float("inf")

    def refresh(self, url: str) -> bool:
        """Ask the provider, at most once in ``RETRY_S``; return whether the provider answered last time."""
        if not self._lock.acquire(blocking=self.found is None):
            return not self.is_away  # another thread asks now, and the copy serves meanwhile
        try:
            now = time.monotonic()
            if self._tried_at is None or now - self._tried_at >= RETRY_S:
                self._tried_at = now
                self._keep(url, fetched(url, self.check))
        except (requests.RequestException, HTTPError, ValueError) as error:
            self._note_away(type(error).__name__)
        finally:
            self._lock.release()
        return not self.is_away

    def _keep(self, url: str, document: Document) -> None:
        """Keep an answer in memory and on disk."""
        self.url, self.found, self._fetched_at = url, document, time.time()
        if self.is_away:
            logger.info("identity provider back", extra={"url": url})
        self.is_away = False
        content = {"url": url, "fetched_at": self._fetched_at, "document": document}
        try:
            write_whole(self.path, json.dumps(content))
        except OSError as error:
            logger.warning("provider's document not kept on disk", extra={"error": str(error)})

    def _note_away(self, reason: str) -> None:
        """Log the beginning of an outage, once."""
        if not self.is_away:
            logger.warning("identity provider away", extra={"reason": reason})
        self.is_away = True

    def _read_copy(self, url: str) -> None:
        """Read the copy on disk, if it is one of this address and acceptable."""
        self.url, self.found, self._fetched_at = url, None, 0.0
        try:
            content = json.loads(self.path.read_bytes())
            if content["url"] != url:
                return
            document, fetched_at = content["document"], float(content["fetched_at"])
            self.check(document)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return
        self.found, self._fetched_at = document, fetched_at


def write_whole(path: Path, text: str) -> None:
    """Write a file so that readers see the old content or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def fetched(url: str, check: Callable[[Document], None]) -> Document:
    """Return the document that the provider answers now.

    Raises:
        requests.RequestException: no answer, or an error.
        ValueError: the answer is too large, not JSON, or not acceptable.
    """
    with requests.get(url, timeout=TIMEOUT_S, stream=True, headers={"Accept": "application/json"}) as answer:
        answer.raise_for_status()
        content = answer.raw.read(LARGEST_BYTES + 1, decode_content=True)
    if len(content) > LARGEST_BYTES:
        raise ValueError("too large")
    document = json.loads(content)
    if not isinstance(document, Mapping):
        raise ValueError("no JSON object")
    found = dict(document)
    check(found)
    return found
