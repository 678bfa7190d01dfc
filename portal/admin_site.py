"""The Django admin as the portal serves it: for staff, after the portal's own login.

Owns: its title and place, and that its pages too are held to the strict Content-Security-Policy.
"""

from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode


class PortalAdminConfig(AdminConfig):
    default_site = "portal.admin_site.PortalAdminSite"


class PortalAdminSite(AdminSite):
    site_header = "ECoG Portal administration"
    site_title = "ECoG Portal"
    index_title = "Headers, jobs, people and audit"

    def login(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> HttpResponse:
        """One login for all pages, with its limit on attempts."""
        return redirect(f"{reverse('login')}?{urlencode({'next': request.get_full_path()})}")
