"""The dashboard's addresses."""

from django.templatetags.static import static
from django.urls import path
from django.views.generic import RedirectView

from monitoring.dashboard.backtest import backtest, progress
from monitoring.dashboard.views import dashboard

urlpatterns = [
    path("dashboard", dashboard, name="dashboard"),
    path("backtest", backtest, name="backtest"),
    path("backtest/progress", progress, name="backtest-progress"),
    # What browsers ask for on pages that name no icon, as in the admin.
    path("favicon.ico", RedirectView.as_view(url=static("monitoring/favicon.svg"))),
]
