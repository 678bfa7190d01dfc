"""The addresses of `downloads`."""

from django.urls import URLPattern, URLResolver, include, path

from downloads import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("downloads.api.urls")),
    path("bundles/", views.bundle_new, name="bundle-new"),
    path("bundles/<int:job_id>/file", views.bundle_file, name="bundle-file"),
]
