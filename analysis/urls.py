"""The addresses of `analysis`."""

from django.urls import URLPattern, path

from analysis import views

urlpatterns: list[URLPattern] = [
    path("analyses/new", views.analysis_new, name="analysis-new"),
    path("analyses/<int:job_id>/picture.png", views.analysis_picture, name="analysis-picture"),
    path("analyses/<int:job_id>/<str:kind>", views.analysis_file, name="analysis-file"),
]
