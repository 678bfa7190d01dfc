"""The portal's addresses: each app has its own below, named here once."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from portal import health, home, metrics

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("", include("people.urls")),
    path("", include("chunks.urls")),
    path("", include("chunks.review.urls")),
    path("", include("selections.urls")),
    path("", include("downloads.urls")),
    path("", include("analysis.urls")),
    path("ingest/", include("chunks.inbox.urls")),
    path("sleep/", include("hibernation.urls")),
    path("jobs/", include("jobs.urls")),
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
    path("metrics", metrics.metrics, name="metrics"),
    path("admin/", admin.site.urls),
]
handler500 = "portal.faults.server_error"
