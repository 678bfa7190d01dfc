"""The addresses of `jobs`, below `jobs/`."""

from django.urls import URLPattern, path

from jobs import views

urlpatterns: list[URLPattern] = [
    path("", views.jobs, name="jobs"),
    path("<int:job_id>/", views.job, name="job"),
    path("<int:job_id>/progress", views.progress, name="job-progress"),
    path("<int:job_id>/cancel", views.cancel_job, name="job-cancel"),
]
