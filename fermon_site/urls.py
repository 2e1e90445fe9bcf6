"""The URLs of the site: the admin and the monitoring app."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("monitoring.urls")),
]

handler400 = "monitoring.api.errors.bad_request"
handler403 = "monitoring.api.errors.permission_denied"
handler404 = "monitoring.api.errors.not_found"
handler500 = "monitoring.api.errors.server_error"
