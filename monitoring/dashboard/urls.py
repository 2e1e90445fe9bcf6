"""The addresses of the dashboard and of the login."""

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LogoutView
from django.templatetags.static import static
from django.urls import path
from django.views.generic import RedirectView

from monitoring.dashboard.backtest import backtest, progress
from monitoring.dashboard.login import SignInView
from monitoring.dashboard.views import dashboard

urlpatterns = [
    path("dashboard", dashboard, name="dashboard"),
    path("login", SignInView.as_view(), name="login"),
    path("logout", login_not_required(LogoutView.as_view()), name="logout"),
    path("backtest", backtest, name="backtest"),
    path("backtest/progress", progress, name="backtest-progress"),
    # What browsers ask for on pages that name no icon, as in the admin.
    path("favicon.ico", login_not_required(RedirectView.as_view(url=static("monitoring/favicon.svg")))),
]
