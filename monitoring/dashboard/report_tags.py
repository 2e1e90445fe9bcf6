"""The sections of tags and analytes in the report of a batch: chart and statistics."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from monitoring.batches.analytes import analyte_title
from monitoring.batches.vessel_roles import OTHER, role_title
from monitoring.dashboard.report_chart import (
    ReportChart,
    draw_results,
    draw_tag,
    setpoint_of,
)
from monitoring.dashboard.report_parts import DocumentTable, Heading
from monitoring.dashboard.words import duration_text
from monitoring.kernel.number_format import NumberFormat, format_for

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TagSection:
    """A tag with its chart and its statistics; an analyte of samples has no statistics."""

    title: str
    name: str
    unit: str
    chart: ReportChart | None
    statistics: DocumentTable | None
    note: str


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
