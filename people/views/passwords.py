"""Changing one's password, and getting a new one by e-mail where the portal can send any.

Owns: these acts and their audit, and that no answer (nor its time) tells whether an account exists.
"""

import threading
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import views
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import PasswordChangeForm, PasswordResetForm, SetPasswordForm
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse_lazy
from django.utils import timezone

from people import audit
from people.asking import PAGE, page_scope
from people.models import AuditEntry
from people.origin import client_address
from people.scope import nobody_scope, scope_for

ASKING = "ask for a new password"
UNKNOWN = "user=unknown"
MAILS_AN_HOUR = 3
LOOKED_AT = 1_000  # entries: whoever asks without an end must not make each question dearer


class ChangePassword(views.PasswordChangeView):
    """Ends all other sessions of the user, which is Django's doing."""

    success_url = reverse_lazy("account")

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        with audit.act("change password", scope=page_scope(self.request), origin=client_address(self.request)):
            response = super().form_valid(form)
        messages.success(self.request, "Your password is changed. Wherever else you were logged in, you no longer are.")
        return response


class MailForm(PasswordResetForm):
    """Django's, which mails in a thread of its own: an answer that waited would tell that there is an account.

    `asked_lately`: how often each account was asked for, the present time included.
    """

    asked_lately: Mapping[str, int]

    def send_mail(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 (the signature is Django's)
        context = args[2] if len(args) > 2 else options["context"]
        if self.asked_lately[f"user={context['user'].get_username()}"] > MAILS_AN_HOUR:
            return
        threading.Thread(target=super().send_mail, args=args, kwargs=options).start()


@login_not_required
def reset_password(request: HttpRequest) -> HttpResponseBase:
    """Where the portal can send no e-mail, the page says whom to ask."""
    if not settings.EMAIL_CONFIGURED:
        return render(request, "registration/password_reset_ask.html")
    return ResetPassword.as_view()(request)


class ResetPassword(views.PasswordResetView):
    """Sends a link that is good for an hour."""

    form_class = MailForm
    email_template_name = "registration/password_reset_email.txt"
    subject_template_name = "registration/password_reset_subject.txt"
    success_url = reverse_lazy("password-reset-done")

    def form_valid(self, form: PasswordResetForm) -> HttpResponse:
        self.extra_email_context = {"portal_url": settings.PORTAL_URL}
        users = list(form.get_users(form.cleaned_data["email"]))
        question = " ".join(f"user={user.get_username()}" for user in users) or UNKNOWN
        scope, origin = nobody_scope(means=PAGE), client_address(self.request)
        with audit.act(ASKING, scope=scope, question=question, origin=origin):
            # Counted whether there is an account or not: the time of the answer would tell else.
            form.asked_lately = _asked_lately()  # type: ignore[attr-defined]  # a `MailForm`
            return super().form_valid(form)


class ResetDone(views.PasswordResetDoneView):
    """Says the same whether a message was sent or not."""


class ConfirmReset(views.PasswordResetConfirmView):
    """Takes the new password of who has followed the link."""

    success_url = reverse_lazy("password-reset-complete")

    def form_valid(self, form: "SetPasswordForm[User]") -> HttpResponse:
        scope = scope_for(form.user, means=PAGE)
        with audit.act("reset password", scope=scope, origin=client_address(self.request)):
            return super().form_valid(form)


class ResetComplete(views.PasswordResetCompleteView):
    """The way back to the login."""


def _asked_lately() -> Mapping[str, int]:
    """How often each account was asked for within the hour; names are whole words."""
    last_hour = AuditEntry.objects.filter(at__gt=timezone.now() - timedelta(hours=1), act=ASKING)
    questions = last_hour.exclude(question=UNKNOWN).order_by("-at").values_list("question", flat=True)[:LOOKED_AT]
    return Counter(word for question in questions for word in question.split())
