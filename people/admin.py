"""What the Django admin shows of `people`: accounts, grants, patients and the audit.

Owns: which models it has. Groups are not among them: roles are made by a migration (`people.roles`).
"""

from django.contrib import admin
from django.contrib.auth.models import Group, User

from people.account_admin import AccountAdmin
from people.audit_admin import AuditedPatientAdmin, AuditEntryAdmin
from people.grant_admin import GrantAdmin, PatientAdmin
from people.models import AuditedPatient, AuditEntry, Grant, Patient

admin.site.unregister(Group)
admin.site.unregister(User)
admin.site.register(User, AccountAdmin)
admin.site.register(Grant, GrantAdmin)
admin.site.register(Patient, PatientAdmin)
admin.site.register(AuditEntry, AuditEntryAdmin)
admin.site.register(AuditedPatient, AuditedPatientAdmin)
