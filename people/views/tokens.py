"""Tokens for one's own computer: make one (shown once), see their last use, end them.

Owns: these pages. How a token is made and kept is `people.tokens`' business.
"""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from people.asking import page_scope, page_user
from people.models import Token
from people.origin import client_address
from people.roles import requires
from people.tokens import DEFAULT_DAYS, MAX_DAYS, make_token, revoke_token, tokens_of

NAME_LENGTH = 60


class TokenForm(forms.Form):
    name = forms.CharField(
        max_length=NAME_LENGTH, label="Name", help_text="Where you will use it, such as “lab workstation”."
    )
    days = forms.IntegerField(
        min_value=1, max_value=MAX_DAYS, initial=DEFAULT_DAYS, label="Good for (days)", help_text=f"At most {MAX_DAYS}."
    )


@requires("search")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """The list, the form, and once the new token itself: it is in this one answer and nowhere else."""
    scope = page_scope(request)
    made = None
    form = TokenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        name, days = form.cleaned_data["name"], form.cleaned_data["days"]
        made = make_token(page_user(request), name=name, days=days, by=scope, origin=client_address(request))
        form = TokenForm()
    context = {"form": form, "made": made, "tokens": tokens_of(page_user(request)), "now": timezone.now()}
    return render(request, "people/tokens.html", context)


@requires("search")
@require_POST
def revoke(request: HttpRequest, token_id: int) -> HttpResponse:
    """Of one's own tokens alone; another's is as unknown as one that does not exist."""
    token = get_object_or_404(Token, pk=token_id, user=page_user(request))
    if revoke_token(token, by=page_scope(request), origin=client_address(request)):
        messages.success(request, f"The token {token.beginning}… is revoked: programs that show it are refused now.")
    return redirect("tokens")
