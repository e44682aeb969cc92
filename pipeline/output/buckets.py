"""Files in buckets, through each vendor's own library.

Libraries for all vendors were tried. Beam's file systems make a new client for each call, which
took 9/10 of the time of a call. ``pyarrow.fs`` completes the upload of a file whose writer failed
half way, takes a bucket that does not exist for an empty one, and writes in three requests what
``boto3`` writes in one.
"""

import contextlib
import fnmatch
from collections.abc import Iterator
from typing import Any, Protocol

from transforms.remote import gs_client, s3_client


class Bucket(Protocol):
    """Whole files by URI; each method raises what the scheme's library raises."""

    def read(self, uri: str) -> bytes | None:
        """A file's bytes; None if there is no such file."""

    def write(self, uri: str, data: bytes) -> None:
        """Writes a whole file, which appears when its upload is complete."""

    def delete(self, uri: str) -> None:
        """Deletes a file; one that is not there is not missed."""

    def sizes(self, folder: str, pattern: str) -> dict[str, int]:
        """Sizes of the files directly in a folder, by name; ``pattern`` ends in ``*``, or has none.

        ``folder`` ends in a slash.
        """

    def walk(self, beginning: str) -> Iterator[tuple[str, int]]:
        """URIs and sizes of all files whose URI begins so."""


class S3:
    """Amazon's and its likes, through boto3."""

    def read(self, uri: str) -> bytes | None:
        """As ``Bucket`` has it."""
        client = s3_client()
        try:
            return bytes(client.get_object(**self._place(uri))["Body"].read())
        except client.exceptions.NoSuchKey:
            return None

    def write(self, uri: str, data: bytes) -> None:
        """As ``Bucket`` has it."""
        s3_client().put_object(**self._place(uri), Body=data)

    def delete(self, uri: str) -> None:
        """As ``Bucket`` has it."""
        s3_client().delete_object(**self._place(uri))

    def sizes(self, folder: str, pattern: str) -> dict[str, int]:
        """As ``Bucket`` has it."""
        place = self._place(folder)
        beginning = place["Key"] + pattern.partition("*")[0]
        pages = s3_client().get_paginator("list_objects_v2")
        found = {
            each["Key"].removeprefix(place["Key"]): each["Size"]
            for page in pages.paginate(Bucket=place["Bucket"], Prefix=beginning, Delimiter="/")
            for each in page.get("Contents", ())
        }
        return _fitting(found, pattern)

    def walk(self, beginning: str) -> Iterator[tuple[str, int]]:
        """As ``Bucket`` has it."""
        place = self._place(beginning)
        pages = s3_client().get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=place["Bucket"], Prefix=place["Key"]):
            for each in page.get("Contents", ()):
                yield f"s3://{place['Bucket']}/{each['Key']}", each["Size"]

    @staticmethod
    def _place(uri: str) -> dict[str, str]:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return {"Bucket": bucket, "Key": key}


_LISTED = "items(name,size),nextPageToken"


class GoogleStorage:
    """Google Cloud Storage, through its library."""

    def read(self, uri: str) -> bytes | None:
        """As ``Bucket`` has it."""
        from google.api_core.exceptions import NotFound  # noqa: PLC0415 - an optional dependency

        try:
            return bytes(self._blob(uri).download_as_bytes(raw_download=True))
        except NotFound:
            return None

    def write(self, uri: str, data: bytes) -> None:
        """As ``Bucket`` has it. A whole file may be sent twice, so it is tried again."""
        from google.cloud.storage.retry import DEFAULT_RETRY  # noqa: PLC0415 - an optional one

        self._blob(uri).upload_from_string(data, "application/octet-stream", retry=DEFAULT_RETRY)

    def delete(self, uri: str) -> None:
        """As ``Bucket`` has it."""
        from google.api_core.exceptions import NotFound  # noqa: PLC0415 - an optional dependency
        from google.cloud.storage.retry import DEFAULT_RETRY  # noqa: PLC0415 - an optional one

        with contextlib.suppress(NotFound):
            self._blob(uri).delete(retry=DEFAULT_RETRY)

    def sizes(self, folder: str, pattern: str) -> dict[str, int]:
        """As ``Bucket`` has it."""
        bucket, _, beginning = folder.removeprefix("gs://").partition("/")
        blobs = gs_client().list_blobs(
            bucket,
            prefix=beginning + pattern.partition("*")[0],
            delimiter="/",
            fields=_LISTED,
        )
        return _fitting({blob.name.removeprefix(beginning): blob.size for blob in blobs}, pattern)

    def walk(self, beginning: str) -> Iterator[tuple[str, int]]:
        """As ``Bucket`` has it."""
        bucket, _, prefix = beginning.removeprefix("gs://").partition("/")
        for blob in gs_client().list_blobs(bucket, prefix=prefix, fields=_LISTED):
            yield f"gs://{bucket}/{blob.name}", blob.size

    @staticmethod
    def _blob(uri: str) -> Any:
        bucket, _, name = uri.removeprefix("gs://").partition("/")
        return gs_client().bucket(bucket).blob(name)


_BUCKETS: dict[str, Bucket] = {"s3": S3(), "gs": GoogleStorage()}


def bucket_of(uri: str) -> Bucket:
    """Returns what reads and writes a URI that is not local."""
    return _BUCKETS[uri.partition("://")[0]]


def _fitting(sizes: dict[str, int], pattern: str) -> dict[str, int]:
    return {
        name: size for name, size in sizes.items() if name and fnmatch.fnmatchcase(name, pattern)
    }
