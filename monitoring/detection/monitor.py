"""All detectors of one tag at work on its readings, and the events that they make of them."""

import zlib
from collections.abc import Sequence
from dataclasses import replace

import msgpack

from monitoring.detection.detector_bank import Parts
from monitoring.detection.detectors.detector import Detector
from monitoring.detection.detectors.forecaster import Forecaster
from monitoring.detection.detectors.residual_scale import LEARN, LearningMode
from monitoring.detection.detectors.settings import DETECTORS, DetectionSettings, SettingError
from monitoring.detection.incidents import Incident
from monitoring.kernel.incident_event import Event
from monitoring.kernel.number_format import Words

__all__ = ["DETECTORS", "VERSION", "DetectionSettings", "SettingError", "StateError", "TagMonitor"]

VERSION = 1
NOTABLE = 2e6  # usual intervals, in µs for one in s: a shorter silence is none
SOON = 30  # usual intervals: what is stuck or silent again after less is the same event
# Of the findings in one incident, those of the highest rank say best what it is.
RANKS = {"spike": 0, "novelty": 1, "noise": 2, "rate": 3, "step": 4, "drift": 4}
JUMPS = frozenset({"spike", "step"})  # what a change of a constant signal may be
NEWS_OF_ONE = frozenset({"spike", "novelty"})  # what one reading alone may be
FAR = 10.0  # a spike's score: no noise reaches it, and such a reading alone makes a quiet signal scatter
SPIKE = 7  # readings: what lasts for longer is no spike
IN_SCATTER = 72  # readings: for so long a spike is in the noise detector's windows

Found = tuple[str, Detector, float]


class StateError(ValueError):
    """A saved state can't be used: it is of another version, or not one at all."""


class TagMonitor:
    """Judges a tag's readings one after another; its answers hang on nothing but their order.

    What the process does, or what its sensor makes of it (spike, step, drift, noise, rate, novelty), is
    one incident at a time; a sensor that is stuck, cut off or silent is another each.

    ``name`` and ``unit`` are for the sentences.
    """

    __slots__ = ("_changed", "_is_troubled", "parts", "settings", "words")

    def __init__(self, name: str, unit: str = "", settings: DetectionSettings | None = None) -> None:
        self.words = Words(name, unit)
        self.settings = settings or DetectionSettings()
        self.parts = Parts(self.settings)
        self._changed: list[Event] = []
        self._is_troubled = False  # whether there is any incident now, but for silence

    @property
    def novelty(self) -> float:
        """How new the newest reading's value is, in [0, 1); see ``Novelty``."""
        return self.parts.novelty.grade

    @property
    def last_us(self) -> int | None:
        """The newest reading's time, None before the first."""
        return self.parts.course.last_us

    @property
    def open_events(self) -> list[Event]:
        """The events that last."""
        return [incident.event() for incident in self.parts.incidents if incident.is_open]

    def take(self, times_us: Sequence[int], values: Sequence[float]) -> list[Event]:
        """Judges and learns readings in the order of time; the events that began, changed or ended.

        A reading that is not behind the newest is late: it is left out. An event may be in the answer
        more than once: the last one counts. ``novelty`` is the newest reading's then.
        """
        self._changed = []
        course, silence = self.parts.course, self.parts.silence
        for time_us, value in zip(times_us, values, strict=True):
            last_us = course.last_us
            if last_us is None:
                self._judge(int(time_us), float(value))
            elif time_us > last_us:
                if silence.detector or time_us - last_us > NOTABLE * course.interval:
                    self._break_silence(int(time_us))
                self._judge(int(time_us), float(value))
        self.parts.let_go()
        return self._changed

    def step_back(self, time_us: int) -> list[Event]:
        """Goes on at a time before the newest reading, which was ahead of time; the events that ended.

        What was learned stays, but for what was learned of times to come.
        """
        self._changed = []
        for incident in self.parts.incidents:
            if incident.is_open:
                event = incident.end()
                end_us = max(event.start_us, min(event.end_us or time_us, time_us))
                self._changed.append(replace(event, end_us=end_us))
        if not self.parts.course.step_back(time_us):
            self.parts = Parts(self.settings)
        self.parts.stuck.began_us = min(self.parts.stuck.began_us, time_us)
        self._look_for_trouble()
        return self._changed

    def is_silent(self, now_us: int) -> bool:
        """Whether readings have stopped coming, by the clock: there is something to ``look`` at."""
        last_us = self.parts.course.last_us
        return (
            last_us is not None and self.parts.missing.score(self.parts.course, (now_us - last_us) / 1e6) > 1
        )

    def look(self, now_us: int) -> list[Event]:
        """Notices by the clock that readings have stopped coming; events as ``take`` answers them.

        A silence that lasts has changed whenever it is looked at: how often that is told is the caller's.
        """
        self._changed = []
        if self.parts.course.last_us is not None:
            self._hear(now_us, (now_us - self.parts.course.last_us) / 1e6)
        return self._changed

    def _hear(self, now_us: int, silence_s: float) -> None:
        """Judges a time without a reading."""
        score = self.parts.missing.score(self.parts.course, silence_s)
        if score <= 1 or "missing" in self.settings.off:
            return
        for incident in (self.parts.process, self.parts.sticking, self.parts.cutting):
            self._end(incident)
        if not self.parts.silence.is_open:
            start_us = (self.parts.course.last_us or 0) + int(self.parts.course.interval * 1e6)
            self._begin(self.parts.silence, "missing", start_us)
        self.parts.silence.note(score, now_us)
        told = self.parts.missing.explain(self.parts.course, self.words, silence_s)
        self.parts.silence.tell("missing", told, score=score, rank=0)
        self._changed.append(self.parts.silence.event())

    def _break_silence(self, time_us: int) -> None:
        """A reading ends the time without one.

        If the readings have a hole that is worth telling, that is the event. If they only came late, it
        lasted until the clock last found none.
        """
        silence, last_us = self.parts.silence, self.parts.course.last_us or 0
        self._hear(time_us, (time_us - last_us) / 1e6)
        silent_until_us = time_us
        if silence.is_open:
            silent_until_us = max(time_us, silence.last_us)
            self._end(silence)
        self.parts.missing.learn(self.parts.course, (silent_until_us - last_us) / 1e6)

    def _judge(self, time_us: int, value: float) -> None:
        parts = self.parts
        course = parts.course
        is_stuck = self._is_troubled and parts.sticking.is_open
        is_freed = is_stuck and value - course.origin != course.value
        course.learning_mode = self._learning_mode() if self._is_troubled else LEARN
        course.update(time_us, value, anew=is_freed)
        parts.saturation.note(course.value)
        novelty = parts.novelty.score(course)
        parts.novelty.learn(course)
        self._judge_sticking(course)
        course.learning_mode = self._learning_mode() if self._is_troubled else LEARN
        if not (self._is_troubled and parts.sticking.is_open):
            if course.has_block:
                self._judge_cutting(course)
            self._judge_process(course, novelty)
            course.learn()
        else:
            parts.saturation.ties = 0
        if course.has_block:
            self._end_block(course)

    def _end_block(self, course: Forecaster) -> None:
        """What is done once a block of readings."""
        for fading in (self.parts.unrest, self.parts.stuck, self.parts.missing):
            fading.fade()
        self.parts.burden.add(in_fault=self._is_troubled)
        if course.is_refit_due and self._may_refit():
            refit = course.refit(anew=self.parts.burden.is_too_much)
            if refit is not None:
                self.parts.step.adjust(refit)
                self.parts.drift.adjust(refit)

    def _may_refit(self) -> bool:
        """Whether the cycles may be learned: not from a fault, unless it stays."""
        return not self.parts.course.is_periodic or self.parts.burden.is_too_much or not self._is_troubled

    def _look_for_trouble(self) -> None:
        """To be called whenever an incident began or ended: readings without trouble look at none then."""
        parts = self.parts
        self._is_troubled = bool(parts.process.detector or parts.sticking.detector or parts.cutting.detector)

    def _learning_mode(self) -> LearningMode:
        """What the present reading is to teach the detectors of the process, in trouble."""
        parts = self.parts
        if parts.burden.is_too_much:
            return LEARN
        return (
            LearningMode.FREEZE
            if parts.course.is_periodic and not parts.unrest.is_frequent
            else LearningMode.RECORD
        )

    def _judge_sticking(self, course: Forecaster) -> None:
        stuck, sticking = self.parts.stuck, self.parts.sticking
        score = stuck.score(course)
        stuck.learn(course)
        if self._is_troubled and sticking.detector:
            if stuck.run == 0:
                self._end(sticking)
            else:
                sticking.last_us = course.last_us or 0
        if score > 1 and not self.parts.cutting.is_open:
            self._found(sticking, "stuck", stuck, score, start_us=stuck.began_us)

    def _judge_cutting(self, course: Forecaster) -> None:
        saturation, cutting = self.parts.saturation, self.parts.cutting
        score = saturation.score(course)
        saturation.learn(course)
        if score > 1:
            self._found(cutting, "saturation", saturation, score)
        elif cutting.detector and cutting.rest():
            self._end(cutting)
            self.parts.step.begin()
            self.parts.drift.begin()

    def _judge_process(self, course: Forecaster, novelty: float) -> None:
        parts = self.parts
        found: list[Found] = [("novelty", parts.novelty, novelty)] if novelty > 1 else []
        detectors = parts.all_of_them if course.has_block or course.is_reset else parts.each_reading
        for name, detector in detectors:
            score = detector.score(course)
            detector.learn(course)
            if score > 1:
                found.append((name, detector, score))
        if found:
            found = [one for one in found if self._is_told(one[0], course)]
        if len(found) > 1 or (found and self._is_troubled):
            found = self._without_scatter_of_spike(found, course)
        if not found and not self._is_troubled:
            return
        if found and (parts.process.is_open or not parts.cutting.is_open):
            self._found(parts.process, *max(found, key=lambda one: (RANKS[one[0]], one[2])))
        elif parts.process.detector and (course.is_reset or parts.process.rest()):
            self._end(parts.process)

    def _without_scatter_of_spike(self, found: list[Found], course: Forecaster) -> list[Found]:
        """Drop noise where one far spike is all that has happened."""
        process = self.parts.process
        if process.is_open:
            last_us, reading_us = course.last_us or 0, course.interval * 1e6
            is_spike = (
                process.teller in NEWS_OF_ONE
                and process.told >= FAR
                and process.last_us - process.start_us <= SPIKE * reading_us
                and last_us - process.last_us <= IN_SCATTER * reading_us
            )
        else:
            is_spike = any(name == "spike" and score >= FAR for name, _, score in found)
        return [one for one in found if one[0] != "noise"] if is_spike else found

    def _is_told(self, name: str, course: Forecaster) -> bool:
        """Whether the detector is to be heard.

        A constant signal changes by a jump, whatever it seems: any other value would be new.
        """
        if name in self.settings.off:
            return False
        return course.sigma > 0 or name in JUMPS or (name == "novelty" and "spike" in self.settings.off)

    def _found(
        self,
        incident: Incident,
        name: str,
        detector: Detector,
        score: float,
        *,
        start_us: int | None = None,
    ) -> None:
        """A finding in the present reading."""
        if name in self.settings.off:
            return
        now_us = self.parts.course.last_us or 0
        if not incident.is_open:
            self._begin(incident, name, now_us if start_us is None else start_us)
            self._look_for_trouble()
            if incident is self.parts.process:
                self._begin_fault()
        is_worst = incident.note(score, now_us)
        rank = RANKS.get(name, 0)
        if incident.is_news(name, score, rank):
            incident.tell(name, detector.explain(self.parts.course, self.words), score=score, rank=rank)
            self._changed.append(incident.event())
            if name == "step" and self.parts.course.learning_mode is not LearningMode.FREEZE:
                self.parts.spike.note_move()
        elif is_worst and name == incident.teller:
            incident.retell(detector.explain(self.parts.course, self.words))

    def _begin(self, incident: Incident, name: str, start_us: int) -> None:
        """Opens an event, or again the one before: flapping is one event."""
        soon_us = SOON * self.parts.course.interval * 1e6
        if incident.quiet == 0 and incident.kind and 0 <= start_us - incident.last_us <= soon_us:
            incident.resume(name)
        else:
            incident.begin(name, start_us)

    def _begin_fault(self) -> None:
        """What has just been learned may belong to the fault."""
        self.parts.unrest.add()
        if self.parts.course.is_periodic:
            self.parts.course.discard_recent()
            for detector in (self.parts.step, self.parts.drift, self.parts.noise, self.parts.rate):
                detector.discard_recent()

    def _end(self, incident: Incident) -> None:
        if incident.is_open:
            self._changed.append(incident.end())
            self._look_for_trouble()

    def dump(self) -> bytes:
        """The whole state, at most 100 kB; its version stands in it."""
        return zlib.compress(msgpack.packb([VERSION, self.parts.state()]), level=1)

    def restore(self, dumped: bytes) -> None:
        """Goes on where the monitor was whose ``dump`` this is.

        An event whose detector is switched off here is none any more: ``open_events`` do not have it.

        Raises:
            StateError: it is no state of this version; the monitor is as it was.
        """
        parts = Parts(self.settings)
        try:
            version, state = msgpack.unpackb(zlib.decompress(dumped), use_list=False)
            if version == VERSION:
                parts.restore(state)
        except (ValueError, TypeError, zlib.error) as error:
            raise StateError(f"no state of a monitor: {error}") from error
        if version != VERSION:
            raise StateError(f"a state of version {version}, expected {VERSION}")
        for incident in parts.incidents:
            if incident.detector in self.settings.off:
                incident.end()
        self.parts = parts
        self._look_for_trouble()
