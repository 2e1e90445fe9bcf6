"""The forms of the pages of vessels and batches: acts on batches, bindings, names, constants."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

from django import forms
from django.core.exceptions import ValidationError

from monitoring.batches.errors import BatchConflictError, BatchInputError, UnknownBatchError
from monitoring.batches.finding import recipe_phases
from monitoring.batches.lifecycle import (
    NewBatch,
    end_batch,
    enter_phase,
    inoculate,
    start_batch,
    start_planned,
)
from monitoring.batches.reading import read_recipes
from monitoring.batches.vessel_roles import OTHER, ROLES
from monitoring.batches.vessels import bind, change_vessel, make_vessel, rename_vessel
from monitoring.dashboard.batch_words import sentence
from monitoring.dashboard.notification_forms import UtcField
from monitoring.kernel.actor import Actor
from monitoring.models import Batch, BatchState, TagFunction, Vessel

NOW = "UTC. Empty: now."
LONGEST_REASON = 500
MOST_CONSTANTS = 4_000  # characters


class ActForm(forms.Form):
    """A form whose act may be refused; the refusal is shown beside the field, and the entry stays."""

    name_of_act: ClassVar[str]
    renamed: ClassVar[tuple[tuple[str, str], ...]] = ()  # fields of the domain, and their names here

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        auto_id = f"{self.name_of_act}-%s"
        super().__init__(*args, **{**kwargs, "label_suffix": "", "auto_id": auto_id})

    def perform(self, actor: Actor) -> bool:
        """Do the act of a valid form; return False with the reason in the form if it is refused."""
        try:
            self.act(actor)
        except BatchInputError as error:
            self.show(error)
        except (BatchConflictError, UnknownBatchError) as error:
            self.add_error(None, sentence(error))
        else:
            return True
        return False

    def show(self, error: BatchInputError) -> None:
        """Show an error beside its field, or above the form if it has no such field."""
        name = dict(self.renamed).get(error.field, error.field)
        self.add_error(name if name in self.fields else None, sentence(error))

    def act(self, actor: Actor) -> None:
        """Do the act.

        Raises:
            BatchInputError, BatchConflictError, UnknownBatchError: it is refused.
        """
        raise NotImplementedError


class BatchForm(ActForm):
    """An act on a batch of a vessel."""

    def __init__(self, *args: Any, vessel: Vessel, batch: Batch | None, **kwargs: Any) -> None:
        self.vessel, self.batch = vessel, batch
        super().__init__(*args, **kwargs)

    @property
    def pk(self) -> int:
        """Return the id of the batch that the form was made for.

        Raises:
            BatchConflictError: there is none, or the page is of another batch.
        """
        if self.batch is None or self.data.get("batch") != str(self.batch.pk):
            raise BatchConflictError("another batch runs by now, or none: look at the vessel again")
        return self.batch.pk


class StartForm(BatchForm):
    """Start a batch, new or planned."""

    name_of_act = "start"
    renamed: ClassVar[tuple[tuple[str, str], ...]] = (("start", "at"), ("recipe_version", "recipe"))

    planned = forms.ChoiceField(required=False, label="Planned batch")
    name = forms.CharField(
        required=False, max_length=64, help_text="Empty: vessel and time. Letters, digits, '_', '-' and '.'."
    )
    recipe = forms.ChoiceField(required=False)
    product = forms.CharField(required=False, max_length=100)
    strain = forms.CharField(required=False, max_length=100)
    at = UtcField(required=False, label="Time of the start", help_text=NOW)
    end_previous = forms.BooleanField(required=False, label="End the running batch at that time")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = self.vessel.batches.filter(state=BatchState.PLANNED).order_by("-id")
        planned = [(str(each.pk), each.name) for each in rows]
        recipes = dict.fromkeys(recipe.name for recipe in read_recipes())
        self.choose("planned", [("", "none: a new batch"), *planned])
        self.choose(
            "recipe", [("", "none: phases are named as they begin"), *((name, name) for name in recipes)]
        )
        if not planned:
            del self.fields["planned"]
        if self.batch is None:
            del self.fields["end_previous"]

    def choose(self, name: str, choices: Sequence[tuple[str, str]]) -> None:
        """Set the choices of a field."""
        cast("forms.ChoiceField", self.fields[name]).choices = list(choices)

    def act(self, actor: Actor) -> None:
        """Start the batch."""
        data = self.cleaned_data
        ends_previous = data.get("end_previous", False)
        if data.get("planned"):
            start_planned(int(data["planned"]), at=data["at"], actor=actor, end_previous_too=ends_previous)
            return
        texts = {name: data[name] for name in ("name", "recipe", "product", "strain")}
        new = NewBatch(self.vessel.name, **texts, start=data["at"], end_previous=ends_previous)
        start_batch(new, actor=actor)


class InoculateForm(BatchForm):
    """Set the time of the inoculation."""

    name_of_act = "inoculate"
    at = UtcField(required=False, label="Time of the inoculation", help_text=NOW)

    def act(self, actor: Actor) -> None:
        """Inoculate the batch."""
        inoculate(self.pk, at=self.cleaned_data["at"], actor=actor)


class PhaseForm(BatchForm):
    """Begin another phase."""

    name_of_act = "phase"
    phase = forms.CharField(required=False, max_length=64, label="Phase")
    at = UtcField(required=False, label="Begin of the phase", help_text=NOW)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = [phase.name for phase in recipe_phases(self.batch)] if self.batch else []
        if names:
            choices = [("", "the next of the recipe"), *((name, name) for name in names)]
            self.fields["phase"] = forms.ChoiceField(required=False, label="Phase", choices=choices)

    def act(self, actor: Actor) -> None:
        """Begin the phase."""
        enter_phase(self.pk, self.cleaned_data["phase"], at=self.cleaned_data["at"], actor=actor)


class EndForm(BatchForm):
    """End a batch."""

    name_of_act = "end"
    at = UtcField(required=False, label="Time of the end", help_text=NOW)

    def act(self, actor: Actor) -> None:
        """End the batch."""
        end_batch(self.pk, at=self.cleaned_data["at"], actor=actor)


class AbortForm(BatchForm):
    """Abort a batch."""

    name_of_act = "abort"
    reason = forms.CharField(max_length=LONGEST_REASON, help_text="Why; it stays with the batch.")
    at = UtcField(required=False, label="Time of the end", help_text=NOW)

    def act(self, actor: Actor) -> None:
        """Abort the batch."""
        data = self.cleaned_data
        end_batch(self.pk, at=data["at"], actor=actor, is_aborted=True, reason=data["reason"])


@dataclass(frozen=True, slots=True)
class FormAct:
    """An act on the page of a vessel: the summary that opens its form, the button, the form."""

    title: str
    button: str
    form: type[BatchForm]


ACTS = {
    "start": FormAct("Start a batch", "Start", StartForm),
    "inoculate": FormAct("Inoculate", "Inoculate", InoculateForm),
    "phase": FormAct("Next phase", "Begin the phase", PhaseForm),
    "end": FormAct("End the batch", "End the batch", EndForm),
    "abort": FormAct("Abort the batch", "Abort the batch", AbortForm),
}


def running_batch(vessel: Vessel) -> Batch | None:
    """Return the running batch of a vessel of ``all_vessels``."""
    running: list[Batch] = vessel.running  # type: ignore[attr-defined]
    return running[0] if running else None


def possible_acts(batch: Batch | None) -> list[str]:
    """Return the acts that the state of the vessel allows, the usual one first."""
    if batch is None:
        return ["start"]
    if batch.inoculated_at is None:
        return ["inoculate", "end", "abort", "start"]
    return ["phase", "end", "inoculate", "abort", "start"]


def forms_of(vessel: Vessel, bound: Mapping[str, Any]) -> list[tuple[FormAct, BatchForm]]:
    """Return the acts that are possible with their forms; those in ``bound`` with their errors."""
    batch = running_batch(vessel)
    names = dict.fromkeys([*(name for name in bound if name in ACTS), *possible_acts(batch)])
    return [(ACTS[name], bound.get(name) or ACTS[name].form(vessel=vessel, batch=batch)) for name in names]


class BindForm(ActForm):
    """Bind a tag to a vessel."""

    name_of_act = "bind"

    tag = forms.CharField(
        max_length=64, widget=forms.TextInput(attrs={"list": "tag-names", "autocomplete": "off"})
    )
    role = forms.ChoiceField(choices=[(role.name, role.title) for role in ROLES.values()], initial=OTHER)
    function = forms.ChoiceField(choices=TagFunction.choices, initial=TagFunction.MEASURED)
    begin = UtcField(required=False, label="From", help_text="UTC. Empty: always.")
    is_shared = forms.BooleanField(required=False, label="Shared with other vessels, as a common air supply")

    vessel: Vessel

    def act(self, actor: Actor) -> None:
        """Bind the tag."""
        data = self.cleaned_data
        bind(
            self.vessel.name,
            data["tag"],
            data["role"],
            data["function"],
            begin=data["begin"],
            is_shared=data["is_shared"],
            actor=actor,
        )


class RenameForm(ActForm):
    """Rename a vessel."""

    name_of_act = "rename"
    name = forms.CharField(
        max_length=64,
        help_text="Letters, digits, '_', '-' and '.'. Addresses with the former name still work.",
    )

    vessel: Vessel

    def act(self, actor: Actor) -> None:
        """Rename the vessel."""
        self.vessel = rename_vessel(self.vessel.name, self.cleaned_data["name"], actor=actor)


class VesselSettingsForm(ActForm):
    """Change title, description, working volume, constants, and whether the vessel is on the wall."""

    name_of_act = "change"

    title = forms.CharField(required=False, max_length=100, help_text="For people. Empty: the name.")
    description = forms.CharField(required=False, max_length=500)
    area = forms.CharField(required=False, max_length=64, help_text="The part of the plant.")
    working_volume_l = forms.FloatField(required=False, min_value=0, label="Working volume (L)")
    constants = forms.CharField(
        required=False,
        max_length=MOST_CONSTANTS,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="For soft sensors, one a line: ua_w_per_k = 40",
    )
    is_active = forms.BooleanField(required=False, label="In use: on the wall")

    vessel: Vessel

    @classmethod
    def of(cls, vessel: Vessel) -> "VesselSettingsForm":
        """Return the form with the stored values."""
        names = ("title", "description", "area", "working_volume_l", "is_active")
        lines = "\n".join(f"{name} = {value!r}" for name, value in sorted(vessel.constants.items()))
        return cls(initial={**{name: getattr(vessel, name) for name in names}, "constants": lines})

    def clean_constants(self) -> dict[str, float]:
        """Return the numbers by name.

        Raises:
            ValidationError: a line is not of the form ``name = number``.
        """
        return dict(constant(line) for line in self.cleaned_data["constants"].splitlines() if line.strip())

    def act(self, actor: Actor) -> None:
        """Change the vessel."""
        change_vessel(self.vessel.name, self.cleaned_data, actor=actor)


def constant(line: str) -> tuple[str, float]:
    """Return name and number of a line ``name = number``.

    Raises:
        ValidationError: the line has another form.
    """
    name, _, number = line.partition("=")
    try:
        return name.strip(), float(number)
    except ValueError as error:
        raise ValidationError(f"Expected a line as 'ua_w_per_k = 40', not '{line.strip()[:60]}'.") from error


class NewVesselForm(ActForm):
    """Make a vessel."""

    name_of_act = "add"
    name = forms.CharField(max_length=64, help_text="Part of addresses: letters, digits, '_', '-' and '.'.")
    title = forms.CharField(required=False, max_length=100, help_text="For people. Empty: the name.")

    def act(self, actor: Actor) -> None:
        """Make the vessel."""
        make_vessel(self.cleaned_data["name"], title=self.cleaned_data["title"], actor=actor)
