"""The addresses of `selections`."""

from django.urls import URLPattern, path

from selections import views

urlpatterns: list[URLPattern] = [
    path("search/", views.search, name="search"),
    path("patients/<str:patient>/", views.patient, name="patient"),
    path("patients/<str:patient>/recordings/<str:name>/", views.recording, name="recording"),
]
