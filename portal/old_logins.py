"""What logins leave behind: sessions that have ended, and attempts that count no more.

Owns: that both are removed, since Django and django-axes leave them where nobody comes back.
"""

from django.contrib.sessions.models import Session
from django.utils import timezone

from people.attempts import forget_attempts


def forget() -> str:
    """The chore; says in a sentence what it removed."""
    sessions, _ = Session.objects.filter(expire_date__lt=timezone.now()).delete()
    attempts = forget_attempts()
    return f"{sessions} ended sessions and {attempts} old attempts to log in removed" if sessions or attempts else ""
