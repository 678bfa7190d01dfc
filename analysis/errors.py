"""What can go wrong with an analysis, in sentences for the person who asked for it. Plain Python."""

from typing import ClassVar


class AnalysisError(Exception):
    """The root of everything this app refuses or fails at; the message may be shown to the person who asked."""

    may_be_kept: ClassVar[bool] = True


class OptionRefused(AnalysisError):
    """An option of `spark.read.format("chn")` that cannot be meant."""


class NotAManifest(AnalysisError):
    """A manifest, or a line of one, that cannot be read or has no end."""


class ManifestRefused(AnalysisError):
    """A manifest that was not written by this portal for the asker, or of which she may no longer see all."""

    audit_outcome: ClassVar[str] = "refused"


class FolderOnCluster(AnalysisError):
    """Objects in a folder of this machine were to be read by machines that do not have it."""


class NothingFound(AnalysisError):
    """A question that finds no chunk the asker may see."""


class PlaceUnusable(AnalysisError):
    """The place of the results is not written as it must be, or does not answer."""


class NotInstalled(AnalysisError):
    """Spark, or Java, is not there."""


class AnalysisRefused(AnalysisError):
    """An analysis that is not even begun."""

    audit_outcome: ClassVar[str] = "refused"


class ScopeShrunk(AnalysisError):
    """The asker may no longer see all patients of the result."""

    audit_outcome: ClassVar[str] = "refused"


class SparkFailed(AnalysisError):
    """Spark began, and ended without a result; the message says why as far as it is known."""
