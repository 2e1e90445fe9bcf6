"""Fit the model of good batches that other batches are compared with."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from monitoring.batches.golden.alignment import curves_of
from monitoring.batches.golden.choosing import choose
from monitoring.batches.golden.coordinates import BY_GROWTH, BY_TIME, Coordinate
from monitoring.batches.golden.fitting import PhaseProfile, profile_of
from monitoring.batches.golden.members import ChannelInfo, phases_of, with_phase
from monitoring.batches.golden.references import Curves, Reference
from monitoring.batches.golden.scales import scales_of
from monitoring.batches.watch.balances import (
    BalanceSpread,
    balance_names,
    balance_rows,
    beyond_usual,
    changes_of,
    fit_balances,
    golden_uptake,
    growth_beyond,
)
from monitoring.batches.watch.channels import BatchMinutes, WatchedBatch, watched
from monitoring.batches.watch.families import (
    FAMILIES,
    OFF_COURSE,
    Comparison,
    Statistics,
    statistics,
    track_of,
    usual_course,
)
from monitoring.batches.watch.forest import WatchForest, fit_forest
from monitoring.batches.watch.limits import FEW, FamilyLimits, bins_of, fit_limits, room_of
from monitoring.batches.watch.plane import DeviationPlane, fit_plane
from monitoring.batches.watch.prediction import Predictor, PredictorFitting
from monitoring.batches.watch.standstill import usual_steps
from monitoring.kernel.arrays import FloatArray, IntArray


@dataclass(frozen=True)
class WatchModel:
    """The model of good batches: channels, the tags first, phases with references, predictor and limits.

    ``steps`` are usual ones of the tags from minute to minute. ``plane`` is for the display of T² and SPE;
    ``balances`` is the usual spread of the changes of the balances. ``forest`` is None without family F.
    """

    tags: tuple[ChannelInfo, ...]
    residuals: tuple[ChannelInfo, ...]
    phases: tuple[PhaseProfile, ...]
    predictor: Predictor
    steps: FloatArray
    limits: Mapping[str, FamilyLimits]
    plane: DeviationPlane
    balances: BalanceSpread
    members: int
    forest: WatchForest | None = None

    @property
    def channels(self) -> tuple[ChannelInfo, ...]:
        """Return all channels, in the order of the curves."""
        return self.tags + self.residuals

    @property
    def room(self) -> float:
        """Return the factor for limits from this number of batches."""
        return room_of(self.members)

    @property
    def comparison(self) -> Comparison:
        """Return what batches are compared with."""
        return Comparison([phase.reference for phase in self.phases], self.predictor, self.steps)


class GoldenFit:
    """Curves and predictors of golden batches, for all of them and for all but one."""

    def __init__(self, batches: Sequence[WatchedBatch], wishes: Mapping[str, Coordinate]) -> None:
        self.batches = batches
        self.members = [batch.member for batch in batches]
        self.tags = united(batch.tags for batch in batches)
        self.residuals = united(batch.residuals for batch in batches)
        self.channels = self.tags + self.residuals
        self.totals = united(batch.totals for batch in batches)
        self.scales = scales_of(self.members, self.channels)
        self.phases: list[PhaseProfile] = []
        self.curves: list[tuple[list[int], Curves]] = []
        self.fit_phases(wishes)
        self.tracks = [track_of(member, self.phases) for member in self.members]
        self.values = [
            member.matrix(self.channels)[:, track.minute]
            for member, track in zip(self.members, self.tracks, strict=True)
        ]
        self.predictors = self.fit_predictors()
        self.steps = usual_steps([values[: len(self.tags)] for values in self.values])

    def fit_phases(self, wishes: Mapping[str, Coordinate]) -> None:
        """Choose the coordinate of each phase, and fit its curves."""
        names = phases_of(self.members)
        compared = self.tags + self.totals
        scales = scales_of(self.members, compared)
        for place, name in enumerate(names):
            present = with_phase(self.members, name)
            if present:
                own = [self.members[index] for index in present]
                usual = BY_GROWTH if place == 0 and len(names) > 1 else BY_TIME
                choice = choose(own, name, compared, wishes.get(name, usual), scales)
                curves = curves_of(own, name, choice.coordinate, self.channels, self.scales)
                self.phases.append(profile_of(own, name, choice, curves))
                self.curves.append((present, curves))

    def fit_predictors(self) -> PredictorFitting:
        """Fit the predictors of the tags."""
        references, tags = [phase.reference for phase in self.phases], len(self.tags)
        return PredictorFitting(
            [values[:tags] for values in self.values],
            [usual_course(tags, track, references) for track in self.tracks],
            self.scales.tolerance[:tags],
        )

    def others(self, member: int) -> Comparison:
        """Return what a golden batch is compared with: the others; with itself where there is no other."""
        return Comparison(
            [self.reference_but(member, place) for place in range(len(self.phases))],
            self.predictors.all_but(member),
            self.steps,
        )

    def reference_but(self, member: int, place: int) -> Reference:
        """Return the reference of a phase of all members but one."""
        present, curves = self.curves[place]
        if member in present and len(present) > 1:
            return curves.all_but(present.index(member))
        return self.phases[place].reference

    def leave_one_out(self) -> list[Statistics]:
        """Return the statistics of each batch, compared with the others."""
        return [
            statistics(values, track, self.others(member))
            for member, (values, track) in enumerate(zip(self.values, self.tracks, strict=True))
        ]

    def balance_spread(self, bins: Sequence[IntArray]) -> BalanceSpread:
        """Return the usual spread of the balances; ``bins`` are those of each batch."""
        changes = [self.balance_changes(member) for member in range(len(self.batches))]
        uptake = self.golden_uptake([phase.reference for phase in self.phases])
        return fit_balances(balance_names(self.channels), uptake, changes, bins)

    def balance_changes(self, member: int) -> Statistics:
        """Return the changes of the balances of a batch, compared with the others."""
        values, track, references = self.values[member], self.tracks[member], self.others(member).references
        rows, names = balance_rows(self.channels), balance_names(self.channels)
        usual = usual_course(len(self.channels), track, references)
        golden = self.golden_uptake(references)
        growth = growth_beyond(self.batches[member].inputs, golden, references, track)
        return changes_of(beyond_usual(values[rows], usual[rows], growth, names), track)

    def golden_uptake(self, references: Sequence[Reference]) -> list[FloatArray]:
        """Return the OUR of the golden course of each phase."""
        constants = self.batches[-1].inputs.constants
        return [golden_uptake(reference, self.channels, constants) for reference in references]


def united(several: Iterable[Sequence[ChannelInfo]]) -> tuple[ChannelInfo, ...]:
    """Return all channels, each once; the last batch describes it."""
    found: dict[str, ChannelInfo] = {}
    for channels in several:
        found |= {channel.name: channel for channel in channels}
    return tuple(found.values())


def fit_watch(
    batches: Sequence[BatchMinutes],
    wishes: Mapping[str, Coordinate] | None = None,
    *,
    with_forest: bool = False,
) -> WatchModel:
    """Fit the model to one golden batch or more; ``wishes`` has the recipe's coordinates, by phase.

    ``with_forest`` adds family F if there are 3 golden batches or more.

    Raises:
        ValueError: there is no batch, no tag with values, or no phase of 10 minutes.
        MissingPackageError: a forest is wished, and scikit-learn is not installed.
    """
    found = [watched(batch) for batch in batches]
    members = [each.member for each in found]
    is_usable = any(each.tags for each in found) and any(
        with_phase(members, phase) for phase in phases_of(members)
    )
    if not is_usable:
        raise ValueError("golden batches need a tag with values and a phase of 10 minutes or more")
    fit = GoldenFit(found, wishes or {})
    each = fit.leave_one_out()
    bins = [bins_of(track, fit.phases) for track in fit.tracks]
    limits = {
        family: fit_limits(family, [found[family] for found in each], bins, len(fit.phases))
        for family in FAMILIES
    }
    return WatchModel(
        tags=fit.tags,
        residuals=fit.residuals,
        phases=tuple(fit.phases),
        predictor=fit.predictors.all(),
        steps=fit.steps,
        limits=limits,
        plane=fit_plane([found[OFF_COURSE] for found in each]),
        balances=fit.balance_spread(bins),
        members=len(batches),
        forest=fit_forest(each, bins, len(fit.phases)) if with_forest and len(batches) >= FEW else None,
    )
