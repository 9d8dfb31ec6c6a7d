"""Creates the bucket and an account with access to that bucket only; does nothing if both exist.

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

BUCKET_ACTIONS = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
OBJECT_ACTIONS = [
    "s3:GetObject",
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
]


def policy_for(bucket: str) -> dict[str, Any]:
    """Return the policy that allows what MLflow needs on one bucket, and nothing else."""
    arn = f"arn:aws:s3:::{bucket}"
    statements = [(BUCKET_ACTIONS, arn), (OBJECT_ACTIONS, f"{arn}/*")]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": actions, "Resource": [resource]}
            for actions, resource in statements
        ],
    }


def can_use(bucket: str, account: Minio) -> bool:
    """Return whether the account exists and has access to the bucket."""
    try:
        return account.bucket_exists(bucket)
    except S3Error:
        return False


def create_account(admin: MinioAdmin, name: str, password: str, policy: dict[str, Any]) -> None:
    """Create the account, or update its password and its policy."""
    admin.policy_add(name, policy=policy)
    admin.user_add(name, password)
    try:
        admin.attach_policy(policies=[name], user=name)
    except MinioAdminException as error:
        if "PolicyChangeAlreadyApplied" not in str(error):
            raise


def has_policy(admin: MinioAdmin, name: str, policy: dict[str, Any]) -> bool:
    """Return whether MinIO has exactly this policy under the account's name."""
    try:
        stored = json.loads(admin.policy_info(name))
    except MinioAdminException:
        return False
    return json.dumps(_sorted(stored.get("Policy", stored))) == json.dumps(_sorted(policy))


def _sorted(value: Any) -> Any:
    """Return JSON with lists and keys sorted: MinIO does not keep the order of lists."""
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return sorted((_sorted(item) for item in value), key=json.dumps)
    return value


def main(environ: Mapping[str, str]) -> int:
    """Create what is missing and return the exit code."""
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
    if can_use(bucket, account) and has_policy(admin, name, policy):
        return 0
    root_client = Minio(endpoint=endpoint, access_key=root, secret_key=root_password, secure=False)
    if not root_client.bucket_exists(bucket):
        root_client.make_bucket(bucket)
    create_account(admin, name, password, policy)
    print(f"The account {name} has access to the bucket {bucket} only.")
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ))
