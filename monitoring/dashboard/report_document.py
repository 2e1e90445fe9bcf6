"""The report of a batch as a document: sections of tables with texts, from the report's JSON object alone."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

from monitoring.dashboard.batch_words import SOURCE_WORDS, STATE_WORDS
from monitoring.dashboard.report_chart import (
    ElapsedHours,
    setpoint_of,
)
from monitoring.dashboard.report_parts import LASTS, DocumentTable, DocumentTimes, Heading, hours_text
from monitoring.dashboard.report_tables import (
    alarm_table,
    coverage_table,
    deviation_table,
    event_table,
    exclusion_table,
    gap_table,
    note_table,
    sample_table,
    setpoint_table,
    soft_sensor_table,
)
from monitoring.dashboard.report_tags import TagSection, result_section, results_of, tag_format, tag_section
from monitoring.dashboard.words import duration_text

Json = dict[str, Any]
PROVISIONAL = ": this report is provisional"


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
        deviation_table(report, times),
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
