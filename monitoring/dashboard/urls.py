"""The dashboard's address."""

from django.urls import path

from monitoring.dashboard.views import dashboard

urlpatterns = [path("dashboard", dashboard, name="dashboard")]
