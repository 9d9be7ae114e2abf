"""Changes the document and the requests before they are used."""

import os
import re
import uuid

import schemathesis
from schemathesis.core.parameters import ParameterLocation

# A host that anybody may own. Anything else in its place stays as it is, because the API has to refuse it.
HOST = re.compile(r"^(https?://)(?:[\w.-]+|\[[\da-f:.]+\])(?::\d*)?(?=[/?#]|$)", re.IGNORECASE)

# The id in vk_<id>_<secret>_<checksum>.
OWN_KEY_ID = (os.environ["API_KEY"].split("_") + [""])[1]

# The only policy there is. The API refuses the valid name of any other, as the document says.
POLICY = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:@[1-9][0-9]{0,8})?")

IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")


# A part of an upload: bytes, like those of any file.
schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Forbids fields in answers that the document does not name. Clients ignore such fields, this test does not."""
    for schema in raw_schema["components"]["schemas"].values():
        close(schema)


def close(schema):
    if isinstance(schema, dict):
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
        for part in schema.values():
            close(part)
    elif isinstance(schema, list):
        for part in schema:
            close(part)


@schemathesis.hook
def before_call(context, case, kwargs):
    """Sends webhooks to this machine only, names existing policies, does not revoke the key in use, and uses each idempotency key once."""
    body = name_known_policy(stay_here(case.body))
    # Setting a body makes Schemathesis judge it again. A missing body would then count as wrong.
    if body != case.body:
        case.body = body
    if case.operation.path == "/assets/image":
        query = query_of_image(case)
        if query != (case.query or {}):
            case.query = query
    if (case.path_parameters or {}).get("id") == OWN_KEY_ID:
        case.path_parameters["id"] = "another"
    key = (case.headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and IDEMPOTENCY_KEY.fullmatch(key):
        case.headers["Idempotency-Key"] = f"{key[:200]}{uuid.uuid4()}"


def query_of_image(case):
    """Only an image that is the body itself may have a query. The document cannot say that."""
    query = name_known_policy(stay_here(dict(case.query or {})))
    given = None if case.meta is None else case.meta.components.get(ParameterLocation.QUERY)
    is_valid = given is not None and given.mode.is_positive
    is_image = case.media_type in ("image/*", "application/octet-stream")
    return {} if is_valid and not is_image else query


def name_known_policy(body):
    if not isinstance(body, dict):
        return body
    if isinstance(body.get("submission"), dict):
        body = {**body, "submission": name_known_policy(body["submission"])}
    policy = body.get("policy")
    if isinstance(policy, str) and POLICY.fullmatch(policy):
        return {**body, "policy": "default"}
    return body


def stay_here(body):
    if isinstance(body, dict):
        return {key: stay_here(value) for key, value in body.items()}
    if isinstance(body, str):
        return HOST.sub(r"\g<1>127.0.0.1:9", body)
    return body
