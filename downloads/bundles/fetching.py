"""Who may fetch a bundle now, and its end: expired, or out of somebody's sight.

Owns: the rule that all of its patients must be in the present scope of who fetches it, else it is removed; and how a
bundle is removed: its row says so first, its files follow, by the next tidying at the latest.
"""

from downloads.bundles import place
from downloads.bundles.errors import ScopeShrunk
from downloads.models import Bundle
from people.scope import Scope

OUT_OF_SIGHT = "Not all of its patients may be seen any more by who asked for it."


def bundle_of(job_id: int, *, scope: Scope) -> Bundle | None:
    """The bundle of that job where it is the asker's own, or she sees all; None as where there is none."""
    mine = Bundle.objects.select_related("job").filter(job_id=job_id)
    if not scope.sees_all:
        mine = mine.filter(job__asker_id=scope.user_id)
    return mine.first()


def check_scope(bundle: Bundle, *, scope: Scope) -> None:
    """Raises `ScopeShrunk` where a patient in it is outside the scope; the bundle is then gone for everybody."""
    if bundle.outside(scope.patients):
        remove(bundle, why=OUT_OF_SIGHT)
        raise ScopeShrunk(
            "This bundle holds data of a patient that may no longer be seen by you, so it was removed. Ask the "
            "question again for the patients that you may see."
        )


def remove(bundle: Bundle, *, why: str) -> bool:
    """Ends the bundle; whether its files are gone by now too."""
    Bundle.objects.filter(pk=bundle.pk).removed(why=why)
    gone = [place.discard(name) for name in (bundle.zip_name, bundle.manifest_name) if name]
    return all(gone)
