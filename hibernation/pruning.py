"""Old snapshots of ours go; the ones that somebody may need stay, whatever is asked for.

Owns: which may go. Never the only one, never the newest verified one, never the one the present sleep rests on, never
one that this portal did not make.
"""

from collections.abc import Sequence

from hibernation import snapshots
from hibernation.aws import speaking
from hibernation.errors import KeepRefused
from hibernation.models import present_sleep
from hibernation.snapshots import Held
from hibernation.work import Work
from people import audit


def may_go(there: Sequence[Held], *, keep: int, needed: Sequence[str]) -> list[Held]:
    """Those beyond the newest `keep`, the oldest first. `there`: the newest first; `needed`: names that stay."""
    if keep < 1:
        raise KeepRefused(f"--keep is {keep}: write 1 or more. The only snapshot is never removed.")
    ours = [each for each in there if each.ours and each.status == "available"]
    verified = next((each.name for each in ours if each.verified), "")
    return [each for each in reversed(ours[keep:]) if each.name not in {verified, *needed}]


def prune(work: Work, *, keep: int, only_say: bool = False) -> list[Held]:
    """Removes them one by one, each an act of the audit; those that went (or would)."""
    with speaking():
        there = snapshots.kept(work.aws, instance=work.site.instance)
    sleep = present_sleep()
    needed = [name for name in ((sleep.snapshot, sleep.source) if sleep else ()) if name]
    going = may_go(there, keep=keep, needed=needed)
    for each in going if not only_say else []:
        work.check(None)
        with audit.act("delete RDS snapshot", scope=work.by, question=each.name, origin=work.origin), speaking():
            work.aws.rds.delete_db_snapshot(DBSnapshotIdentifier=each.name)
        work.tell(f"Removed: {each.line}")
    return going
