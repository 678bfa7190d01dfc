"""The addresses of `downloads`."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
