"""Pages on which people enter samples and notes of a batch: for a phone first, and without scripts, too."""

from datetime import UTC, datetime
from typing import Any

from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from monitoring.access.roles import CONDUCT, NOTE
from monitoring.alarms.note_reading import find_note
from monitoring.batches.errors import UnknownBatchError
from monitoring.batches.finding import find_batch
from monitoring.batches.sample_reading import read_sample
from monitoring.dashboard.acts import act, actor_of, may
from monitoring.dashboard.alarm_pages import id_of, shared
from monitoring.dashboard.entry_forms import EntryForm, NoteForm
from monitoring.dashboard.moments import moment
from monitoring.dashboard.sample_forms import CorrectForm, LaterResultsForm, SampleForm, WithdrawForm
from monitoring.dashboard.sample_rows import ResultRow, SampleRow, sample_row
from monitoring.kernel.actor import Actor
from monitoring.models import Batch

RESULTS, CORRECT, WITHDRAW = "results", "correct", "withdraw"
SAVED_WORDS = {RESULTS: "Results added.", CORRECT: "Corrected.", WITHDRAW: "Withdrawn."}


@act(CONDUCT)
@require_http_methods(["GET", "HEAD", "POST"])
def enter_sample(request: HttpRequest, id: int) -> HttpResponse:
    """Show and take the form of a new sample; ``saved`` is the number of the one just stored.

    Raises:
        Http404: no batch has this id.
    """
    batch, now = batch_of(id), datetime.now(UTC)
    form = SampleForm(request.POST or None, batch=batch, now=now, is_anonymous=is_anonymous(request))
    if form.is_valid() and (sample := form.perform(writer(request))):
        return redirect(f"{reverse('sample-new', args=[id])}?{urlencode({'saved': sample.number})}")
    saved = id_of(request.GET.get("saved", ""))
    if not saved:
        form.focus(form.first[0].name)
    context = {
        "saved": sample_of(batch, saved, now) if saved else None,
        "next_number": 1 + (batch.samples.aggregate(last=Max("number"))["last"] or 0),
    }
    return form_page(request, "batches/sample.html", batch, form, context)


@act(NOTE)
@require_http_methods(["GET", "HEAD", "POST"])
def enter_note(request: HttpRequest, id: int) -> HttpResponse:
    """Show and take the form of a new note; ``saved`` is the id of the one just stored.

    Raises:
        Http404: no batch has this id.
    """
    batch, now = batch_of(id), datetime.now(UTC)
    form = NoteForm(request.POST or None, batch=batch, now=now, is_anonymous=is_anonymous(request))
    if form.is_valid() and (pk := form.perform(writer(request))):
        return redirect(f"{reverse('note-new', args=[id])}?{urlencode({'saved': pk})}")
    saved = find_note(id_of(request.GET.get("saved", "")) or 0)
    is_own = saved is not None and saved.batch_id == batch.pk
    if not is_own:
        form.focus("text")
    context = {"saved": saved if is_own else None, "saved_at": saved and moment(saved.start, now)}
    return form_page(request, "batches/note.html", batch, form, context)


@act(CONDUCT)
@require_http_methods(["GET", "HEAD", "POST"])
def change_sample(request: HttpRequest, id: int, number: int) -> HttpResponse:
    """Show a sample, and take later results, corrections and the withdrawal; ``act`` names which.

    Raises:
        Http404: there is no such batch, sample or act.
    """
    batch, now, which = batch_of(id), datetime.now(UTC), request.POST.get("act", "")
    sample = sample_of(batch, number, now)
    if sample is None or (request.method == "POST" and which not in SAVED_WORDS):
        raise Http404(f"There is no sample {number}.")
    forms = sample_forms(request, batch, number, which)
    form = forms.get(which)
    if form is not None and form.is_valid() and form.perform(writer(request)):
        return redirect(f"{reverse('sample-change', args=[id, number])}?{urlencode({'saved': which})}")
    context = {
        "sample": sample,
        "corrections": corrections_of(sample, forms[CORRECT]),
        "later": forms[RESULTS],
        "withdraw": forms[WITHDRAW],
        "saved": SAVED_WORDS.get(request.GET.get("saved", "")),
    }
    return form_page(request, "batches/sample_change.html", batch, form, context)


def sample_forms(request: HttpRequest, batch: Batch, number: int, which: str) -> dict[str, EntryForm]:
    """Return the forms of a sample by act; the one that was sent has the entry."""
    kinds: dict[str, type[EntryForm]] = {
        RESULTS: LaterResultsForm,
        CORRECT: CorrectForm,
        WITHDRAW: WithdrawForm,
    }
    made = {}
    for name, kind in kinds.items():
        data = request.POST if name == which else None
        made[name] = kind(data, batch=batch, is_anonymous=is_anonymous(request), auto_id=f"{name}-%s")
        made[name].number = number  # type: ignore[attr-defined]
    return made


def corrections_of(sample: SampleRow, sent: EntryForm) -> list[tuple[ResultRow, EntryForm]]:
    """Return each result with its form: the form that was sent belongs to one of them."""
    pairs = []
    for row in sample.results:
        is_sent = sent.is_bound and sent.data.get("result") == str(row.id)
        fresh = CorrectForm(
            batch=sent.batch,
            is_anonymous="name" in sent.fields,
            auto_id=f"correct-{row.id}-%s",
            initial={"result": row.id},
        )
        chosen = sent if is_sent else fresh
        chosen.fields["value"].unit = row.unit  # type: ignore[attr-defined]
        pairs.append((row, chosen))
    return pairs


def form_page(
    request: HttpRequest, template: str, batch: Batch, form: EntryForm | None, context: dict[str, Any]
) -> HttpResponse:
    """Return the page of a batch with a form; 400 if the form has errors."""
    has_errors = form is not None and bool(form.errors)
    about = {
        "batch": batch,
        "form": form,
        "has_errors": has_errors,
        "back": f"{reverse('root')}batches/{batch.pk}",
        "may_conduct": may(request, CONDUCT),
        "may_note": may(request, NOTE),
    }
    return render(
        request,
        template,
        shared(request, datetime.now(UTC)) | about | context,
        status=400 if has_errors else 200,
    )


def batch_of(pk: int) -> Batch:
    """Return the batch.

    Raises:
        Http404: no batch has this id.
    """
    try:
        return find_batch(pk)
    except UnknownBatchError as error:
        raise Http404(f"There is no batch {pk}.") from error


def sample_of(batch: Batch, number: int, now: datetime) -> SampleRow | None:
    """Return a sample as a row; None if the batch has none of this number."""
    try:
        return sample_row(read_sample(batch, number), now)
    except UnknownBatchError:
        return None


def is_anonymous(request: HttpRequest) -> bool:
    """Return whether the visitor has no login, so that the form asks for a name."""
    return not request.user.is_authenticated


def writer(request: HttpRequest) -> Actor:
    """Return the visitor as the cause of an entry, with the name in the form if there is no login."""
    return actor_of(request, request.POST.get("name", "").strip()[:100])
