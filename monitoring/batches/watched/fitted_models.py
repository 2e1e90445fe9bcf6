"""The model of good batches of a profile: fitted to the stored minutes, kept in the process."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from monitoring.batches.finding import newest_profile
from monitoring.batches.golden.coordinates import Coordinate
from monitoring.batches.watch.model import WatchModel, fit_watch
from monitoring.batches.watched.reading import BatchToWatch, prepare, read_minutes
from monitoring.kernel.optional_packages import MissingPackageError
from monitoring.kernel.runtime import part
from monitoring.models import Batch, BatchState, Profile

MOST_MODELS = 64  # 2 MB each; with a forest 3 MB
ModelKey = tuple[int, bool]  # of a profile, and whether with a forest


@dataclass(frozen=True)
class ProfileModel:
    """The model of a profile, and the digest of the data of its batches.

    ``model`` is None if the batches have too few values. ``remark`` says why a wished forest is missing.
    """

    digest: str
    model: WatchModel | None
    remark: str = ""


class WatchModels:
    """The models used last. One thread fits at a time, so that no model is fitted twice."""

    def __init__(self) -> None:
        self.kept: OrderedDict[ModelKey, ProfileModel] = OrderedDict()
        self.lock = threading.Lock()

    def of(
        self, profile: Profile, members: list[BatchToWatch], digest: str, *, with_forest: bool
    ) -> ProfileModel:
        """Return the model of a profile whose batches have this digest."""
        key = (profile.pk, with_forest)
        with self.lock:
            if key not in self.kept or self.kept[key].digest != digest:
                self.kept[key] = fitted(profile, members, digest, with_forest=with_forest)
            self.kept.move_to_end(key)
            while len(self.kept) > MOST_MODELS:
                self.kept.popitem(last=False)
            return self.kept[key]


def model_of(profile: Profile, *, with_forest: bool = False) -> ProfileModel:
    """Return the model of a profile.

    The profile's curves are frozen, but not the minutes that the limits follow from: of changed minutes
    another model is fitted.
    """
    now = datetime.now(UTC)
    rows = Batch.objects.filter(memberships__profile=profile).select_related("vessel")
    members = [prepare(batch, now) for batch in rows.prefetch_related("phases").order_by("pk")]
    digest = hashlib.sha256("".join(each.digest() for each in members).encode()).hexdigest()
    return part(WatchModels).of(profile, members, digest, with_forest=with_forest)


def fitted(profile: Profile, members: list[BatchToWatch], digest: str, *, with_forest: bool) -> ProfileModel:
    """Return the model of batches with the coordinates of the profile; without a forest if that lacks."""
    batches, wishes = [read_minutes(each).minutes for each in members], wishes_of(profile)
    remark = ""
    try:
        try:
            model = fit_watch(batches, wishes, with_forest=with_forest)
        except MissingPackageError as error:
            model, remark = fit_watch(batches, wishes), f"No isolation forest: {error}."
    except ValueError:
        return ProfileModel(digest, None)
    return ProfileModel(digest, model, remark)


def wishes_of(profile: Profile) -> Mapping[str, Coordinate]:
    """Return the coordinates of the profile's phases by name."""
    return {
        phase["name"]: Coordinate(phase["coordinate"], phase["channel"])
        for phase in profile.coordinates.get("phases", ())
    }


def judging_profile(batch: Batch) -> Profile | None:
    """Return the profile that a batch is compared with; None if there is none.

    That of the batch; else of a batch that has ended, the one that it was first watched with, so that a
    profile frozen later does not change its record; else the newest of its recipe.
    """
    if batch.profile is not None:
        return batch.profile
    watch = getattr(batch, "watch", None)
    if batch.state != BatchState.RUNNING and watch is not None and watch.profile is not None:
        found: Profile = watch.profile
        return found
    return newest_profile(batch.recipe)
