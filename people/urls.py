"""The addresses of `people`."""

from django.urls import URLPattern, path

from people.audit_urls import urlpatterns as audit_urls
from people.views import account, entrance, passwords, tokens

urlpatterns: list[URLPattern] = [
    path("login/", entrance.LogIn.as_view(), name="login"),
    path("logout/", entrance.LogOut.as_view(), name="logout"),
    path("password/", passwords.ChangePassword.as_view(), name="password-change"),
    path("password/reset/", passwords.reset_password, name="password-reset"),
    path("password/reset/done/", passwords.ResetDone.as_view(), name="password-reset-done"),
    path("password/reset/complete/", passwords.ResetComplete.as_view(), name="password-reset-complete"),
    path("password/reset/<str:uidb64>/<str:token>/", passwords.ConfirmReset.as_view(), name="password-reset-confirm"),
    path("account/", account.account, name="account"),
    path("account/tokens/", tokens.tokens, name="tokens"),
    path("account/tokens/<int:token_id>/revoke/", tokens.revoke, name="token-revoke"),
    *audit_urls,
]
