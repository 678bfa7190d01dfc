"""What a comparison of buckets and rows found and did: values, for a command, a chore and whoever wakes the database.

Owns: what counts as something a person must look at.
"""

from dataclasses import dataclass, field

SHOWN = 20


@dataclass(kw_only=True)
class OfPatient:
    """One patient's bucket.

    `objects`: chunks and `recording.json` looked at; `written`: rows written; `orphaned`: rows whose object is gone,
    looked at once more, `orphans` their first keys; `unreadable`: of objects, `named` the first with the reason;
    `incomplete`: recordings in state ok that have fewer chunks than they should, as (name, there, expected);
    `interrupted`: recordings that nobody is ingesting any more; `fault`: why the bucket could not be looked at.
    """

    patient: str
    bucket: str
    objects: int = 0
    rows: int = 0
    missing: int = 0
    stale: int = 0
    written: int = 0
    orphaned: int = 0
    removed: int = 0
    unreadable: int = 0
    named: list[tuple[str, str]] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    incomplete: list[tuple[str, int, int]] = field(default_factory=list)
    interrupted: list[str] = field(default_factory=list)
    kept_because_many: bool = False
    withdrawn: bool = False
    fault: str = ""

    @property
    def clean(self) -> bool:
        """Whether nothing is left that a person must look at."""
        return not (
            self.fault or self.unreadable or self.orphaned > self.removed or self.incomplete or self.interrupted
        )

    def orphan(self, key: str) -> None:
        self.orphaned += 1
        if len(self.orphans) < SHOWN:
            self.orphans.append(key)

    def cannot_index(self, key: str, *, reason: str) -> None:
        self.unreadable += 1
        if len(self.named) < SHOWN:
            self.named.append((key, reason))


@dataclass(kw_only=True)
class Report:
    """All of them; `strangers` are sentences about buckets, and about rows, of no patient."""

    patients: list[OfPatient] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    @property
    def objects(self) -> int:
        return sum(each.objects for each in self.patients)

    @property
    def missing(self) -> int:
        return sum(each.missing for each in self.patients)

    @property
    def stale(self) -> int:
        return sum(each.stale for each in self.patients)

    @property
    def written(self) -> int:
        """Rows that were recovered: of missing and of changed objects."""
        return sum(each.written for each in self.patients)

    @property
    def orphaned(self) -> int:
        return sum(each.orphaned for each in self.patients)

    @property
    def removed(self) -> int:
        return sum(each.removed for each in self.patients)

    @property
    def unreadable(self) -> int:
        return sum(each.unreadable for each in self.patients)

    @property
    def clean(self) -> bool:
        return not self.strangers and all(each.clean for each in self.patients)
