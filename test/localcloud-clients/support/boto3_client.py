"""boto3 as somebody's script would use it. Each function is a command; its result is printed as JSON."""
import hashlib
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor

import boto3
from boto3.s3.transfer import S3Transfer, TransferConfig
from botocore.exceptions import ClientError

s3 = boto3.client("s3")
# One for all: making another for every small file, with its pools of threads, would take longer than the files.
small = S3Transfer(s3, TransferConfig(use_threads=False))


def sync_up(folder, bucket, prefix):
    files = [os.path.join(at, name) for at, _, names in os.walk(folder) for name in names]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda file: small.upload_file(file, bucket, prefix + os.path.relpath(file, folder)), files))
    return len(files)


def sync_down(bucket, prefix, folder):
    keys = list_keys(bucket, prefix)

    def fetch(key):
        path = os.path.join(folder, key[len(prefix):])
        os.makedirs(os.path.dirname(path), exist_ok=True)
        small.download_file(bucket, key, path)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(fetch, keys))
    return len(keys)


def list_keys(bucket, prefix):
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [entry["Key"] for page in pages for entry in page.get("Contents", [])]


def list_digest(bucket, prefix):
    """The number of keys, and a hash of them in the order in which they came."""
    keys = list_keys(bucket, prefix)
    return [len(keys), hashlib.md5("\n".join(keys).encode()).hexdigest()]


def round_trip(bucket, keys):
    """Puts, reads and deletes keys that no file system can hold."""
    for key in json.loads(keys):
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
        if s3.get_object(Bucket=bucket, Key=key)["Body"].read() != key.encode():
            raise SystemExit(f"{key!r} came back as something else")
    found = list_keys(bucket, "")
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in json.loads(keys)]})
    return [found, list_keys(bucket, "")]


def upload(file, bucket, key):
    s3.upload_file(file, bucket, key, Config=TransferConfig(multipart_chunksize=8 * 2**20))


def download(bucket, key, file):
    s3.download_file(bucket, key, file)
    with open(file, "rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def presign(method, params):
    return s3.generate_presigned_url(method, Params=json.loads(params), ExpiresIn=60)


def put_conditionally(bucket, key, body, conditions):
    """The new ETag, or the code of the refusal."""
    try:
        return {"etag": s3.put_object(Bucket=bucket, Key=key, Body=body.encode(), **json.loads(conditions))["ETag"]}
    except ClientError as error:
        return {"code": error.response["Error"]["Code"], "status": error.response["ResponseMetadata"]["HTTPStatusCode"]}


def race_to_create(bucket):
    """Tries to create each key that is said to it, a line each. Says that it begins, and then whether it won."""
    for line in sys.stdin:
        print("begins", flush=True)
        won = "etag" in put_conditionally(bucket, line.strip(), "boto3", '{"IfNoneMatch": "*"}')
        print("won" if won else "lost", flush=True)


def count_up(bucket, key, times):
    """
    Adds one to the number in an object, by swaps of the version that was read; every number that it wrote. It waits
    after the first until somebody else has counted, too, so that both are at it at the same time.
    """
    written = []
    while len(written) < int(times):
        seen = s3.get_object(Bucket=bucket, Key=key)
        number = int(seen["Body"].read()) + 1
        if len(written) == 1 and number == written[0] + 1:
            continue
        if "etag" in put_conditionally(bucket, key, str(number), json.dumps({"IfMatch": seen["ETag"]})):
            written.append(number)
    return written


def resume(bucket, key, upload_id, file, part_bytes):
    """Finishes an upload that another client began: sends the parts that are not there, then completes it."""
    size = int(part_bytes)
    at = {"Bucket": bucket, "Key": key, "UploadId": upload_id}
    pages = s3.get_paginator("list_parts").paginate(**at)
    there = {part["PartNumber"]: part["ETag"] for page in pages for part in page.get("Parts", [])}
    sent = 0
    with open(file, "rb") as source:
        number = 1
        while body := source.read(size):
            if number not in there:
                there[number] = s3.upload_part(**at, PartNumber=number, Body=body)["ETag"]
                sent += 1
            number += 1
    parts = [{"PartNumber": number, "ETag": there[number]} for number in sorted(there)]
    s3.complete_multipart_upload(**at, MultipartUpload={"Parts": parts})
    return sent


def abort(bucket, key, upload_id):
    s3.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload_id)


print(json.dumps(globals()[sys.argv[1]](*sys.argv[2:])))
