"""What `portal` enters into the registers: the nightly backup."""

from jobs.chores import Chore, register
from portal.backup import nightly

# Looked at every hour, so that a sweeper that is started anew every day makes one too.
register(Chore(name="backup", every_s=3600, run=nightly))
