"""What can go wrong when the functions are packed, in sentences for the person at work. Imports nothing of ours."""


class PackagingError(Exception):
    """The root of what stands against a package; the message may be shown to the person who asked."""


class CertificatesUnusable(PackagingError):
    """There is no file of the certificate authorities that sign the database's certificate, or it is none."""


class ImportNotAllowed(PackagingError):
    """A function imports what Lambda has not and what is not packed."""


class PackageUnusable(PackagingError):
    """An installed package is not what the requirements name, is compiled, or was changed after it was installed."""


class ZipTooLarge(PackagingError):
    """A package is larger than a function of ours may be."""
