"""The pages of the audit: what one did oneself, and for the ethics board all about one patient.

Owns: these pages. What is answered is `people.audit_answers`' business. That it was asked is written down too, with the
patient.
"""

from collections.abc import Iterator
from datetime import date
from urllib.parse import urlencode

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from people.asking import page_scope, page_user
from people.audit import act
from people.audit_answers import AuditedPerson, Part, Period, audited_person, page_of_acts, who_could_see
from people.audit_rows import answer_rows, csv_lines
from people.errors import BadPatientId, PatientUnknown
from people.models import PATIENT_ID_LENGTH, AuditEntry
from people.newest_first import newest, row_number
from people.origin import client_address
from people.roles import requires
from people.scope import Scope

PAGE_SIZE = 50
ASKING = "read audit"
TITLES = {
    Part.LOOKED: ("looked", "Who looked", "Searches and pages that told about this patient."),
    Part.TOOK: ("took", "Who took what home", "Bundles made and fetched, and downloads by command."),
    Part.REST: ("rest", "Everything else", "Ingests, grants, corrections, and questions to this audit."),
}


class AuditForm(forms.Form):
    patient = forms.CharField(max_length=PATIENT_ID_LENGTH, label="Patient", help_text="The ID, such as 2002.")
    first = forms.DateField(
        required=False, label="From", help_text="First day (UTC).", widget=forms.DateInput(attrs={"type": "date"})
    )
    last = forms.DateField(
        required=False, label="To", help_text="Last day (UTC).", widget=forms.DateInput(attrs={"type": "date"})
    )

    person: AuditedPerson

    def clean_patient(self) -> str:
        try:
            self.person = audited_person(self.cleaned_data["patient"])
        except (BadPatientId, PatientUnknown) as error:
            raise forms.ValidationError(str(error)) from error
        return self.person.patient

    def clean(self) -> dict[str, object]:
        given: dict[str, object] = super().clean() or {}
        first, last = given.get("first"), given.get("last")
        if isinstance(first, date) and isinstance(last, date) and last < first:
            self.add_error("last", f"The last day, {last}, lies before the first, {first}: exchange them.")
        return given

    @property
    def period(self) -> Period:
        return Period(first=self.cleaned_data["first"], last=self.cleaned_data["last"])

    def question(self) -> str:
        """As the audit keeps it."""
        days = (("from", self.cleaned_data["first"]), ("to", self.cleaned_data["last"]))
        return " ".join([f"patient={self.person.patient}", *(f"{name}={day}" for name, day in days if day)])


@requires("administer")
@never_cache
@require_safe
def audit(request: HttpRequest) -> HttpResponse:
    """The form; with a patient, the answer: its three questions, and the rest."""
    asked = "patient" in request.GET
    form = AuditForm(request.GET if asked else None)
    context: dict[str, object] = {"nav": "audit", "form": form}
    if not asked or not form.is_valid():
        return render(request, "people/audit.html", context)
    person, scope, origin = form.person, page_scope(request), client_address(request)
    with act(ASKING, scope=scope, question=form.question(), patients=[person.patient], origin=origin):
        context |= {
            "person": person,
            "seers": who_could_see(person, period=form.period),
            "parts": [_part(request, form, part) for part in TITLES],
            "words": urlencode({name: request.GET.get(name, "") for name in form.fields}),
        }
        return render(request, "people/audit.html", context)


def _part(request: HttpRequest, form: AuditForm, part: Part) -> dict[str, object]:
    """A page of one part's acts; the other parts stay where they are."""
    name, title, about = TITLES[part]
    page = page_of_acts(form.person, part=part, period=form.period, before=_cursor(request, name), size=PAGE_SIZE)
    words = request.GET.copy()
    words.pop(name, None)
    newest = f"?{words.urlencode()}#{name}" if name in request.GET else ""
    words[name] = str(page.older)
    older = f"?{words.urlencode()}#{name}" if page.older else ""
    return {"name": name, "title": title, "about": about, "acts": page.acts, "older": older, "newest": newest}


@requires("administer")
@never_cache
@require_safe
def audit_csv(request: HttpRequest) -> HttpResponseBase:
    """The same, all of it, as a file that streams."""
    form = AuditForm(request.GET)
    if not form.is_valid():
        return render(request, "people/audit.html", {"nav": "audit", "form": form}, status=400)
    lines = _lines(form, scope=page_scope(request), origin=client_address(request))
    name = f"audit-{form.person.patient}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)


def _lines(form: AuditForm, *, scope: Scope, origin: str) -> Iterator[str]:
    """The act lasts as long as the answer is read, and counts its bytes."""
    person, question = form.person, f"{form.question()} csv"
    with act(ASKING, scope=scope, question=question, patients=[person.patient], origin=origin) as opened:
        for text in csv_lines(answer_rows(person, period=form.period)):
            opened.add_bytes(len(text.encode()))
            yield text


@never_cache
@require_safe
def own_acts(request: HttpRequest) -> HttpResponse:
    """What the person who is logged in did, the newest first."""
    mine = AuditEntry.objects.filter(user_id=page_user(request).pk).prefetch_related("patients")
    before = _cursor(request, "before")
    acts, older = newest(mine, before=before, size=PAGE_SIZE)
    return render(request, "people/own_acts.html", {"acts": acts, "older": older, "before": before})


def _cursor(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    if not text:
        return None
    number = row_number(text)
    if number is None:
        raise Http404("This page of the list does not exist.")
    return number
