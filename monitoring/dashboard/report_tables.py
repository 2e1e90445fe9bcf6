"""The tables of records in the report of a batch: setpoints, samples, events, alarms, notes, quality."""

from collections.abc import Iterable
from typing import Any

from monitoring.alarms.reading import SCORE_UNIT
from monitoring.alarms.wording import title_of
from monitoring.batches.analytes import analyte_title
from monitoring.dashboard.report_parts import (
    LASTS,
    DocumentTable,
    DocumentTimes,
    Heading,
    cut_text,
    hours_text,
)
from monitoring.dashboard.words import duration_text, kind_text
from monitoring.kernel.number_format import NumberFormat, Words, format_for

Json = dict[str, Any]
NO_DEVIATION = "None, or the batch was not compared with a golden profile."


def setpoint_table(report: Json, times: DocumentTimes, formats: dict[str, NumberFormat]) -> DocumentTable:
    """Return the setpoints in force at the start, and their changes."""
    units = {tag["tag"]: tag["unit"] for tag in report["tags"]}
    rows, more = [], []
    for setpoint in report["setpoints"]:
        name = setpoint["tag"]
        number, unit = formats[name], units[name]
        if setpoint["initial"] is not None:
            start = report["batch"]["start"]
            text = number.trimmed(setpoint["initial"])
            rows.append(
                [name, times.text(start), times.elapsed(start), "", text, unit, "in force at the start"]
            )
        for change in setpoint["changes"]:
            before = "" if change["from"] is None else number.trimmed(change["from"])
            at, steps = change["start"], change["steps"]
            kind = f"in steps until {times.text(change['end'])}" if steps > 1 else ""
            after = number.trimmed(change["to"])
            rows.append([name, times.text(at), times.elapsed(at), before, after, unit, kind])
        if setpoint["more_changes"]:
            more.append(f"{name}: {setpoint['more_changes']} further changes are not listed.")
    columns = [
        Heading("Setpoint"),
        Heading("Time"),
        *(Heading(text, is_number=True) for text in ("EFT, h", "From", "To")),
        Heading("Unit"),
        Heading("Note", is_sentence=True),
    ]
    return DocumentTable("setpoints", "Setpoints", columns, rows, "No tag is a setpoint.", " ".join(more))


def sample_table(report: Json, times: DocumentTimes) -> DocumentTable:
    """Return a row for each result of the samples, with its corrections."""
    rows = [row for sample in report["samples"] for row in sample_rows(sample, times)]
    columns = [
        Heading("No.", is_number=True),
        Heading("Taken"),
        Heading("EFT, h", is_number=True),
        Heading("Analyte"),
        Heading("Value", is_number=True),
        Heading("Unit, method"),
        Heading("Entered"),
        Heading("Remarks", is_sentence=True),
    ]
    return DocumentTable("samples", "Samples", columns, rows, note=cut_text(report, "samples"))


def sample_rows(sample: Json, times: DocumentTimes) -> Iterable[list[str]]:
    """Yield the rows of a sample; a sample without a result has one."""
    start = [str(sample["number"]), times.text(sample["taken_at"]), hours_text(sample["elapsed_h"])]
    remark = sample["comment"]
    if sample["withdrawn_at"]:
        by = f"{sample['withdrawn_by']}, {times.text(sample['withdrawn_at'])}"
        remark = "; ".join(filter(None, (f"withdrawn by {by}: {sample['reason']}", remark)))
    if not sample["results"]:
        entered = f"{sample['entered_by']}, {times.text(sample['entered_at'])}"
        yield [*start, "", "", "", entered, remark]
    for result in sample["results"]:
        yield [
            *start,
            analyte_title(result["analyte"]),
            f"{result['value']:g}",
            ", ".join(filter(None, (result["unit"], result["method"]))),
            f"{result['by']}, {times.text(result['at'])}",
            "; ".join(filter(None, (*corrections(result, times), remark))),
        ]


def corrections(result: Json, times: DocumentTimes) -> Iterable[str]:
    """Yield the former values of a result in words, newest first."""
    reason = result["reason"]
    for before in result["corrected"]:
        was = f"was {before['value']:g} {before['unit']}".rstrip()
        yield f"{was} ({before['by']}, {times.text(before['at'])})" + (
            f", corrected: {reason}" if reason else ""
        )
        reason = before["reason"]


def soft_sensor_table(report: Json) -> DocumentTable:
    """Return the last values of the soft sensors that have one."""
    rows = [
        [
            each["title"],
            format_for(each["decimals"], [each["last"]["value"]]).text(each["last"]["value"]),
            each["unit"],
            hours_text(each["last"]["eft_h"]),
            each["formula"],
            "; ".join(each["remarks"]),
        ]
        for each in report["soft_sensors"]
        if each["last"]
    ]
    columns = [
        *(Heading("Soft sensor"), Heading("Last value", is_number=True), Heading("Unit")),
        *(Heading("EFT, h", is_number=True), Heading("Formula", is_sentence=True)),
        Heading("Remarks", is_sentence=True),
    ]
    none = "None has a value: the vessel's page says what each lacks."
    return DocumentTable("soft-sensors", "Soft sensors at the end", columns, rows, none)


def event_table(report: Json, times: DocumentTimes) -> DocumentTable:
    """Return the events."""
    rows = [
        [
            event["tag"],
            times.text(event["start"]),
            times.elapsed(event["start"]),
            times.text(event["end"], LASTS),
            kind_text(event["kind"]),
            event["strength"],
            event["explanation"],
        ]
        for event in report["events"]
    ]
    columns = [
        *(Heading("Tag"), Heading("Begin"), Heading("EFT, h", is_number=True), Heading("End")),
        *(Heading("Kind"), Heading("Strength"), Heading("Explanation", is_sentence=True)),
    ]
    return DocumentTable("events", "Events", columns, rows, note=cut_text(report, "events"))


def alarm_table(report: Json, times: DocumentTimes, formats: dict[str, NumberFormat]) -> DocumentTable:
    """Return the alarms with acknowledgements and comments."""
    rows = [
        [
            alarm["tag"] or "",
            title_of(alarm["kind"]),
            alarm["priority"],
            times.text(alarm["start"]),
            times.text(alarm["end"], LASTS),
            peak_text(alarm, formats),
            acknowledged_text(alarm, times),
            "; ".join(f"{each['by']}: {each['comment']}" for each in alarm["comments"]),
        ]
        for alarm in report["alarms"]
    ]
    columns = [
        *(Heading("Tag"), Heading("Alarm"), Heading("Priority"), Heading("Active"), Heading("Returned")),
        *(Heading("Peak", is_number=True), Heading("Acknowledged"), Heading("Comments", is_sentence=True)),
    ]
    return DocumentTable("alarms", "Alarms", columns, rows, note=cut_text(report, "alarms"))


def peak_text(alarm: Json, formats: dict[str, NumberFormat]) -> str:
    """Return the value farthest outside the setpoint; of an alarm of the batch the score."""
    if alarm["peak"] is None:
        return ""
    if alarm["tag"] is None:
        return Words("", SCORE_UNIT).amount(alarm["peak"])
    return formats[alarm["tag"]].text(alarm["peak"])


def acknowledged_text(alarm: Json, times: DocumentTimes) -> str:
    """Return author and time of the acknowledgement; a word for alarms that need none."""
    if alarm["acknowledged_at"]:
        return f"{alarm['acknowledged_by']}, {times.text(alarm['acknowledged_at'])}"
    return "not acknowledged" if alarm["annunciated"] else "suppressed"


def deviation_table(report: Json, times: DocumentTimes) -> DocumentTable:
    """Return the deviations from golden batches with their verdicts."""
    rows = [
        [
            times.text(each["start"]),
            times.elapsed(each["start"]),
            times.text(each["end"], LASTS),
            f"{each['score']:.1f}",
            each["sentence"],
            verdict_text(each["verdict"]),
        ]
        for each in report["deviations"]
    ]
    columns = [
        *(Heading("Begin"), Heading("EFT, h", is_number=True), Heading("End")),
        *(Heading("Score (limit 1)", is_number=True), Heading("Deviation", is_sentence=True)),
        Heading("Probe or process", is_sentence=True),
    ]
    return DocumentTable("deviations", "Deviations from golden batches", columns, rows, NO_DEVIATION)


def verdict_text(verdict: Json | None) -> str:
    """Return a verdict in words; empty before it is shown."""
    return f"{verdict['says']}: {verdict['sentence']}" if verdict and verdict["is_shown"] else ""


def note_table(report: Json, times: DocumentTimes) -> DocumentTable:
    """Return the notes."""
    rows = [
        [
            times.text(note["start"])
            + ("" if note["end"] == note["start"] else f" to {times.text(note['end'])}"),
            times.elapsed(note["start"]),
            note["kind"],
            note["tag"] or "",
            note["text"],
            f"{note['by']}, {times.text(note['at'])}" + (", corrected" if note["version"] > 1 else ""),
        ]
        for note in report["notes"]
    ]
    columns = [
        *(Heading("Time"), Heading("EFT, h", is_number=True), Heading("Kind")),
        *(Heading("Tag"), Heading("Text", is_sentence=True), Heading("Written")),
    ]
    return DocumentTable("notes", "Notes", columns, rows, note=cut_text(report, "notes"))


def coverage_table(report: Json) -> DocumentTable:
    """Return the time without readings of each tag that has such a time."""
    rows = [
        [tag["tag"], duration_text(tag["missing_s"]), duration_text(tag["longest_gap_s"])]
        for tag in report["tags"]
        if tag["missing_s"]
    ]
    columns = [Heading("Tag"), Heading("Minutes without a reading, in all"), Heading("Longest")]
    return DocumentTable("coverage", "Minutes without readings", columns, rows)


def gap_table(report: Json, times: DocumentTimes) -> DocumentTable:
    """Return gaps of sources, and spans of bad or uncertain quality."""
    found = [
        [each["tag"] or "all of the source", each["start"], each["end"], "gap", each["reason"]]
        for each in report["gaps"]
    ] + [
        [each["tag"], each["start"], each["end"], each["quality"], each["word"]] for each in report["quality"]
    ]
    rows = [
        [tag, times.text(start), times.text(end, LASTS), kind, text]
        for tag, start, end, kind, text in sorted(found, key=lambda row: row[1])
    ]
    columns = [
        Heading("Tag"),
        Heading("Begin"),
        Heading("End"),
        Heading("Quality"),
        Heading("Reason", is_sentence=True),
    ]
    note = " ".join(filter(None, {cut_text(report, "gaps"), cut_text(report, "quality")}))
    return DocumentTable("quality", "Gaps and quality", columns, rows, note=note)


def exclusion_table(report: Json, times: DocumentTimes) -> DocumentTable:
    """Return the exclusions of measurements."""
    rows = [
        [
            each["tag"],
            times.text(each["from"]),
            times.text(each["to"]),
            str(each["excluded"] - each["included"]),
            each["reason"],
            f"{each['by']}, {times.text(each['at'])}",
            f"revoked by {each['revoked']['by']}: {each['revoked']['reason']}" if each["revoked"] else "",
        ]
        for each in report["exclusions"]
    ]
    columns = [
        *(Heading("Tag"), Heading("From"), Heading("To"), Heading("Measurements", is_number=True)),
        *(Heading("Reason", is_sentence=True), Heading("Excluded"), Heading("Remarks", is_sentence=True)),
    ]
    note = cut_text(report, "exclusions")
    return DocumentTable("exclusions", "Excluded measurements", columns, rows, note=note)
