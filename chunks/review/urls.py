"""The addresses of the review of annotations."""

from django.urls import URLPattern, path

from chunks.review import views

urlpatterns: list[URLPattern] = [
    path("patients/<str:patient>/annotations/", views.review, name="annotation-review"),
    path("patients/<str:patient>/annotations/pattern", views.pattern, name="annotation-pattern"),
    path("annotations/patterns/", views.patterns, name="annotation-patterns"),
    path("annotations/names/", views.names, name="annotation-names"),
]
