"""The model of good batches of a profile: fitted to the stored minutes, kept in the process."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime

from monitoring.batches.finding import newest_profile
from monitoring.batches.golden.coordinates import Coordinate
from monitoring.batches.watch.model import WatchModel, fit_watch
from monitoring.batches.watch_reading import BatchToWatch, prepare, read_minutes
from monitoring.kernel.runtime import part
from monitoring.models import Batch, BatchState, Profile

MOST_MODELS = 64  # 2 MB each


class WatchModels:
    """The models used last, by profile and the digest of its batches' data.

    None: the batches have too few values. One thread fits at a time, so that no model is fitted twice.
    """

    def __init__(self) -> None:
        self.kept: OrderedDict[tuple[int, str], WatchModel | None] = OrderedDict()
        self.lock = threading.Lock()

    def of(self, profile: Profile, members: list[BatchToWatch], digest: str) -> WatchModel | None:
        """Return the model of a profile whose batches have this digest."""
        key = (profile.pk, digest)
        with self.lock:
            if key not in self.kept:
                self.forget(profile)
                self.kept[key] = fitted(profile, members)
            self.kept.move_to_end(key)
            while len(self.kept) > MOST_MODELS:
                self.kept.popitem(last=False)
            return self.kept[key]

    def forget(self, profile: Profile) -> None:
        """Drop the models of other data of the profile's batches."""
        for key in [key for key in self.kept if key[0] == profile.pk]:
            del self.kept[key]


def model_of(profile: Profile) -> tuple[WatchModel | None, str]:
    """Return the model of a profile, and the digest of the data of its batches.

    The profile's curves are frozen, but not the minutes that the limits follow from: of changed minutes
    another model is fitted. None: the batches have too few values.
    """
    now = datetime.now(UTC)
    rows = Batch.objects.filter(memberships__profile=profile).select_related("vessel")
    members = [prepare(batch, now) for batch in rows.prefetch_related("phases").order_by("pk")]
    digest = hashlib.sha256("".join(each.digest() for each in members).encode()).hexdigest()
    return part(WatchModels).of(profile, members, digest), digest


def fitted(profile: Profile, members: list[BatchToWatch]) -> WatchModel | None:
    """Return the model of batches with the coordinates of the profile; None if they have too few values."""
    try:
        return fit_watch([read_minutes(each).minutes for each in members], wishes_of(profile))
    except ValueError:
        return None


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
