"""What is changed of the document and of the requests before they are used."""

import os
import re
import uuid

import schemathesis

# A host that anybody may own. What is no plain host is left alone: it has to be refused.
HOST = re.compile(r"^(https?://)(?:[\w.-]+|\[[\da-f:.]+\])(?::\d*)?(?=[/?#]|$)", re.IGNORECASE)

# Of vk_<id>_<secret>_<checksum>.
OWN_KEY_ID = (os.environ["API_KEY"].split("_") + [""])[1]

# There is none but this: what names another that could be is refused, as the document says.
POLICY = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:@[1-9][0-9]{0,8})?")

IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Nothing is answered that the document does not name: clients ignore it, this test does not."""
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
    """Webhooks are sent to this machine only; policies of submissions are there; the key that is used is not revoked; a key stands for one request, and cases have different ones."""
    body = name_known_policy(stay_here(case.body))
    # A body that is set is judged anew, and one that is left out would count as wrong.
    if body != case.body:
        case.body = body
    if (case.path_parameters or {}).get("id") == OWN_KEY_ID:
        case.path_parameters["id"] = "another"
    key = (case.headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and IDEMPOTENCY_KEY.fullmatch(key):
        case.headers["Idempotency-Key"] = f"{key[:200]}{uuid.uuid4()}"


def name_known_policy(body):
    policy = body.get("policy") if isinstance(body, dict) else None
    if isinstance(policy, str) and POLICY.fullmatch(policy):
        return {**body, "policy": "default"}
    return body


def stay_here(body):
    if isinstance(body, dict):
        return {key: stay_here(value) for key, value in body.items()}
    if isinstance(body, str):
        return HOST.sub(r"\g<1>127.0.0.1:9", body)
    return body
