"""Sources that number their readings, keep what is not acknowledged, and send it again until it is."""

import math
import random
import threading
import traceback
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import requests

EPOCH = datetime(2020, 1, 1)  # noqa: DTZ001 - timestamps without an offset are UTC by contract
ANSWER_S = 60.0
KEPT_AT_MOST = 600
WORDS = {200: "duplicate", 201: "success", 202: "queued_for_retry", 400: "error", 409: "error"}
STORED = {"success", "duplicate"}
KEPT = "queued_for_retry"


@dataclass(frozen=True, slots=True)
class Signal:
    """What a writer sends: a tag, the middle of its values, its limits' and its range's half widths."""

    tag: str
    middle: float
    limit: float
    valid: float


@dataclass(frozen=True, slots=True)
class Reading:
    """A numbered reading. A bad one must never be stored, whatever it is answered."""

    tag: str
    timestamp: str
    value: Any
    bad: bool = False

    def body(self) -> dict[str, Any]:
        """As it is posted."""
        return {"timestamp": self.timestamp, "tag": self.tag, "value": self.value}


class Writer(threading.Thread):
    """Posts readings of one signal to a server that may die at any moment.

    ``batch`` is the most that it posts at once; 1 posts single readings. Of two writers of one
    signal, each has its own ``offset`` within the second.
    """

    def __init__(self, url: str, signal: Signal, *, batch: int, seed: int, offset: timedelta) -> None:
        super().__init__(name=f"writer of {signal.tag}")
        self.url = url
        self.signal = signal
        self.batch = batch
        self.offset = offset
        self.rng = random.Random(seed)
        self.number = 0
        self.waiting: list[Reading] = []
        self.acknowledged: dict[Reading, str] = {}
        self.refused: dict[Reading, str] = {}
        self.answers: Counter[int] = Counter()
        self.problems: list[str] = []
        self.no_more = threading.Event()
        self.give_up = threading.Event()

    def run(self) -> None:
        """Until ``no_more`` is set and everything is answered, or ``give_up`` is; notes what goes wrong."""
        try:
            self.write()
        except Exception:  # noqa: BLE001 - whatever it is, the test has to fail by it
            self.problems.append(f"{self.name} broke:\n{traceback.format_exc()}")

    def write(self) -> None:
        """Makes readings and sends them."""
        with requests.Session() as self.session:
            while not self.give_up.is_set() and (self.waiting or not self.no_more.is_set()):
                if not self.no_more.is_set() and len(self.waiting) < KEPT_AT_MOST:
                    self.waiting += [self.reading() for _ in range(self.rng.randint(1, self.batch))]
                went_well = self.post(self.some_waiting())
                self.give_up.wait(0.03 if went_well else 0.2)

    def some_waiting(self) -> list[Reading]:
        """Some of what waits: mostly the oldest, now and then from anywhere."""
        if self.rng.random() < 0.1:
            self.rng.shuffle(self.waiting)
        return self.waiting[: self.rng.randint(1, self.batch)]

    def reading(self) -> Reading:
        """The next reading: mostly new and good, sometimes bad, contradicting, or sent before."""
        self.number += 1
        chance = self.rng.random()
        if chance < 0.04:
            return self.bad_reading()
        if chance < 0.08 and (known := self.one_stored()):
            value = self.value()
            if value == known.value:  # by a rare chance: it would be no contradiction
                value += 0.001
            return Reading(known.tag, known.timestamp, value, bad=True)
        if chance < 0.12 and (known := self.one_stored()):
            return known
        return Reading(self.signal.tag, self.timestamp(), self.value())

    def one_stored(self) -> Reading | None:
        """One of the last readings that were answered as stored."""
        last = list(self.acknowledged.items())[-50:]
        stored = [reading for reading, word in last if word in STORED]
        return self.rng.choice(stored) if stored else None

    def bad_reading(self) -> Reading:
        """One that no server may store."""
        signal = self.signal
        return self.rng.choice(
            [
                Reading(signal.tag, self.timestamp(), signal.middle + 2 * signal.valid, bad=True),
                Reading(signal.tag, self.timestamp(), "warm", bad=True),
                Reading(signal.tag, "2099-01-01T00:00:00Z", signal.middle, bad=True),
                Reading("torture_unknown", self.timestamp(), signal.middle, bad=True),
            ]
        )

    def timestamp(self) -> str:
        """The number as a moment: a second each, on two sides of a night in which clocks change."""
        return (EPOCH + timedelta(days=89, seconds=self.number) + self.offset).isoformat()

    def value(self) -> float:
        """A slow wave with noise; some values beyond the limits, and some just out of line."""
        signal = self.signal
        wave = 0.5 * math.sin(self.number / 100) + self.rng.gauss(0, 0.03)
        chance = self.rng.random()
        if chance < 0.02:
            wave = self.rng.choice([-1.5, 1.5])
        elif chance < 0.1:
            wave += self.rng.choice([-0.15, 0.15])
        return round(signal.middle + signal.limit * wave + self.rng.uniform(0, 1e-4), 6)

    def post(self, readings: Sequence[Reading]) -> bool:
        """Sends them and notes the answer; whether there was one that settles anything."""
        single = len(readings) == 1 and self.rng.random() < 0.9
        body: Any = readings[0].body() if single else [reading.body() for reading in readings]
        path = "/ingest" if single else "/ingest/batch"
        try:
            answer = self.session.post(f"{self.url}{path}", json=body, timeout=ANSWER_S)
        except requests.RequestException:
            return False  # nobody knows what became of it: it is sent again
        if "Content-Length" not in answer.headers:
            return False  # the server was killed after the first lines of its answer
        self.answers[answer.status_code] += 1
        if answer.status_code == 503:
            self.check("Retry-After" in answer.headers, "503 without Retry-After")
            return False
        words = [WORDS.get(answer.status_code)] if single else words_of_batch(answer)
        if len(words) != len(readings) or None in words:
            self.check(False, f"{path} answered {answer.status_code} {answer.text[:500]}")
            return False
        for reading, word in zip(readings, words, strict=True):
            self.note(reading, str(word), answer)
        return True

    def note(self, reading: Reading, word: str, answer: requests.Response) -> None:
        """Settles a reading by the word of its answer."""
        self.waiting.remove(reading)
        if reading.bad:
            self.check(word not in STORED, f"{reading} was answered {word}")
            self.refused[reading] = word
        elif word in STORED or word == KEPT:
            self.acknowledged[reading] = word
        else:
            self.check(False, f"{reading} was refused: {answer.text[:500]}")

    def check(self, good: bool, problem: str) -> None:
        """Notes a problem for the end of the test."""
        if not good:
            self.problems.append(problem)


def words_of_batch(answer: requests.Response) -> list[str | None]:
    """The status of each item; none if the batch as a whole was refused."""
    if answer.status_code not in {201, 202}:
        return []
    return [result["status"] for result in answer.json()["results"]]
