"""Makes the bucket, and an account that may touch that bucket only; done once, it does nothing.

Settings: S3_ENDPOINT (host:port), S3_BUCKET, S3_ACCESS_KEY (the account), MINIO_ROOT_USER, and the
files that hold the two passwords: S3_SECRET_KEY_FILE, MINIO_ROOT_PASSWORD_FILE.
"""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from minio import Minio, MinioAdmin
from minio.credentials import StaticProvider
from minio.error import MinioAdminException, S3Error

ON_BUCKET = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
ON_OBJECTS = [
    "s3:GetObject",
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
]


def policy_for(bucket: str) -> dict[str, Any]:
    """Return the policy that allows what MLflow needs on one bucket, and nothing else."""
    arn = f"arn:aws:s3:::{bucket}"
    statements = [(ON_BUCKET, arn), (ON_OBJECTS, f"{arn}/*")]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": actions, "Resource": [resource]}
            for actions, resource in statements
        ],
    }


def can_use(bucket: str, account: Minio) -> bool:
    """Say whether the account is there and sees the bucket."""
    try:
        return account.bucket_exists(bucket)
    except S3Error:
        return False


def make_account(admin: MinioAdmin, name: str, password: str, policy: dict[str, Any]) -> None:
    """Make the account, or renew its password and what it may do."""
    admin.policy_add(name, policy=policy)
    admin.user_add(name, password)
    try:
        admin.attach_policy(policies=[name], user=name)
    except MinioAdminException as error:
        if "PolicyChangeAlreadyApplied" not in str(error):
            raise


def holds(admin: MinioAdmin, name: str, policy: dict[str, Any]) -> bool:
    """Say whether MinIO keeps this very policy under the account's name."""
    try:
        kept = json.loads(admin.policy_info(name))
    except MinioAdminException:
        return False
    return json.dumps(_sorted(kept.get("Policy", kept))) == json.dumps(_sorted(policy))


def _sorted(value: Any) -> Any:
    """Return JSON with its lists and keys in one order: MinIO keeps sets where we wrote lists."""
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return sorted((_sorted(item) for item in value), key=json.dumps)
    return value


def main(environ: Mapping[str, str]) -> int:
    """Make what is not there yet and return the exit code."""
    endpoint, bucket, name = (environ[k] for k in ("S3_ENDPOINT", "S3_BUCKET", "S3_ACCESS_KEY"))
    root, root_password = (
        environ["MINIO_ROOT_USER"],
        Path(environ["MINIO_ROOT_PASSWORD_FILE"]).read_text(),
    )
    password = Path(environ["S3_SECRET_KEY_FILE"]).read_text()
    admin = MinioAdmin(
        endpoint=endpoint, credentials=StaticProvider(root, root_password), secure=False
    )
    account = Minio(endpoint=endpoint, access_key=name, secret_key=password, secure=False)
    policy = policy_for(bucket)
    if can_use(bucket, account) and holds(admin, name, policy):
        return 0
    owner = Minio(endpoint=endpoint, access_key=root, secret_key=root_password, secure=False)
    if not owner.bucket_exists(bucket):
        owner.make_bucket(bucket)
    make_account(admin, name, password, policy)
    print(f"The account {name} may touch the bucket {bucket}, and that alone.")
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ))
