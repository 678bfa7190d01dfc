"""The API for programs on one's own computer: the same questions, permission, checks and audit as on the pages.

Owns: the operations. Each shows a personal token (no cookie is looked at, so nothing can be forged across sites), makes
the Scope anew, and lets errors rise: `downloads.api.refusals` says them.
"""

import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from ninja import NinjaAPI, Query, Status

from downloads.api.access import Asker, PersonalToken, asker_of
from downloads.api.refusals import install, may_answer
from downloads.api.schemas import (
    DownloadBegun,
    DownloadShown,
    DownloadWords,
    Ending,
    FileWanted,
    Me,
    SearchAnswer,
    SearchWords,
)
from downloads.bundles.asking import wanted
from downloads.client import progress
from downloads.client.ending import end
from downloads.client.files import file_at
from downloads.client.sending import CSV, FILES_AT_ONCE, send_file, send_manifest
from downloads.entries import entries
from downloads.session_files import session_files
from downloads.session_list import list_of_sessions
from jobs.models import Job, State
from people import audit
from selections import table
from selections.cursor import parse_cursor
from selections.resolve import Page, Resolved, resolve
from selections.session_table import session_as_json
from selections.totals import Totals
from selections.words import parse, parse_url
from storage.urls import open_objects

PERMISSIONS = ("search", "download")
_NO_WORDS = frozenset({"limit", "after"})
_BYTES: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
_FILE_ANSWERS: dict[int, Any] = {
    200: {"description": "The whole file; `ETag` is its validator.", "content": {"application/octet-stream": _BYTES}},
    206: {"description": "The range asked for.", "content": {"application/octet-stream": _BYTES}},
    304: {"description": "You have it: `If-None-Match`."},
}
_MANIFEST_ANSWERS: dict[int, Any] = {
    200: {
        "description": "UTF-8, a header line and a row for each file, in path order.",
        "content": {"text/csv": {"schema": {"type": "string"}}},
    }
}
_SESSIONS_ANSWERS: dict[int, Any] = {
    200: {
        "description": "UTF-8, a header line and a row for each session and recording.",
        "content": {"text/csv": {"schema": {"type": "string"}}},
    }
}

api = NinjaAPI(
    title="ECoG Portal",
    version="1",
    description="Search the recordings that you may see, and take them home. Times are the recorder's own clock, days "
    "count from implantation (day 0).",
    openapi_url=None,
    docs_url=None,
    auth=PersonalToken(),
    urls_namespace="api",
)
install(api)


@api.get("me", response={200: Me, **may_answer()}, summary="Who you are, whom you may see, and when the token ends")
def me(request: HttpRequest) -> dict[str, Any]:
    asker = asker_of(request)
    token, scope = asker.token, asker.scope
    return {
        "user": scope.by,
        "patients": scope.visible(scope.patients),
        "sees_all": scope.sees_all,
        "until": scope.until.isoformat() if scope.until else None,
        "permissions": [name for name in PERMISSIONS if token.user.has_perm(f"people.{name}")],
        "token": {"name": token.name, "begins_with": token.beginning, "ends_at": token.expires_at.isoformat()},
        "version": settings.SOFTWARE_VERSION,
    }


@api.get(
    "search", response={200: SearchAnswer, **may_answer(422, 503)}, summary="Find chunks: sums, then a page of headers"
)
def search(request: HttpRequest, asked: Query[SearchWords]) -> dict[str, Any]:
    """The same as `manage.py search --json`: exact sums, warnings or hints, and headers page by page."""
    asker = asker_of(request, may="search")
    selection = parse({name: request.GET.getlist(name) for name in request.GET if name not in _NO_WORDS})
    after = parse_cursor(asked.after) if asked.after else None
    resolved = resolve(selection, scope=asker.scope)
    with audit.act(
        "search",
        scope=asker.scope,
        question=selection.url(),
        patients=resolved.patients,
        origin=asker.origin,
    ):
        page = resolved.page(after, size=asked.limit) if asked.limit else Page(rows=[], next=None)
        return _found(resolved, totals=resolved.totals()) | {
            "sessions": [] if after else [session_as_json(each) for each in resolved.sessions],
            "headers": [table.as_json(row) for row in page.rows],
            "next": str(page.next) if page.next else None,
        }


@api.post(
    "downloads",
    response={200: DownloadBegun, 201: DownloadBegun, **may_answer(400, 413, 422, 503)},
    summary="Begin a download",
)
def begin_download(request: HttpRequest, asked: DownloadWords) -> Status[dict[str, Any]]:
    """Writes it into the audit and makes its job, which is alive while something is asked of it (5 minutes at a time).

    201: it has begun. 200: nothing matches; `hints` say what would, and there is no download.
    """
    asker = asker_of(request, may="download")
    resolved = resolve(parse(asked.words(json.loads(request.body))), scope=asker.scope)
    found = wanted(resolved)
    answer = _found(resolved, totals=found.totals) | {"files_at_once": FILES_AT_ONCE, "sessions": found.sessions}
    job = progress.begin(
        resolved, totals=found.totals, patients=found.patients, origin=asker.origin, rehearsal=asked.dry_run
    )
    return Status(200, answer | {"id": None}) if job is None else Status(201, answer | {"id": job.pk})


@api.get(
    "downloads/{int:download}/manifest",
    response=may_answer(404, 409, 410, 503),
    summary="The manifest of a download, as CSV",
    openapi_extra={"responses": _MANIFEST_ANSWERS},
)
def manifest(request: HttpRequest, download: int) -> HttpResponseBase:
    """The question is answered anew, as far as you may see now, and sent as it is found."""
    asker = asker_of(request, may="download")
    job = progress.under_way(download, scope=asker.scope)
    resolved = resolve(parse_url(job.question), scope=asker.scope)
    listed = entries(resolved, store=open_objects(settings.OBJECTS_URL))
    return send_manifest(request, listed, job=job)


@api.get(
    "downloads/{int:download}/sessions",
    response=may_answer(404, 409, 410, 503),
    summary="The sessions of a download, as CSV",
    openapi_extra={"responses": _SESSIONS_ANSWERS},
)
def sessions(request: HttpRequest, download: int) -> HttpResponse:
    """Where each session begins in each recording, by clock or as aligned; empty where no task was asked for."""
    asker = asker_of(request, may="download")
    job = progress.under_way(download, scope=asker.scope)
    resolved = resolve(parse_url(job.question), scope=asker.scope)
    files = session_files(resolved, store=open_objects(settings.OBJECTS_URL))
    listed = list_of_sessions(resolved, files=files)
    return HttpResponse(listed, content_type=CSV, headers={"Cache-Control": "private, no-store"})


@api.get(
    "downloads/{int:download}/file",
    response=may_answer(404, 409, 410, 412, 416, 422, 502, 503),
    summary="One file of a download",
    openapi_extra={"responses": _FILE_ANSWERS},
)
def file(request: HttpRequest, download: int, asked: Query[FileWanted]) -> HttpResponseBase:
    """`Range` (one), `If-Range`, `If-Match` and `If-None-Match` are understood."""
    asker = asker_of(request, may="download")
    job = progress.fetching(download, scope=asker.scope)
    store = open_objects(settings.OBJECTS_URL)
    found = file_at(asked.path, selection=parse_url(job.question), scope=asker.scope, store=store)
    return send_file(request, found, job=job, store=store)


@api.get(
    "downloads/{int:download}",
    response={200: DownloadShown, **may_answer(404)},
    summary="How a download stands",
)
def show_download(request: HttpRequest, download: int) -> dict[str, Any]:
    return _shown(progress.own_download(download, scope=asker_of(request, may="download").scope))


@api.post(
    "downloads/{int:download}/alive",
    response={200: DownloadShown, **may_answer(404, 410)},
    summary="Say that the download still goes on",
)
def keep_alive(request: HttpRequest, download: int) -> dict[str, Any]:
    """For a client that is busy without asking for files, such as while it checks those it has."""
    return _shown(progress.under_way(download, scope=asker_of(request, may="download").scope))


@api.post(
    "downloads/{int:download}/end",
    response={200: DownloadShown, **may_answer(400, 404, 422)},
    summary="End a download",
)
def end_download(request: HttpRequest, download: int, ending: Ending) -> dict[str, Any]:
    """Closes its job and its audit entry, with the bytes that were really sent. Saying it again does no harm."""
    asker: Asker = asker_of(request)
    job = end(
        download,
        scope=asker.scope,
        state=State(ending.outcome),
        fetched=ending.fetched,
        kept=ending.kept,
        failed=ending.failed,
    )
    return _shown(job)


def _found(resolved: Resolved, *, totals: Totals) -> dict[str, Any]:
    return {
        "question": resolved.selection.url(),
        "totals": table.totals_as_json(totals, bytes_per_s=settings.DOWNLOAD_MB_PER_S * 1e6),
        "warnings": list(resolved.warnings),
        "hints": [] if totals.chunks else list(resolved.hints()),
    }


def _shown(job: Job) -> dict[str, Any]:
    return {"id": job.pk, "state": job.state, "bytes_done": job.bytes_done, "reason": job.reason}
