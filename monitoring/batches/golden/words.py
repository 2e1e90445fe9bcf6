"""Leave-one-out scores in words."""

from collections.abc import Mapping, Sequence

from monitoring.batches.golden.members import ChannelInfo
from monitoring.batches.golden.scoring import MemberScore

UNUSUAL = 3.0  # standard deviations


def largest_text(largest: Mapping[str, object], channels: Mapping[str, ChannelInfo]) -> str:
    """Return the largest deviation of a member in words; empty if there is none.

    ``largest`` is as ``freezing.largest_json`` returns it.
    """
    if not largest:
        return ""
    info = channels.get(str(largest["channel"]), ChannelInfo(str(largest["channel"])))
    difference, z = float(str(largest["difference"])), float(str(largest["z"]))
    size = f"{abs(difference):.3g} {info.unit}".rstrip()
    return (
        f"{info.title or info.name} {size} {'above' if difference > 0 else 'below'} the others"
        f" in phase {largest['phase']!r} at {float(str(largest['eft_h'])):.1f} h"
        f" ({abs(z):.1f} standard deviations)"
    )


def preview_text(names: Sequence[str], scores: Sequence[MemberScore | None], texts: Sequence[str]) -> str:
    """Return which batch differs most and in which channel; ``texts`` are those of ``largest_text``."""
    known = [
        (abs(score.largest.z), name, text)
        for name, score, text in zip(names, scores, texts, strict=True)
        if score is not None
    ]
    if not known:
        return "One batch has nothing to be compared with: the band comes from the usual tolerances alone."
    z, name, text = max(known)
    if z < UNUSUAL:
        return f"All batches agree. The largest deviation is of batch {name}: {text}."
    return f"Batch {name} differs most: {text}."
