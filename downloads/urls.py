"""The addresses of `downloads`."""

from django.urls import URLPattern, path

from downloads import views

urlpatterns: list[URLPattern] = [
    path("bundles/", views.bundle_new, name="bundle-new"),
    path("bundles/<int:job_id>/file", views.bundle_file, name="bundle-file"),
]
