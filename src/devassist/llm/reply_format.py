"""How a provider is asked for a reply that is one JSON object, in OpenAI's shape; litellm translates it."""

from __future__ import annotations

from devassist.domain.events import JsonObject


def response_format(schema: JsonObject, any_object: bool) -> JsonObject:  # noqa: FBT001  the server's limit
    """For an object by `schema`, or for any object if the server takes no schema."""
    if any_object:
        return {"type": "json_object"}
    return {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": schema}}
