"""The report of a batch as a document: sections of tables with texts, from the report's JSON object alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

from monitoring.alarms.wording import title_of
from monitoring.batches.analytes import analyte_title
from monitoring.batches.vessel_roles import OTHER, role_title
from monitoring.dashboard.batch_words import SOURCE_WORDS, STATE_WORDS
from monitoring.dashboard.report_chart import (
    ElapsedHours,
    ReportChart,
    draw_results,
    draw_tag,
    setpoint_of,
)
from monitoring.dashboard.words import duration_text, kind_text
from monitoring.kernel.clock import parse_timestamp
from monitoring.kernel.number_format import NumberFormat, format_for

Json = dict[str, Any]
PROVISIONAL = ": this report is provisional"
LASTS = "lasts"
CUT = "Only the first 500 lines are listed."


@dataclass(frozen=True, slots=True)
class Heading:
    """The heading of a column; numbers are right-aligned, and only sentences are broken into lines."""

    text: str
    is_number: bool = False
    is_sentence: bool = False

    @property
    def look(self) -> str:
        """Return the class of the cells."""
        return "number" if self.is_number else "sentence" if self.is_sentence else "word"


@dataclass(frozen=True, slots=True)
class DocumentTable:
    """A section with a table; without rows the text ``none`` stands in its place."""

    id: str
    title: str
    headings: Sequence[Heading]
    rows: Sequence[Sequence[str]]
    none: str = "None."
    note: str = ""

    @property
    def cells(self) -> list[list[tuple[str, str]]]:
        """Return the rows as texts, each with its class."""
        return [
            [(text, heading.look) for text, heading in zip(row, self.headings, strict=True)]
            for row in self.rows
        ]


@dataclass(frozen=True, slots=True)
class TagSection:
    """A tag with its chart and its statistics; an analyte of samples has no statistics."""

    title: str
    name: str
    unit: str
    chart: ReportChart | None
    statistics: DocumentTable | None
    note: str


@dataclass(frozen=True, slots=True)
class Document:
    """The parts of the document, in order."""

    name: str
    is_provisional: bool
    header: Sequence[tuple[str, str]]
    phases: DocumentTable
    tags: Sequence[TagSection]
    results: Sequence[TagSection]
    tables: Sequence[DocumentTable]
    signatures: Sequence[str] = field(default=("Made by", "Reviewed by", "Approved by"))


@dataclass(frozen=True, slots=True)
class DocumentTimes:
    """Texts of times in the zone of the document."""

    zone: tzinfo
    hours: ElapsedHours

    def text(self, time: str | None, missing: str = "") -> str:
        """Return a time to the second; ``missing`` for None."""
        if time is None:
            return missing
        return f"{parse_timestamp(time).astimezone(self.zone):%Y-%m-%d %H:%M:%S}"

    def elapsed(self, time: str) -> str:
        """Return the elapsed time in hours."""
        return hours_text(self.hours.of(time))


def document_of(report: Json, zone: tzinfo) -> Document:
    """Return the document of a report, with times in a zone."""
    times = DocumentTimes(zone, ElapsedHours(report))
    formats = {tag["tag"]: tag_format(tag) for tag in report["tags"]}
    drawn = {each["tag"] for each in (setpoint_of(tag, report) for tag in report["tags"]) if each}
    tables = [
        setpoint_table(report, times, formats),
        sample_table(report, times),
        soft_sensor_table(report),
        event_table(report, times),
        alarm_table(report, times, formats),
        deviation_table(),
        note_table(report, times),
        coverage_table(report),
        gap_table(report, times),
        exclusion_table(report, times),
    ]
    return Document(
        name=report["batch"]["name"],
        is_provisional=report["batch"]["state"] == "running",
        header=header_of(report, times),
        phases=phase_table(report, times),
        tags=[
            tag_section(tag, report, formats[tag["tag"]]) for tag in report["tags"] if tag["tag"] not in drawn
        ],
        results=[result_section(*key, points, report) for key, points in results_of(report).items()],
        tables=tables,
    )


def header_of(report: Json, times: DocumentTimes) -> list[tuple[str, str]]:
    """Return the names and texts of the header; empty fields are left out."""
    batch = report["batch"]
    recipe, profile = batch["recipe"], batch["profile"]
    started, ended = batch["started_by"], batch["ended_by"]
    fields = [
        ("Batch", batch["name"]),
        ("Vessel", " ".join(filter(None, (batch["vessel_title"], f"({batch['vessel']})")))),
        ("Recipe", recipe and f"{recipe['name']}, version {recipe['version']}"),
        ("Product", batch["product"]),
        ("Strain", batch["strain"]),
        *((str(name), value_text(value)) for name, value in batch["header"].items()),
        ("State", STATE_WORDS[batch["state"]] + (PROVISIONAL if batch["state"] == "running" else "")),
        ("Started", moment_text(times.text(batch["start"]), started, batch["start_source"])),
        ("Inoculated", moment_text(times.text(batch["inoculated_at"]), "", batch["inoculation_source"])),
        ("Ended", moment_text(times.text(batch["end"]), ended, batch["end_source"])),
        ("Reason of the end", batch["end_reason"]),
        ("Elapsed time (EFT)", f"{hours_text(batch['elapsed_h'])} h"),
        ("Data up to", times.text(batch["until"])),
        ("Golden batch", "yes" if batch["golden"] else ""),
        ("Not to be compared with", batch["excluded_reason"]),
        ("Profile", profile and f"{profile['name']}, version {profile['version']}"),
    ]
    return [(name, text) for name, text in fields if text]


def moment_text(time: str, by: str, source: str) -> str:
    """Return a moment with its author and source; empty if the moment is not set."""
    return ", ".join(filter(None, (time, by, SOURCE_WORDS.get(source, source)))) if time else ""


def value_text(value: Any) -> str:
    """Return a value of a header field."""
    return value if isinstance(value, str) else "" if value is None else str(value)


def phase_table(report: Json, times: DocumentTimes) -> DocumentTable:
    """Return the phases."""
    columns = [
        Heading("Phase"),
        Heading("Begin"),
        Heading("End"),
        Heading("EFT, h", is_number=True),
        Heading("Duration"),
        Heading("Begun", is_sentence=True),
    ]
    rows = [
        [
            phase["name"],
            times.text(phase["start"]),
            times.text(phase["end"], LASTS),
            hours_text(phase["start_h"]),
            duration_text(phase["duration_s"]),
            ", ".join(filter(None, (phase["by"], SOURCE_WORDS.get(phase["source"], phase["source"])))),
        ]
        for phase in report["phases"]
    ]
    return DocumentTable("phases", "Phases", columns, rows, "No phase was recorded.")


def tag_format(tag: Json) -> NumberFormat:
    """Return the number format of a tag by the values of the batch: later values never change a report."""
    return format_for(tag["decimals"], tag["course"]["mean"], tag["limits"].values()).uniform


def tag_section(tag: Json, report: Json, number: NumberFormat) -> TagSection:
    """Return the section of a tag."""
    role = "" if tag["role"] == OTHER else role_title(tag["role"])
    partner = setpoint_of(tag, report)
    with_setpoint = f"dashed: setpoint {partner['title']}" if partner else ""
    limits = [number.trimmed(each) for each in tag["limits"].values()]
    has_limits = any(each != "-" for each in limits)
    limit_text = f"limits {limits[0]} to {limits[1]}" if has_limits else ""
    function = "" if tag["function"] == "measured" else tag["function"]
    return TagSection(
        title=tag["title"],
        name="" if tag["title"] == tag["tag"] else tag["tag"],
        unit=tag["unit"],
        chart=draw_tag(tag, report, number),
        statistics=statistics_table(tag, number),
        note="; ".join(filter(None, (role, function, limit_text, with_setpoint))),
    )


def statistics_table(tag: Json, number: NumberFormat) -> DocumentTable:
    """Return the statistics of a tag by phase."""
    columns = [
        Heading("Phase"),
        *(Heading(text, is_number=True) for text in ("Minimum", "Mean", "Maximum")),
        Heading("Outside limits"),
    ]
    rows = [
        [
            each["phase"] or "whole batch",
            *("" if each[name] is None else number.text(each[name]) for name in ("min", "mean", "max")),
            outside_text(each["outside_s"]),
        ]
        for each in tag["statistics"]
    ]
    return DocumentTable(f"statistics-{tag['tag']}", tag["title"], columns, rows)


def outside_text(seconds: int | None) -> str:
    """Return the time outside limits in words; empty without limits or measurements."""
    if seconds is None:
        return ""
    return duration_text(seconds) if seconds else "none"


def results_of(report: Json) -> dict[tuple[str, str], list[tuple[float, float]]]:
    """Return elapsed hours and values of the results in force, by analyte and unit."""
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for sample in report["samples"]:
        for result in sample["results"] if sample["withdrawn_at"] is None else ():
            point = sample["elapsed_h"], result["value"]
            found.setdefault((result["analyte"], result["unit"]), []).append(point)
    return dict(sorted(found.items()))


def result_section(
    analyte: str, unit: str, points: Sequence[tuple[float, float]], report: Json
) -> TagSection:
    """Return the section of an analyte: its chart; the values are in the table of samples."""
    number = format_for(None, [value for _, value in points])
    chart = draw_results(analyte_title(analyte), points, report, number.uniform)
    return TagSection(analyte_title(analyte), "", unit, chart, None, "")


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
            alarm["tag"],
            title_of(alarm["kind"]),
            alarm["priority"],
            times.text(alarm["start"]),
            times.text(alarm["end"], LASTS),
            "" if alarm["peak"] is None else formats[alarm["tag"]].text(alarm["peak"]),
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


def acknowledged_text(alarm: Json, times: DocumentTimes) -> str:
    """Return who acknowledged an alarm and when; a word for those that ask for none."""
    if alarm["acknowledged_at"]:
        return f"{alarm['acknowledged_by']}, {times.text(alarm['acknowledged_at'])}"
    return "not acknowledged" if alarm["annunciated"] else "suppressed"


def deviation_table() -> DocumentTable:
    """Return the deviations from the golden batches, which Fermon does not detect yet."""
    return DocumentTable(
        "deviations", "Deviations", [], [], "Fermon does not detect deviations of batches yet."
    )


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


def cut_text(report: Json, name: str) -> str:
    """Return the note on a list that was cut."""
    return CUT if name in report["truncated"] else ""


def hours_text(hours: float) -> str:
    """Return elapsed hours with two decimals: 36 s."""
    return f"{hours:.2f}"
