"""What the Django admin shows of `people`: accounts, grants and patients.

Owns: which models it has. Groups are not among them: roles are made by a migration (`people.roles`).
"""

from django.contrib import admin
from django.contrib.auth.models import Group, User

from people.account_admin import AccountAdmin
from people.grant_admin import GrantAdmin, PatientAdmin
from people.models import Grant, Patient

admin.site.unregister(Group)
admin.site.unregister(User)
admin.site.register(User, AccountAdmin)
admin.site.register(Grant, GrantAdmin)
admin.site.register(Patient, PatientAdmin)
