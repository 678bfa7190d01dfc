"""What `portal` enters into the registers: the nightly backup, and the removal of what logins leave behind."""

from jobs.chores import Chore, register
from portal.backup import nightly
from portal.old_logins import forget

HOUR_S = 3600

# Looked at every hour, so that a sweeper that is started anew every day makes one too.
register(Chore(name="backup", every_s=HOUR_S, run=nightly))
register(Chore(name="logins", every_s=HOUR_S, run=forget))
