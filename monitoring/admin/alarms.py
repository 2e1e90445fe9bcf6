"""States, occurrences and the journal of alarms in the admin; read-only."""

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from monitoring.admin.browsed import to_the_second
from monitoring.admin.read_only import ReadOnly
from monitoring.alarms.reading import STATES
from monitoring.alarms.state_machine import Act, State, state_of
from monitoring.alarms.stored_status import status_of
from monitoring.alarms.wording import STATE_WORDS, title_of
from monitoring.history.browsing import CappedPaginator
from monitoring.models import AlarmDefinition, AlarmJournalEntry, AlarmOccurrence, AlarmState

ACTS = (*map(str, Act), "comment", "rate", "define", "redefine")

if TYPE_CHECKING:
    AlarmModelAdmin = admin.ModelAdmin[Any]
else:  # Django's class is not generic at runtime
    AlarmModelAdmin = admin.ModelAdmin


class AlarmTable(ReadOnly, AlarmModelAdmin):
    """Read-only list about alarms, newest first; a page costs the same with any number of rows."""

    sortable_by = ()
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # each facet would count the whole table
    paginator = CappedPaginator
    search_fields: ClassVar[tuple[str, ...]] = (
        *("definition__tag__name", "definition__vessel__title", "definition__vessel__name"),
        "definition__group",
    )
    list_select_related: ClassVar[tuple[str, ...]] = ("definition", "definition__tag", "definition__vessel")

    @admin.display(description="alarm")
    def alarm(self, row: Any) -> str:
        """Return the tag, vessel or group, and the kind in words."""
        return alarm_text(row.definition)


def alarm_text(definition: AlarmDefinition) -> str:
    """Return the tag, vessel or group of an alarm, and the kind in words."""
    return f"{definition.subject_name}: {title_of(definition.kind)}"


class ChoiceFilter(admin.SimpleListFilter):
    """Filter with fixed choices, instead of a query for the values in the table."""

    column = ""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return (value, label) pairs."""
        raise NotImplementedError

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows with the chosen value; all rows if none is chosen."""
        return queryset.filter(**{self.column: self.value()}) if self.value() else queryset


class PriorityFilter(ChoiceFilter):
    """Filter by priority."""

    title = parameter_name = column = "priority"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return a pair per priority."""
        return list(AlarmDefinition.PRIORITIES)


class ActFilter(ChoiceFilter):
    """Filter the journal by act."""

    title = parameter_name = column = "act"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return a pair per act."""
        return [(act, act.replace("_", " ")) for act in ACTS]


class StateFilter(ChoiceFilter):
    """Filter by the state after ISA-18.2."""

    title = parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return a pair per state."""
        return [(state.value, STATE_WORDS[state]) for state in State]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AlarmState]) -> QuerySet[AlarmState]:
        """Return the alarms in the chosen state; all alarms if none is chosen."""
        value = self.value()
        return queryset.filter(STATES[State(value)]) if value in STATES else queryset


@admin.register(AlarmState)
class AlarmStateAdmin(AlarmTable):
    """List the present states."""

    list_display = ("alarm", "state", "value", "suppressed_until", "suppressed_by", "suppression_reason")
    list_filter = (StateFilter, "definition__priority", "definition__alarm_class")
    ordering = ("-revision",)
    exclude = ("revision",)

    @admin.display(description="state")
    def state(self, row: AlarmState) -> str:
        """Return the state in words."""
        return STATE_WORDS[state_of(status_of(row))]


@admin.register(AlarmOccurrence)
class AlarmOccurrenceAdmin(AlarmTable):
    """List each time that an alarm became active."""

    list_display = (
        *("active_at_utc", "cleared_at_utc", "alarm", "priority", "value", "peak", "setpoint"),
        *("acknowledged_by", "rating"),
    )
    list_filter = (
        *(PriorityFilter, ("acknowledged_at", admin.EmptyFieldListFilter)),
        *("is_annunciated", "is_late", "is_first_out"),
    )
    ordering = ("-active_at", "-id")
    raw_id_fields = ("event",)

    @admin.display(description="active at (UTC)")
    def active_at_utc(self, row: AlarmOccurrence) -> str:
        """Return the start with seconds."""
        return to_the_second(row.active_at)

    @admin.display(description="ended at (UTC)")
    def cleared_at_utc(self, row: AlarmOccurrence) -> str:
        """Return the end with seconds; a label while the alarm is active."""
        return to_the_second(row.cleared_at) if row.cleared_at else "▲ it lasts"


@admin.register(AlarmJournalEntry)
class AlarmJournalAdmin(AlarmTable):
    """List the acts of alarms and people; lines neither change nor go."""

    list_display = (
        *("noticed_at_utc", "alarm", "act", "states", "by", "via"),
        *("reason", "comment", "changes"),
    )
    list_filter = (ActFilter, PriorityFilter)
    search_fields = ("tag", "group", "by", "reason", "comment")
    list_select_related = ()
    ordering = ("-noticed_at", "-id")

    @admin.display(description="server's time (UTC)")
    def noticed_at_utc(self, row: AlarmJournalEntry) -> str:
        """Return the server's time with seconds."""
        return to_the_second(row.noticed_at)

    @admin.display(description="alarm")
    def alarm(self, row: AlarmJournalEntry) -> str:
        """Return the alarm as the line itself has it, whatever became of the definition."""
        return f"{row.tag or row.group or 'Fermon'}: {title_of(row.kind)}"

    @admin.display(description="state")
    def states(self, row: AlarmJournalEntry) -> str:
        """Return the states before and after in words; one for a line that changes none."""
        words = [STATE_WORDS[State(name)] for name in (row.from_state, row.to_state) if name]
        return " → ".join(dict.fromkeys(words))
