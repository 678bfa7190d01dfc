"""The addresses of the audit."""

from django.urls import URLPattern, path

from people.views.audit import audit, audit_csv, own_acts

urlpatterns: list[URLPattern] = [
    path("account/acts/", own_acts, name="own-acts"),
    path("audit/", audit, name="audit"),
    path("audit/audit.csv", audit_csv, name="audit-csv"),
]
