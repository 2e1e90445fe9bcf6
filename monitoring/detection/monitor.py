"""Run all detectors of one tag on its readings, and turn the findings into events."""

import zlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgpack

from monitoring.detection.detector_bank import DetectorBank
from monitoring.detection.detectors.detector import Detector
from monitoring.detection.detectors.forecaster import Forecaster
from monitoring.detection.detectors.residual_scale import LEARN, LearningMode
from monitoring.detection.detectors.settings import DETECTORS, DetectionSettings, SettingError
from monitoring.detection.incidents import Incident
from monitoring.kernel.incident_event import Event
from monitoring.kernel.number_format import Words

__all__ = ["DETECTORS", "VERSION", "DetectionSettings", "SettingError", "StateError", "TagMonitor"]

# Version 2 has the ring of novelty in one piece, version 3 in zlib streams; version 4 has the ring and the
# blocks of the forecaster in chunks of ``packed_floats``.
VERSION = 4
GROWN_PART = "spike"  # which version 2 gave more attributes; a state of version 1 gets those of a new one
NOTABLE = 2e6  # usual intervals, in µs for one in s: a shorter silence is none
SOON = 30  # usual intervals: what is stuck or silent again after less is the same event
# Of the findings in one incident, the one with the highest rank describes the incident best.
RANKS = {"spike": 0, "forest": 0, "novelty": 1, "noise": 2, "rate": 3, "step": 4, "drift": 4}
JUMPS = frozenset({"spike", "step"})  # the possible changes of a constant signal
NEWS_OF_ONE = frozenset({"spike", "novelty"})  # the possible findings in a single reading
FAR = 10.0  # a spike's score: no noise reaches it, and such a reading alone makes a quiet signal scatter
SPIKE = 7  # readings: a longer deviation is no spike
IN_SCATTER = 72  # readings: for so long a spike is in the noise detector's windows

Found = tuple[str, Detector, float]


class StateError(ValueError):
    """A saved state can't be used: another version wrote it, or it is no state at all."""


class TagMonitor:
    """Detect events in a tag's readings, one after another. The result depends only on their order.

    The findings of spike, step, drift, noise, rate and novelty belong to one incident at a time, that of
    the process. A stuck, a saturated and a silent sensor are an incident each.

    ``name`` and ``unit`` appear in the explanations.
    """

    __slots__ = ("_changed", "_disabled", "_in_fault", "bank", "confirmed_us", "settings", "words")

    def __init__(self, name: str, unit: str = "", settings: DetectionSettings | None = None) -> None:
        self.words = Words(name, unit)
        self.settings = settings or DetectionSettings()
        self._disabled = self.settings.disabled
        self.bank = DetectorBank(self.settings)
        self.confirmed_us = 0  # until when a source has confirmed the newest value
        self._changed: list[Event] = []
        self._in_fault = False  # an incident is open, other than missing readings

    @property
    def novelty(self) -> float:
        """Return the novelty of the newest reading's value, in [0, 1); see ``Novelty``."""
        return self.bank.novelty.grade

    @property
    def last_us(self) -> int | None:
        """Return the time of the newest reading; None before the first."""
        return self.bank.course.last_us

    def known_until(self, at_us: int) -> int:
        """Return the time of the newest reading, or of a later confirmation, not after ``at_us``."""
        return max(self.bank.course.last_us or 0, min(self.confirmed_us, at_us))

    @property
    def open_events(self) -> list[Event]:
        """Return the events that have not ended."""
        return [incident.event() for incident in self.bank.incidents if incident.is_open]

    def update(self, times_us: Sequence[int], values: Sequence[float]) -> list[Event]:
        """Detect in and learn from readings in the order of time.

        Return the events that began, changed or ended. An event may occur more than once; the last
        occurrence counts. A reading that is not later than the newest one is skipped.
        """
        self._changed = []
        course, silence = self.bank.course, self.bank.missing_incident
        for time_us, value in zip(times_us, values, strict=True):
            last_us = course.last_us
            if last_us is None:
                self._judge(int(time_us), float(value))
            elif time_us > last_us:
                silence_us = time_us - self.known_until(int(time_us))
                if silence.detector or silence_us > NOTABLE * course.interval:
                    self._break_silence(int(time_us))
                self._judge(int(time_us), float(value))
        self.bank.let_go()
        return self._changed

    def step_back(self, time_us: int) -> list[Event]:
        """Continue at a time before the newest reading, which was ahead of the clock.

        Return the events that this ends. Learned values stay, except those that belong to later times.
        """
        self._changed = []
        for incident in self.bank.incidents:
            if incident.is_open:
                event = incident.end()
                end_us = max(event.start_us, min(event.end_us or time_us, time_us))
                self._changed.append(replace(event, end_us=end_us))
        if not self.bank.course.step_back(time_us):
            self.bank = DetectorBank(self.settings)
        self.bank.stuck.began_us = min(self.bank.stuck.began_us, time_us)
        self._update_in_fault()
        return self._changed

    @property
    def ready_us(self) -> int | None:
        """Return when all detectors will have learned what is normal, if readings go on.

        None without readings to judge from, and once the detectors have learned.
        """
        course, to_go = self.bank.course, self.to_go
        if not to_go or course.last_us is None or not course.interval:
            return None
        return course.last_us + round(to_go * course.interval * 1e6)

    @property
    def to_go(self) -> int:
        """Return how many further readings the slowest detector in use needs to learn what is normal."""
        course, bank = self.bank.course, self.bank
        detectors = {**dict(bank.all_of_them), "novelty": bank.novelty, "stuck": bank.stuck}
        detectors |= {"saturation": bank.saturation}
        found = [each.to_go(course) for name, each in detectors.items() if name not in self._disabled]
        if "missing" not in self._disabled:
            found.append(bank.missing.to_go(course))
        return max(found, default=0)

    def is_silent(self, now_us: int) -> bool:
        """Return whether readings have stopped coming by the clock, so that ``check_silence`` is needed."""
        if self.bank.course.last_us is None:
            return False
        silence_s = (now_us - self.known_until(now_us)) / 1e6
        return self.bank.missing.score(self.bank.course, silence_s) > 1

    def check_silence(self, now_us: int) -> list[Event]:
        """Detect by the clock that readings have stopped coming; return events as ``update`` does.

        A silence that lasts changes at every check. The caller decides how often to report that.
        """
        self._changed = []
        if self.bank.course.last_us is not None:
            self._hear(now_us, (now_us - self.known_until(now_us)) / 1e6)
        return self._changed

    def end_silence(self) -> list[Event]:
        """End the event of missing readings, if one is open; return events as ``update`` does."""
        self._changed = []
        self._end(self.bank.missing_incident)
        return self._changed

    def _hear(self, now_us: int, silence_s: float) -> None:
        """Evaluate a period without readings."""
        score = self.bank.missing.score(self.bank.course, silence_s)
        if score <= 1 or "missing" in self._disabled:
            return
        for incident in (self.bank.process_incident, self.bank.stuck_incident, self.bank.saturation_incident):
            self._end(incident)
        if not self.bank.missing_incident.is_open:
            start_us = self.known_until(now_us) + int(self.bank.course.interval * 1e6)
            self._begin(self.bank.missing_incident, "missing", start_us)
        self.bank.missing_incident.add_finding(score, now_us)
        description = self.bank.missing.explain(self.bank.course, self.words, silence_s)
        self.bank.missing_incident.report("missing", description, score=score, rank=0)
        self._changed.append(self.bank.missing_incident.event())

    def _break_silence(self, time_us: int) -> None:
        """End the period without readings at a reading.

        If readings are missing, the gap is the event. If readings only came late, the event lasted until
        the last check by the clock.
        """
        silence, last_us = self.bank.missing_incident, self.known_until(time_us)
        self._hear(time_us, (time_us - last_us) / 1e6)
        silent_until_us = time_us
        if silence.is_open:
            silent_until_us = max(time_us, silence.last_us)
            self._end(silence)
        self.bank.missing.learn(self.bank.course, (silent_until_us - last_us) / 1e6)

    def _judge(self, time_us: int, value: float) -> None:
        bank = self.bank
        course = bank.course
        is_stuck = self._in_fault and bank.stuck_incident.is_open
        is_freed = is_stuck and value - course.origin != course.value
        course.learning_mode = self._learning_mode() if self._in_fault else LEARN
        course.update(time_us, value, anew=is_freed)
        bank.saturation.note(course.value)
        novelty = bank.novelty.score(course)
        bank.novelty.learn(course)
        self._judge_stuck(course)
        course.learning_mode = self._learning_mode() if self._in_fault else LEARN
        if not (self._in_fault and bank.stuck_incident.is_open):
            if course.has_block:
                self._judge_saturation(course)
            self._judge_process(course, novelty)
            course.learn()
        else:
            bank.saturation.ties = 0
        if course.has_block:
            self._end_block(course)

    def _end_block(self, course: Forecaster) -> None:
        """Update the slow statistics at the end of a block of readings."""
        for fading in (self.bank.incident_rate, self.bank.stuck, self.bank.missing):
            fading.fade()
        self.bank.time_in_alarm.add(in_fault=self._in_fault)
        if course.is_refit_due and self._may_refit():
            refit = course.refit(anew=self.bank.time_in_alarm.is_too_much)
            if refit is not None:
                self.bank.step.adjust(refit)
                self.bank.drift.adjust(refit)

    def _may_refit(self) -> bool:
        """Return whether the cycles may be learned: not during a fault, unless the fault persists."""
        return not self.bank.course.is_periodic or self.bank.time_in_alarm.is_too_much or not self._in_fault

    def _update_in_fault(self) -> None:
        """Update the flag that lets readings without an incident skip the incidents."""
        bank = self.bank
        self._in_fault = bool(
            bank.process_incident.detector
            or bank.stuck_incident.detector
            or bank.saturation_incident.detector
        )

    def _learning_mode(self) -> LearningMode:
        """Return how the detectors of the process learn from the present reading during a fault."""
        bank = self.bank
        if bank.time_in_alarm.is_too_much:
            return LEARN
        return (
            LearningMode.FREEZE
            if bank.course.is_periodic and not bank.incident_rate.is_frequent
            else LearningMode.RECORD
        )

    def _judge_stuck(self, course: Forecaster) -> None:
        stuck, incident = self.bank.stuck, self.bank.stuck_incident
        score = stuck.score(course)
        stuck.learn(course)
        if self._in_fault and incident.detector:
            if stuck.run == 0:
                self._end(incident)
            else:
                incident.last_us = course.last_us or 0
        if score > 1 and not self.bank.saturation_incident.is_open:
            self._found(incident, "stuck", stuck, score, start_us=stuck.began_us)

    def _judge_saturation(self, course: Forecaster) -> None:
        saturation, incident = self.bank.saturation, self.bank.saturation_incident
        score = saturation.score(course)
        saturation.learn(course)
        if score > 1:
            self._found(incident, "saturation", saturation, score)
        elif incident.detector and incident.add_quiet_reading():
            self._end(incident)
            self.bank.step.begin()
            self.bank.drift.begin()

    def _judge_process(self, course: Forecaster, novelty: float) -> None:
        bank = self.bank
        found: list[Found] = [("novelty", bank.novelty, novelty)] if novelty > 1 else []
        detectors = bank.all_of_them if course.has_block or course.is_reset else bank.each_reading
        for name, detector in detectors:
            score = detector.score(course)
            detector.learn(course)
            if score > 1:
                found.append((name, detector, score))
        if found:
            found = [one for one in found if self._counts(one[0], course)]
        if len(found) > 1 or (found and self._in_fault):
            found = self._without_scatter_of_spike(found, course)
        if not found and not self._in_fault:
            return
        if found and (bank.process_incident.is_open or not bank.saturation_incident.is_open):
            self._found(bank.process_incident, *max(found, key=lambda one: (RANKS[one[0]], one[2])))
        elif bank.process_incident.detector and (
            course.is_reset or bank.process_incident.add_quiet_reading()
        ):
            self._end(bank.process_incident)

    def _without_scatter_of_spike(self, found: list[Found], course: Forecaster) -> list[Found]:
        """Drop the noise findings that a single far spike causes."""
        process = self.bank.process_incident
        if process.is_open:
            last_us, reading_us = course.last_us or 0, course.interval * 1e6
            is_spike = (
                process.primary_detector in NEWS_OF_ONE
                and process.reported_score >= FAR
                and process.last_us - process.start_us <= SPIKE * reading_us
                and last_us - process.last_us <= IN_SCATTER * reading_us
            )
        else:
            is_spike = any(name == "spike" and score >= FAR for name, _, score in found)
        return [one for one in found if one[0] != "noise"] if is_spike else found

    def _counts(self, name: str, course: Forecaster) -> bool:
        """Return whether the detector's finding counts.

        A constant signal can only change by a jump; any other new value would be a novelty.
        """
        if name in self._disabled:
            return False
        return course.sigma > 0 or name in JUMPS or (name == "novelty" and "spike" in self._disabled)

    def _found(
        self,
        incident: Incident,
        name: str,
        detector: Detector,
        score: float,
        *,
        start_us: int | None = None,
    ) -> None:
        """Add a finding in the present reading to the incident."""
        if name in self._disabled:
            return
        now_us = self.bank.course.last_us or 0
        if not incident.is_open:
            self._begin(incident, name, now_us if start_us is None else start_us)
            self._update_in_fault()
            if incident is self.bank.process_incident:
                self._begin_fault()
        is_worst = incident.add_finding(score, now_us)
        rank = RANKS.get(name, 0)
        if incident.is_reportable(name, score, rank):
            incident.report(name, detector.explain(self.bank.course, self.words), score=score, rank=rank)
            self._changed.append(incident.event())
            if name == "step" and self.bank.course.learning_mode is not LearningMode.FREEZE:
                self.bank.spike.note_move()
        elif is_worst and name == incident.primary_detector:
            incident.redescribe(detector.explain(self.bank.course, self.words))

    def _begin(self, incident: Incident, name: str, start_us: int) -> None:
        """Open a new event, or resume the last one if that ended just before: flapping is one event."""
        soon_us = SOON * self.bank.course.interval * 1e6
        if incident.off_delay == 0 and incident.kind and 0 <= start_us - incident.last_us <= soon_us:
            incident.resume(name)
        else:
            incident.begin(name, start_us)

    def _begin_fault(self) -> None:
        """Discard the latest learning, which may belong to the fault."""
        self.bank.incident_rate.add()
        if self.bank.course.is_periodic:
            self.bank.course.discard_recent()
            for detector in (self.bank.step, self.bank.drift, self.bank.noise, self.bank.rate):
                detector.discard_recent()

    def _end(self, incident: Incident) -> None:
        if incident.is_open:
            self._changed.append(incident.end())
            self._update_in_fault()

    def dump(self) -> bytes:
        """Return the whole state and its version as at most 100 kB."""
        # Nine tenths are packed floats: compressing them again takes as long as all else, and saves a tenth.
        return zlib.compress(msgpack.packb([VERSION, self.bank.state()]), level=0)

    def restore(self, dumped: bytes) -> None:
        """Continue from the state of another monitor's ``dump``.

        An open event of a detector that is disabled here is dropped.

        Raises:
            StateError: ``dumped`` is no state of this version; the monitor is unchanged.
        """
        # An unused bank serves: making one takes a fifth of the time.
        bank = DetectorBank(self.settings) if self.bank.course.count else self.bank
        try:
            bank.restore(state_of(dumped))
        except (ValueError, TypeError, zlib.error) as error:
            if bank is self.bank:  # restored in part
                self.bank = DetectorBank(self.settings)
            raise StateError(f"no state of a monitor: {error}") from error
        for incident in bank.incidents:
            if incident.detector in self._disabled:
                incident.end()
        self.bank = bank
        self._update_in_fault()


def state_of(dumped: bytes) -> Any:
    """Return the state of a monitor's ``dump``, also of an earlier version.

    Raises:
        ValueError, TypeError, zlib.error: ``dumped`` is no state, or of another version.
    """
    version, state = msgpack.unpackb(zlib.decompress(dumped), use_list=False)
    if version == 1:
        version, state = 2, from_version_1(state)
    if version not in (2, 3, VERSION):  # the ring and the blocks read all of them
        raise StateError(f"version {version}, expected {VERSION}")
    return state


def from_version_1(state: Sequence[Any]) -> list[Any]:
    """Return a saved state of version 1 as one of version 2, so that an update costs no learning."""
    new = DetectorBank(DetectionSettings()).state()
    return [
        [*part, *fresh[len(part) :]] if name == GROWN_PART else part
        for name, part, fresh in zip(DetectorBank.STATE, state, new, strict=True)
    ]
