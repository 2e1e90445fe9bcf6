"""Everything that Fermon serves."""

from django.urls import include, path

urlpatterns = [
    path("", include("monitoring.dashboard.urls")),
    path("", include("monitoring.api.urls")),
]
