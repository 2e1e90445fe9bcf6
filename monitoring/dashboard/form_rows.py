"""Forms with rows that are added, changed and removed without scripts.

They keep no state between requests: the rows that are sent replace those that are stored.
"""

from collections.abc import Sequence
from typing import Any

from django.forms.formsets import BaseFormSet

from monitoring.dashboard.batch_forms import ActForm


class FormRows(BaseFormSet):  # type: ignore[type-arg]
    """Rows with ``initial`` content, and ``blank`` ones; rows without an entry are left out."""

    def __init__(self, *args: Any, blank: int = 0, initial: Sequence[Any] = (), **kwargs: Any) -> None:
        self.extra = len(initial) + blank
        super().__init__(*args, **{"prefix": "row", "initial": list(initial), **kwargs})

    def initial_form_count(self) -> int:
        """Return 0: any row may be left empty."""
        return 0

    def more(self) -> "FormRows":
        """Return the same rows, as sent and unchecked, with a further one."""
        rows = [{name: row[name].value() for name in row.fields} for row in self.forms]
        return type(self)(initial=rows, blank=1, form_kwargs=self.form_kwargs)


class RowsForm(ActForm):
    """An act whose form has ``rows``."""

    def __init__(self, *args: Any, rows: FormRows, **kwargs: Any) -> None:
        self.rows: Any = rows
        super().__init__(*args, **kwargs)

    @property
    def entries(self) -> dict[str, Any]:
        """Return the fields as sent, unchecked."""
        return {name: self[name].value() for name in self.fields}

    def is_valid(self) -> bool:
        """Return whether the fields of the form and of all rows can be read."""
        return all((super().is_valid(), self.rows.is_valid()))

    def focus_error(self) -> None:
        """Let the page open at the first field with an error: the form is long."""
        fields = (field for form in (self, *self.rows.forms) for field in form)
        wrong = next((field for field in fields if field.errors and not field.is_hidden), None)
        if wrong is not None:
            wrong.field.widget.attrs["autofocus"] = True
