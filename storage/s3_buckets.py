"""How a bucket of patients' data is set up on S3, looked at and made right, one rule after the other.

Owns the rules' form as S3 reads and writes them. What others entered (lifecycle rules, statements of the policy,
notifications) stays as it is: ours are known by their names, which begin with `ecog-` or `Ecog`.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from storage.bucket_rules import BucketRules, Fault
from storage.errors import AccessDenied, BucketTaken, EventsQueueRefused, NotKnownThere, StorageError, WriteConflict
from storage.s3_errors import in_words, speaking

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

UPLOAD_DAYS = 7  # after which an upload that nobody ended is removed
OLD_VERSION_DAYS = 30  # after which what was replaced or deleted is gone, where versions are kept
EVENTS = ("s3:ObjectCreated:*", "s3:ObjectRemoved:*")
SUFFIXES = {"ecog-chunks": ".chn", "ecog-recordings": "/recording.json"}
REFUSALS = (AccessDenied, NotKnownThere, WriteConflict, EventsQueueRefused)

_OURS = "ecog-"
_STATEMENT = "EcogRefusesPlainHttp"


@dataclass(frozen=True, slots=True)
class _Fix:
    """How something was found, and what makes it right."""

    found: str
    repair: Callable[[], object]


_Look = Callable[["S3Client", str, BucketRules], _Fix | None]


def set_up(client: "S3Client", bucket: str, *, rules: BucketRules, dry_run: bool) -> list[Fault]:
    """What was not as the rules want it, and is now, unless it is a dry run or S3 refuses.

    Raises the errors that concern every rule alike, such as `BucketMissing`.
    """
    faults = (_fault(client, bucket, what, look, rules=rules, dry_run=dry_run) for what, look in _rules(client))
    return [fault for fault in faults if fault]


def _rules(client: "S3Client") -> Iterator[tuple[str, _Look]]:
    yield "encryption", _encryption
    yield "public access", _public_access
    yield "ownership", _ownership
    yield "versioning", _versioning
    yield "lifecycle", _lifecycle
    if not client.meta.endpoint_url.startswith("http://"):  # it would lock out ourselves
        yield "plain http", _plain_http
    yield "events", _events


def _fault(
    client: "S3Client", bucket: str, what: str, look: _Look, *, rules: BucketRules, dry_run: bool
) -> Fault | None:
    found = "not to be seen"
    try:
        with speaking(bucket):
            fix = look(client, bucket, rules)
            if fix is None:
                return None
            found = fix.found
            if not dry_run:
                fix.repair()
    except BucketTaken:
        # A server that does not look at what follows the name takes this for the wish to make the bucket.
        reason = str(NotKnownThere(bucket, detail=what))
        return Fault(bucket=bucket, what=what, found=found, state="refused", reason=reason)
    except StorageError as error:
        if type(error) is not StorageError and not isinstance(error, REFUSALS):
            raise
        return Fault(bucket=bucket, what=what, found=found, state="refused", reason=str(error))
    return Fault(bucket=bucket, what=what, found=found, state="found" if dry_run else "repaired")


def _held(ask: Callable[..., Any], bucket: str, *, absent: str = "") -> dict[str, Any]:
    """The answer; empty where S3 says by the code `absent` that nothing is set."""
    try:
        answer = dict(ask(Bucket=bucket))
    except ClientError as error:
        if absent and error.response.get("Error", {}).get("Code") == absent:
            return {}
        raise
    answer.pop("ResponseMetadata", None)
    return answer


def _encryption(client: "S3Client", bucket: str, _rules: BucketRules) -> _Fix | None:
    """Any encryption will do: a lab may have chosen keys of its own."""
    absent = "ServerSideEncryptionConfigurationNotFoundError"
    if _held(client.get_bucket_encryption, bucket, absent=absent):
        return None
    wanted: Any = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
    return _Fix("none", lambda: client.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=wanted))


def _public_access(client: "S3Client", bucket: str, _rules: BucketRules) -> _Fix | None:
    wanted: Any = dict.fromkeys(
        ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
    )
    answer = _held(client.get_public_access_block, bucket, absent="NoSuchPublicAccessBlockConfiguration")
    held = answer.get("PublicAccessBlockConfiguration", {})
    missing = [name for name in wanted if not held.get(name)]
    if not missing:
        return None
    return _Fix(
        f"not blocked: {', '.join(missing)} not set",
        lambda: client.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=wanted),
    )


def _ownership(client: "S3Client", bucket: str, _rules: BucketRules) -> _Fix | None:
    answer = _held(client.get_bucket_ownership_controls, bucket, absent="OwnershipControlsNotFoundError")
    held = [rule.get("ObjectOwnership") for rule in answer.get("OwnershipControls", {}).get("Rules", [])]
    if held == ["BucketOwnerEnforced"]:
        return None
    wanted: Any = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    return _Fix(
        f"{', '.join(map(str, held)) or 'none set'}, so other accounts may own objects in it",
        lambda: client.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=wanted),
    )


def _versioning(client: "S3Client", bucket: str, rules: BucketRules) -> _Fix | None:
    enabled = _held(client.get_bucket_versioning, bucket).get("Status") == "Enabled"
    if enabled == rules.versioning:
        return None
    wanted: Any = {"Status": "Enabled" if rules.versioning else "Suspended"}
    return _Fix(
        "on" if enabled else "off",
        lambda: client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=wanted),
    )


def _lifecycle(client: "S3Client", bucket: str, rules: BucketRules) -> _Fix | None:
    answer = _held(client.get_bucket_lifecycle_configuration, bucket, absent="NoSuchLifecycleConfiguration")
    held = {rule.get("ID", ""): rule for rule in answer.get("Rules", [])}
    everything = {"Status": "Enabled", "Filter": {"Prefix": ""}}
    named = {"ecog-aborted-uploads": {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": UPLOAD_DAYS}}}
    if rules.versioning:
        named["ecog-old-versions"] = {"NoncurrentVersionExpiration": {"NoncurrentDays": OLD_VERSION_DAYS}}
    wanted = {name: {"ID": name, **everything, **does} for name, does in named.items()}
    wrong = [name for name, rule in wanted.items() if not _includes(held.get(name, {}), rule)]
    if not wrong:
        return None
    kept = [rule for rule in answer.get("Rules", []) if rule.get("ID", "") not in wrong]
    whole: Any = {"Rules": [*kept, *(wanted[name] for name in wrong)]}
    # Of the whole configuration, and set back where it is not said again.
    said: Any = {name: answer[name] for name in ("TransitionDefaultMinimumObjectSize",) if name in answer}
    return _Fix(
        f"without the rule {' and '.join(wrong)}",
        lambda: client.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=whole, **said),
    )


def _includes(held: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Whether a rule says all that is wanted; S3 adds words of its own, and leaves an empty prefix away or not."""
    prefixes = (held.get("Prefix", ""), held.get("Filter", {}).get("Prefix", ""))
    rest = {name: value for name, value in wanted.items() if name != "Filter"}
    return not any(prefixes) and set(held.get("Filter", {})) <= {"Prefix"} and rest.items() <= held.items()


def _plain_http(client: "S3Client", bucket: str, _rules: BucketRules) -> _Fix | None:
    answer = _held(client.get_bucket_policy, bucket, absent="NoSuchBucketPolicy")
    policy: dict[str, Any] = json.loads(answer["Policy"]) if answer else {"Version": "2012-10-17", "Statement": []}
    held = policy.get("Statement", [])
    statements: list[dict[str, Any]] = [held] if isinstance(held, dict) else held
    arn = f"arn:{client.meta.partition}:s3:::{bucket}"
    wanted = {
        "Sid": _STATEMENT,
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    if any(_says(statement, wanted) for statement in statements):
        return None
    policy["Statement"] = [*(each for each in statements if each.get("Sid") != _STATEMENT), wanted]
    return _Fix("not refused", lambda: client.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy)))


def _says(statement: dict[str, Any], wanted: dict[str, Any]) -> bool:
    def plain(each: dict[str, Any]) -> dict[str, Any]:
        resources = each.get("Resource", [])
        named = [resources] if isinstance(resources, str) else resources
        return {name: value for name, value in each.items() if name != "Sid"} | {"Resource": sorted(named)}

    return plain(statement) == plain(wanted)


def _events(client: "S3Client", bucket: str, rules: BucketRules) -> _Fix | None:
    held = _held(client.get_bucket_notification_configuration, bucket)
    queues: list[dict[str, Any]] = held.get("QueueConfigurations", [])
    wanted = _notifications(rules.events_queue_arn)
    missing = [each for each in wanted if not any(_tells(queue, each) for queue in queues)]
    stale = [
        queue
        for queue in queues
        if queue.get("Id", "").startswith(_OURS) and not any(_tells(queue, each) for each in wanted)
    ]
    if not missing and not stale:
        return None
    kept = [queue for queue in queues if queue not in stale]
    whole: Any = {**held, "QueueConfigurations": [*kept, *missing]}

    def repair() -> None:
        try:
            client.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=whole)
        except ClientError as error:
            problem = in_words(error, bucket=bucket)
            if error.response.get("Error", {}).get("Code") == "InvalidArgument":
                raise EventsQueueRefused(bucket, detail=rules.events_queue_arn) from None
            raise problem from None

    return _Fix(_untold(missing, stale), repair)


def _notifications(queue_arn: str) -> Sequence[dict[str, Any]]:
    return [
        {
            "Id": name,
            "QueueArn": queue_arn,
            "Events": list(EVENTS),
            "Filter": {"Key": {"FilterRules": [{"Name": "suffix", "Value": suffix}]}},
        }
        for name, suffix in (SUFFIXES.items() if queue_arn else ())
    ]


def _tells(queue: dict[str, Any], wanted: dict[str, Any]) -> bool:
    def plain(each: dict[str, Any]) -> tuple[str, list[str], list[tuple[str, str]]]:
        rules = each.get("Filter", {}).get("Key", {}).get("FilterRules", [])
        # S3 gives the names back as it likes: Suffix for suffix.
        named = sorted((rule["Name"].lower(), rule["Value"]) for rule in rules)
        return each["QueueArn"], sorted(each["Events"]), named

    return plain(queue) == plain(wanted)


def _untold(missing: Sequence[dict[str, Any]], stale: Sequence[dict[str, Any]]) -> str:
    told = [f"nobody is told of {SUFFIXES[each['Id']]}" for each in missing]
    told += [f"{each['QueueArn']} is told, which is not wanted" for each in stale]
    return ", ".join(told)
