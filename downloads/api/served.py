"""What is served beside the API's operations: its description (OpenAPI, and a page), and the client `ecog` itself.

Owns: that the client comes with the portal's own address in it, so that its user need not know it.
"""

import functools
import json
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from downloads.api import description
from people.roles import requires

PROGRAM = Path(__file__).resolve().parents[2] / "clients" / "ecog.py"
ADDRESS_LINE = 'PORTAL = ""\n'


@require_safe
@cache_control(private=True)
def openapi(_request: HttpRequest) -> JsonResponse:
    """The description, for people who are logged in."""
    return JsonResponse(description.openapi(), json_dumps_params={"indent": 2})


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """The same as a page."""
    return render(
        request, "downloads/api.html", {"operations": description.operations(), "address": settings.PORTAL_URL}
    )


@requires("search")
@require_safe
@cache_control(private=True, no_cache=True)
def client(_request: HttpRequest) -> HttpResponse:
    """`ecog`, to be saved and run."""
    headers = {"Content-Disposition": 'attachment; filename="ecog"'}
    return HttpResponse(_program(settings.PORTAL_URL), content_type="text/x-python; charset=utf-8", headers=headers)


@functools.cache
def _program(address: str) -> str:
    source = PROGRAM.read_text(encoding="utf-8")
    before, line, after = source.partition(ADDRESS_LINE)
    if not line:
        raise RuntimeError(f"{PROGRAM.name} has no line {ADDRESS_LINE!r}")
    return f"{before}PORTAL = {json.dumps(address)}\n{after}"
