"""The page that searches released annotations.

Owns: its address, and that each look is in the audit with the patients whose texts it showed.
"""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from people import audit
from people.asking import page_scope
from people.origin import client_address
from people.roles import requires
from selections.annotation_search import TEXT_MAX, FoundPage, search_annotations

_NUMBER_DIGITS = 6


@requires("search")
@require_safe
def annotations(request: HttpRequest) -> HttpResponse:
    """What is asked for, and what is found; without a word, all that is released."""
    asked = {name: request.GET.get(name, "").strip()[:TEXT_MAX] for name in ("text", "patient", "recording")}
    scope, number = page_scope(request), request.GET.get("page", "")
    page = search_annotations(
        asked["text"],
        patient=asked["patient"],
        recording=asked["recording"],
        scope=scope,
        number=int(number) if number.isascii() and number.isdigit() and len(number) <= _NUMBER_DIGITS else 1,
    )
    with audit.act(
        "search annotations",
        scope=scope,
        question=page.question(asked["text"], patient=asked["patient"], recording=asked["recording"]),
        patients={each.patient for each in page.found},
        origin=client_address(request),
    ):
        return _shown(request, asked, page, patients=sorted(scope.patients))


def _shown(request: HttpRequest, asked: dict[str, str], page: FoundPage, *, patients: list[str]) -> HttpResponse:
    question = urlencode({name: value for name, value in asked.items() if value})
    return render(
        request,
        "selections/annotations.html",
        {"nav": "annotations", "asked": asked, "page": page, "question": question, "patients": patients},
    )
