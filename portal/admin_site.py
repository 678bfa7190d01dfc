"""The Django admin as the portal serves it: for staff, after the portal's own login.

Owns: its title and place, and that its pages too are held to the strict Content-Security-Policy.
"""

from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig
from django.core.exceptions import PermissionDenied
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
        """One login for all pages, with its limit on attempts. Who is logged in already is no staff."""
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect(f"{reverse('login')}?{urlencode({'next': request.get_full_path()})}")

    def logout(  # type: ignore[override]  # the stubs know the template alone
        self, _request: HttpRequest, _extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        """One way out too: the account page has it, and it is written into the audit."""
        return redirect("account")

    def password_change(  # type: ignore[override]  # as above
        self, _request: HttpRequest, _extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        """One's own password is changed on the portal's page, which writes it into the audit."""
        return redirect("password-change")
