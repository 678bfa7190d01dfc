"""Who wants a mail when search is awake again.

Owns: the list, and that each is told once. A chore of the sweeper sends them, so that it does not matter who woke the
headers database, from where, or whether that process lived to its end.
"""

import logging
from smtplib import SMTPException

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import send_mail

from chunks.headers_db.place import State
from chunks.headers_db.state import read_state
from hibernation.models import WakeNotice

SUBJECT = "The search of the ECoG Portal is awake"
logger = logging.getLogger(__name__)


def can_tell(user: User) -> bool:
    """Whether this portal sends mails, and the person has an address."""
    return bool(settings.EMAIL_CONFIGURED and user.email)


def ask(user: User) -> None:
    """Once is enough."""
    WakeNotice.objects.get_or_create(user=user)


def tell_everybody() -> str:
    """Tells who asked, if search is awake; a sentence where anybody was told. Who was not reached is tried again."""
    if not WakeNotice.objects.exists() or read_state().state != State.AWAKE:
        return ""
    told = sum(_tell(notice) for notice in WakeNotice.objects.select_related("user").order_by("pk"))
    return f"{told} told that search is awake" if told else ""


def _tell(notice: WakeNotice) -> bool:
    """Of several sweepers one has the row, and sends."""
    if not WakeNotice.objects.filter(pk=notice.pk).delete()[0]:
        return False
    user = notice.user
    if not (user.is_active and can_tell(user)):
        return False
    message = f"You asked to be told: search is awake again at {settings.PORTAL_URL}.\n"
    try:
        send_mail(SUBJECT, message, None, [user.email])
    except (SMTPException, OSError) as error:
        WakeNotice.objects.get_or_create(user=user, defaults={"asked_at": notice.asked_at})
        logger.warning("A mail that search is awake was not sent (%s); it is tried again.", type(error).__name__)
        return False
    return True
