"""The addresses of the inbox, below `ingest/`."""

from django.urls import URLPattern, path

from chunks.inbox import views

urlpatterns: list[URLPattern] = [
    path("", views.inbox, name="ingest"),
    path("interrupted/<str:patient>/<str:name>/", views.interrupted_one, name="interrupted"),
]
