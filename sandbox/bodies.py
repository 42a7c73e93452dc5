"""The parameters of a Bot API request out of its bytes: query string, JSON, form or multipart."""

from email.parser import BytesParser
from email.policy import HTTP
from urllib.parse import parse_qsl

import orjson

from sandbox.arguments import Upload
from sandbox.errors import bad_request


def decode(body: bytes, content_type: str, query: bytes) -> dict[str, object]:
    """Parameters in the order Telegram lets them win: the body over the query. Raises RefusalError."""
    given: dict[str, object] = dict(parse_qsl(query.decode("ascii", "replace"), keep_blank_values=True))
    if not body:
        return given
    kind = content_type.partition(";")[0].strip().lower()
    match kind:
        case "application/json":
            given.update(_from_json(body))
        case "multipart/form-data":
            given.update(_from_multipart(body, content_type))
        case "application/x-www-form-urlencoded":
            given.update(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        case _:
            raise bad_request(f"the sandbox reads no body of type {kind or 'nothing'}")
    return given


def _from_json(body: bytes) -> dict[str, object]:
    try:
        parsed = orjson.loads(body)
    except ValueError as error:
        raise bad_request("can't parse the body as JSON") from error
    if not isinstance(parsed, dict):
        raise bad_request("object expected as the body")
    return parsed


def _from_multipart(body: bytes, content_type: str) -> dict[str, object]:
    """A file stands under its own name, and again where a parameter says `attach://name`."""
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    given: dict[str, object] = {}
    files: dict[str, Upload] = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if not isinstance(name, str) or not isinstance(content, bytes):
            raise bad_request("can't parse the multipart body")
        file_name = part.get_filename()
        if file_name is None:
            given[name] = content.decode("utf-8", "replace")
        else:
            files[name] = Upload(file_name, len(content))
    attached = {f"attach://{name}": name for name in files}
    for name, value in given.items():
        if isinstance(value, str) and value in attached:
            given[name] = files.pop(attached[value])
    return {**given, **files}
