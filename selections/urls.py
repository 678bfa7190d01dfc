"""The addresses of `selections`."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
