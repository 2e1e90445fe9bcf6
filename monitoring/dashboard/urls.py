"""The dashboard's address."""

from django.templatetags.static import static
from django.urls import path
from django.views.generic import RedirectView

from monitoring.dashboard.views import dashboard

urlpatterns = [
    path("dashboard", dashboard, name="dashboard"),
    # What browsers ask for on pages that name no icon, as in the admin.
    path("favicon.ico", RedirectView.as_view(url=static("monitoring/favicon.svg"))),
]
