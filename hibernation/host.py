"""The machine that is needed only while the database runs (a bastion): its state, and that it is none of the portal's.

Owns: what this machine is called on EC2 (its own metadata, IMDSv2, asked with little patience), and which machines run
parts of the portal: each notes itself.
"""

import os
from datetime import timedelta
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from django.utils import timezone

from hibernation.aws import Clients
from hibernation.errors import HostRefused
from hibernation.models import PortalMachine
from hibernation.site import Site
from hibernation.states import Host

METADATA = "http://169.254.169.254"
METADATA_S = 1.0
# A part of the portal that has not been seen on a machine for so long does not run there any more.
FORGOTTEN_AFTER = timedelta(days=7)
_STATES = {"running": Host.RUNNING, "stopped": Host.STOPPED}


def seen(clients: Clients, *, host: str) -> tuple[Host, str]:
    """Its state and its type (`t4g.nano`); NONE and no type where none is named, or it was terminated."""
    if not host:
        return Host.NONE, ""
    found = clients.ec2.describe_instances(InstanceIds=[host])["Reservations"]
    told = found[0]["Instances"][0] if found else None
    if told is None or told["State"]["Name"] in {"terminated", "shutting-down"}:
        return Host.NONE, ""
    return _STATES.get(told["State"]["Name"], Host.CHANGING), told["InstanceType"]


def refuse_own_machine(site: Site) -> None:
    """Raises `HostRefused` where the host is this machine or one on which a part of the portal ran lately."""
    if not site.host:
        return
    if this_machine() == site.host:
        raise HostRefused(
            f"ECOG_RDS_HOST_INSTANCE is {site.host}, which is this very machine: stopped, it could wake nothing. Name "
            "a machine that only the database needs, or leave the setting empty. Nothing was changed."
        )
    seen = PortalMachine.objects.filter(pk=site.host, seen_at__gt=timezone.now() - FORGOTTEN_AFTER).first()
    if seen is not None:
        raise HostRefused(
            f"ECOG_RDS_HOST_INSTANCE is {site.host}, on which a part of the portal (a worker or a sweeper) ran at "
            f"{seen.seen_at:%Y-%m-%d %H:%M} UTC: it must stay on. Name another machine, or leave the setting empty. "
            "Nothing was changed."
        )


def note_this_machine() -> str:
    """Notes that a part of the portal runs on this machine; nothing outside EC2."""
    if machine := this_machine():
        PortalMachine.objects.update_or_create(pk=machine, defaults={"seen_at": timezone.now()})
    return ""


def this_machine() -> str:
    """The number of this machine on EC2; empty anywhere else."""
    if os.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        return ""
    where = urlsplit(os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or METADATA)
    try:
        token = _ask(where, "PUT", "/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "60"})
        return _ask(where, "GET", "/latest/meta-data/instance-id", {"X-aws-ec2-metadata-token": token})
    except (OSError, HTTPException):
        return ""


def _ask(where: Any, method: str, path: str, headers: dict[str, str]) -> str:  # noqa: ANN401 - a split URL
    connection = HTTPConnection(where.hostname or "", where.port or 80, timeout=METADATA_S)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        text = answer.read(4096).decode("ascii", errors="replace").strip()
    finally:
        connection.close()
    if answer.status != 200:
        raise HTTPException(f"{answer.status}")
    return text
