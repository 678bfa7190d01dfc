"""Whether the portal lives, and whether all it leans on answers: for load balancers and for whoever looks after it.

Owns: the two addresses. They need no login and say nothing of what is kept: names of parts and one word for each.
"""

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from chunks.headers_db.errors import HeadersAsleep
from chunks.models import Recording
from jobs.broker import connected
from portal.backup import backup_state
from storage.urls import open_objects

OK = "ok"


@login_not_required
@never_cache
@require_safe
def live(_request: HttpRequest) -> HttpResponse:
    """200 while the process answers at all."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
@never_cache
@require_safe
def ready(_request: HttpRequest) -> HttpResponse:
    """200 where every part answers (a headers database that sleeps on purpose is no fault), else 503.

    Whether there is a fresh backup is told beside them: without one the portal works all the same.
    """
    parts = {name: _state(ask) for name, ask in CHECKS.items()}
    healthy = all(state in {OK, "asleep"} for state in parts.values())
    parts["backup"] = backup_state(now=timezone.now())
    return JsonResponse({"ready": healthy, "parts": parts}, status=200 if healthy else 503)


def _portal_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _headers_database() -> None:
    Recording.objects.exists()


def _objects() -> None:
    open_objects(settings.OBJECTS_URL).bucket_exists(settings.SESSIONS_BUCKET)


def _broker() -> None:
    with connected():
        pass


CHECKS: dict[str, Callable[[], None]] = {
    "portal database": _portal_database,
    "headers database": _headers_database,
    "objects": _objects,
    "broker": _broker,
}


def _state(ask: Callable[[], None]) -> str:
    try:
        ask()
    except HeadersAsleep:
        return "asleep"
    except Exception:  # noqa: BLE001 (whatever it is, the part does not answer)
        return "does not answer"
    return OK
