"""The addresses of `selections`."""

from django.urls import URLPattern, path, register_converter

from selections import annotation_views, conflict_views, session_changes, session_views, task_views, views
from selections.session_names import SessionName

register_converter(SessionName, "session")

urlpatterns: list[URLPattern] = [
    path("search/", views.search, name="search"),
    path("patients/<str:patient>/", views.patient, name="patient"),
    path("patients/<str:patient>/recordings/<str:name>/", views.recording, name="recording"),
    path(
        "patients/<str:patient>/recordings/<str:name>/conflict/<str:earlier>/", conflict_views.conflict, name="conflict"
    ),
    path("annotations/", annotation_views.annotations, name="annotations"),
    path("tasks/", task_views.tasks, name="tasks"),
    path("tasks/suggest", task_views.suggest, name="task-suggest"),
    path("sessions/add/", session_changes.session_add, name="session-add"),
    path("sessions/new/", session_changes.session_new, name="session-new"),
    path("sessions/<session:file_name>/files/<path:file>", session_views.session_file, name="session-file"),
    path("sessions/<session:file_name>/correct", session_changes.session_correct, name="session-correct"),
    path("sessions/<session:file_name>/align", session_changes.session_align, name="session-align"),
    path("sessions/<session:file_name>/keep", session_changes.session_keep, name="session-keep"),
    # Last: names of files may end as names of sessions do.
    path("sessions/<session:file_name>", session_views.session_page, name="session"),
]
