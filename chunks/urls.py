"""The addresses of `chunks`."""

from django.urls import path

from chunks import fault_page

urlpatterns = [path("index-faults", fault_page.index_faults, name="index-faults")]
