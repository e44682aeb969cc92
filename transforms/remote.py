"""What every module that reads over a network needs: clients, and what went wrong in a line.

There is one client of buckets for all objects: making one takes several times as long as a request.
"""

import functools
import http.client
import os
from collections.abc import Iterator
from typing import Any

TIMEOUT_SECONDS = 60
"""A web server that is silent for so long is not waited for."""

GS_BYTES = 1 << 20
"""Fetched at a time. With the 40 MiB of Google's library an archive of 140 MB, whose chunks each
begin where the last one ended, was fetched 17 times over; with this, two and a half times."""


def transport_of(uri: str) -> dict[str, Any]:
    """What ``smart_open`` is told of a URI's scheme.

    Raises:
        Exception: the library's own: there are no credentials, or no settings.
    """
    if uri.startswith("s3://"):
        return {"client": s3_client()}
    if uri.startswith("gs://"):
        # As stored: an object may say of itself that it is to be unpacked on its way.
        reading = {"raw_download": True, "chunk_size": GS_BYTES}
        return {"client": gs_client(), "blob_open_kwargs": reading}
    if uri.startswith(("http://", "https://")):
        return {"timeout": TIMEOUT_SECONDS}
    return {}


_RETRIES = {"mode": "standard", "total_max_attempts": 8}
"""Some 40 s, where boto3 gives up after 4: a store that is started anew takes so long."""


@functools.cache
def s3_client() -> Any:
    """A client with the environment's credentials and settings."""
    import boto3  # noqa: PLC0415 - an optional dependency
    from botocore.config import Config  # noqa: PLC0415 - comes with it

    patience = None if "AWS_MAX_ATTEMPTS" in os.environ else Config(retries=_RETRIES)
    # Two threads may come at once: the session that boto3.client shares is not made for that.
    return boto3.Session().client("s3", config=patience)


@functools.cache
def gs_client() -> Any:
    """A client with the environment's credentials; for public buckets, without any."""
    from google.auth.exceptions import DefaultCredentialsError  # noqa: PLC0415 - an optional one
    from google.cloud import storage  # noqa: PLC0415 - an optional dependency

    try:
        # Objects need no project, and not all credentials know one.
        return storage.Client(project=None)
    except DefaultCredentialsError:
        return storage.Client.create_anonymous_client()


def reason_of(error: Exception) -> str:
    """What went wrong, in a line."""
    import requests  # noqa: PLC0415 - takes 0.2 s, and most commands read no web server
    import urllib3  # noqa: PLC0415

    # Their own texts are nested five deep.
    if isinstance(error, requests.ConnectionError):
        return "no connection to the server"
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError):
        return "the server does not answer"
    broken = requests.exceptions.ChunkedEncodingError, urllib3.exceptions.ProtocolError
    if isinstance(error, (*broken, http.client.HTTPException)):
        return "the connection broke off"
    return " ".join(str(error).split()) or type(error).__name__


_FOR_GOOD = {401, 403, 404, 410}


_NO_ANSWER = {"HTTPClientError", "TransportError", "RetryError", "ConnectionError", "Timeout"}
"""The errors of botocore, of Google's libraries and of requests, and their kin by inheritance."""


def is_refused(error: BaseException) -> bool:
    """Whether a server has said that asking again does not help: forbidden, or not there."""
    return any(_http_status(cause) in _FOR_GOOD for cause in _causes(error))


def is_away(error: BaseException) -> bool:
    """Whether a server did not answer, or said that it cannot now: it may later."""
    for cause in _causes(error):
        status = _http_status(cause)
        if isinstance(status, int):
            return status == 429 or status >= 500
        if _NO_ANSWER & {kind.__name__ for kind in type(cause).__mro__}:
            return True
    return False


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _http_status(error: BaseException) -> Any:
    """As the exceptions of requests, botocore and Google's libraries tell it; else None."""
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        return response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return getattr(response, "status_code", None) or getattr(error, "code", None)
