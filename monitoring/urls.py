"""Everything that Fermon serves."""

from collections.abc import Callable

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponseBase
from django.urls import include, path, resolve
from django.utils.cache import patch_vary_headers
from django.views.decorators.csrf import csrf_exempt

from monitoring.access.pages import refusal
from monitoring.dashboard.alarm_kpis import alarm_kpis
from monitoring.dashboard.alarm_pages import alarm_detail, alarm_journal, alarm_list
from monitoring.dashboard.batch_acts import add_vessel
from monitoring.dashboard.batch_compare import batch_compare
from monitoring.dashboard.batch_report import batch_report
from monitoring.dashboard.batches import batch_detail, batch_list
from monitoring.dashboard.notes import note_list
from monitoring.dashboard.profiles import profile_detail, profile_list
from monitoring.dashboard.recipes import recipe_list
from monitoring.dashboard.sources import source_detail, source_list
from monitoring.dashboard.vessels import vessel_detail, vessel_list

View = Callable[..., HttpResponseBase]
API = "monitoring.api.urls"
# JSON first: a client that accepts everything is a script.
TYPES = ["application/json", "text/html"]


def page_or_api(page: View) -> View:
    """Return a view that shows the page to a browser, and leaves all other requests to the API.

    The API checks logins, tokens and CSRF itself; the page is only read.
    """

    @csrf_exempt
    @login_not_required
    def view(request: HttpRequest, **named: object) -> HttpResponseBase:
        is_browser = request.get_preferred_type(TYPES) == "text/html" and "format" not in request.GET
        if is_browser and request.method in {"GET", "HEAD"}:
            answer = refusal(request) or page(request, **named)
        else:
            found = resolve(request.path_info, API)
            answer = found.func(request, *found.args, **found.kwargs)
        patch_vary_headers(answer, ["Accept"])
        return answer

    return view


urlpatterns = [
    path("alarms", page_or_api(alarm_list), name="alarms"),
    path("alarms/<int:id>", page_or_api(alarm_detail), name="alarm"),
    path("alarms/kpis", page_or_api(alarm_kpis), name="alarms-kpis"),
    path("alarms/journal", page_or_api(alarm_journal), name="alarms-journal"),
    path("batches/compare", page_or_api(batch_compare), name="batch-compare-page"),
    path("batches/<int:id>/report", page_or_api(batch_report), name="batch-report-page"),
    path("notes", page_or_api(note_list), name="notes"),
    path("sources", page_or_api(source_list), name="sources"),
    path("sources/<int:id>", page_or_api(source_detail), name="source"),
    path("profiles", page_or_api(profile_list), name="profiles"),
    path("profiles/<int:id>", page_or_api(profile_detail), name="profile"),
    path("recipes", page_or_api(recipe_list), name="recipes"),
    path("vessels", page_or_api(vessel_list), name="vessels"),
    path("vessels/add", add_vessel, name="vessel-add"),
    path("vessels/<str:name>", page_or_api(vessel_detail), name="vessel"),
    path("batches", page_or_api(batch_list), name="batches"),
    path("batches/<int:id>", page_or_api(batch_detail), name="batch"),
    path("", include("monitoring.dashboard.urls")),
    path("", include("monitoring.api.urls")),
]
