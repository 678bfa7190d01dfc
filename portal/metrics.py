"""The numbers of a running portal for Prometheus, at `/metrics`: to this machine, or to who brings the token.

Owns: the address, who may read it, and the numbers that are asked of databases and disk as it is read. No number names
a patient, a person or a file. A headers database that sleeps is left asleep: its numbers are missing then.
"""

import ipaddress
import logging
import shutil
from collections.abc import Callable, Iterable, Iterator

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from chunks.headers_db.errors import HeadersUnavailable
from chunks.headers_db.place import State as HeadersState
from chunks.headers_db.state import read_state
from chunks.models import IndexFault
from jobs.models import Job, State
from portal.backup import backups_folder, newest_backup
from portal.request_times import registry

logger = logging.getLogger(__name__)


@login_not_required
@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """All numbers in Prometheus' text format; 403 for others than this machine without the token."""
    if not (_has_token(request) or _is_this_machine(request)):
        return HttpResponse("Metrics are for this machine, or with the token.\n", status=403, content_type="text/plain")
    asked = CollectorRegistry(auto_describe=False)
    asked.register(Asked())
    return HttpResponse(generate_latest(registry) + generate_latest(asked), content_type=CONTENT_TYPE_LATEST)


class Asked(Collector):
    """The numbers that are asked for at each scrape. A part that does not answer takes no other with it."""

    def collect(self) -> Iterable[Metric]:
        failed = GaugeMetricFamily(
            "ecog_metrics_failed", "1 where the numbers of a part could not be had", labels=["part"]
        )
        for name, part in PARTS.items():
            try:
                found = list(part())
            except HeadersUnavailable:
                continue
            except Exception as error:  # noqa: BLE001 (whatever it is, the other numbers are told)
                logger.warning("The metrics of %s cannot be had: %s", name, type(error).__name__)
                failed.add_metric([name], 1)
            else:
                failed.add_metric([name], 0)
                yield from found
        yield failed


def _jobs() -> Iterator[Metric]:
    counted = GaugeMetricFamily("ecog_jobs", "Jobs by kind and state", labels=["kind", "state"])
    for kind, state, number in Job.objects.order_by().values_list("kind", "state").annotate(Count("pk")):
        counted.add_metric([kind, state], number)
    yield counted
    oldest = Job.objects.filter(state=State.QUEUED).aggregate(at=Min("created_at"))["at"]
    waited_s = (timezone.now() - oldest).total_seconds() if oldest else 0.0
    yield _gauge(
        "ecog_oldest_waiting_job_seconds", "Age of the oldest job that waits; 0: none does", max(0.0, waited_s)
    )


def _headers() -> Iterator[Metric]:
    now = read_state().state
    states = GaugeMetricFamily("ecog_headers_state", "1 for the state of the headers database", labels=["state"])
    for state in HeadersState:
        states.add_metric([state.value], int(state == now))
    yield states


def _faults() -> Iterator[Metric]:
    yield _gauge("ecog_index_faults", "Objects and messages that could not be indexed", IndexFault.objects.count())


def _backup() -> Iterator[Metric]:
    newest = newest_backup(backups_folder())
    if newest:
        age_s = (timezone.now() - newest).total_seconds()
        yield _gauge("ecog_backup_age_seconds", "Age of the newest backup; missing: there is none", age_s)


def _disk() -> Iterator[Metric]:
    usage = shutil.disk_usage(settings.DATA_DIR)
    yield _gauge("ecog_data_free_bytes", "Free space where the data folder is", usage.free)
    yield _gauge("ecog_data_size_bytes", "Size of the disk where the data folder is", usage.total)


PARTS: dict[str, Callable[[], Iterator[Metric]]] = {
    "jobs": _jobs,
    "headers": _headers,
    "index faults": _faults,
    "backup": _backup,
    "disk": _disk,
}


def _gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(name, about, value=value)


def _has_token(request: HttpRequest) -> bool:
    word, _, given = request.headers.get("Authorization", "").partition(" ")
    token = settings.METRICS_TOKEN
    return bool(token) and word.lower() == "bearer" and constant_time_compare(given.strip(), token)


def _is_this_machine(request: HttpRequest) -> bool:
    """Asked directly: what a proxy on this machine passes on comes from anywhere."""
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
