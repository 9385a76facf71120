"""Examples for the OpenAPI document, generated from its schemas."""

from __future__ import annotations

import json
import shlex
from typing import Any

Json = dict[str, Any]

VIDEO = "9b2f0c1e-6a51-4c7b-8e5d-3f1a2b4c5d6e"
_MOMENT = "2026-03-14T15:09:26.535897Z"
# Example values by field name, in any schema.
_FIELDS: Json = {
    "id": VIDEO,
    "video_id": VIDEO,
    "task_id": VIDEO,
    "title": "Triple doble en el último cuarto",
    "original_filename": "final.mp4",
    "filename": "final.mp4",
    "original_url": f"uploads/{VIDEO}.mp4",
    "processed_url": f"/media/{VIDEO}/video.mp4",
    "video_url": f"/media/{VIDEO}/video.mp4",
    "poster_url": f"/media/{VIDEO}/poster.jpg",
    "preview_url": f"/media/{VIDEO}/preview.mp4",
    "first_name": "Ana",
    "last_name": "Díaz",
    "username": "Ana Díaz",
    "user_first_name": "Ana",
    "user_last_name": "Díaz",
    "user_city": "Bogotá",
    "city": "Bogotá",
    "country": "Colombia",
    "email": "ana@example.com",
    "password": "correct horse battery",
    "password1": "correct horse battery",
    "password2": "correct horse battery",
    "is_public": True,
    "size": 48_211_937,
    "message": "Done",
    "error": "Video not found",
    "url": "https://bucket.example/",
    "expires_in": 3600,
    "bytes": 48_211_937,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "release": "1.0.0",
    "ffmpeg": "ffmpeg version 9.0.2",
    "failure_reason": "too_short",
    "container": "isom",
    "codec": "h264",
    "width": 1080,
    "height": 1920,
    "rotation": 90,
    "pixel_shape": "1",
    "pixel_format": "yuv420p",
    "frame_rate": "30000/1001",
    "seconds": 42.5,
    "kept_seconds": 30.0,
    "command": "ffmpeg",
    "version": "1.0.0",
    "timestamp": _MOMENT,
    "started_at": _MOMENT,
    "finished_at": _MOMENT,
    "uploaded_at": _MOMENT,
    "processed_at": _MOMENT,
    "created_at": _MOMENT,
    "updated_at": _MOMENT,
}
_OF_TYPE: Json = {"string": "text", "integer": 7, "number": 7.5, "boolean": True, "null": None, "object": {}}
_JSON_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "boolean": bool,
    "number": (int, float),
}


def example(schema: Json, schemas: Json, name: str = "") -> Any:
    """Return an example value of a schema.

    Args:
        schema: JSON schema.
        schemas: Components that the schema refers to.
        name: Name of the field that the value is for.
    """
    if "$ref" in schema:
        return example(schemas[schema["$ref"].rsplit("/", 1)[1]], schemas, name)
    for fixed in ("const", "default"):
        if fixed in schema:
            return schema[fixed]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return example(schema["anyOf"][0], schemas, name)
    kind = schema.get("type", "")
    if "properties" in schema:
        return {field: example(inner, schemas, field) for field, inner in schema["properties"].items()}
    if kind == "array":
        return [example(schema.get("items", {}), schemas, name)]
    value = _FIELDS.get(name)
    if value is not None and type(value) is _JSON_TYPES.get(kind):
        return value
    return VIDEO if schema.get("format") == "uuid" else _OF_TYPE.get(kind)


def curl(path: str, method: str, operation: Json) -> str:
    """Return a curl command that calls an operation of a portal on this machine.

    Args:
        path: Path with the names of its parameters in braces.
        method: HTTP method in capitals.
        operation: Operation of the OpenAPI document.
    """
    words = ["curl"] if method == "GET" else ["curl", "-X", method]
    words.append(shlex.quote(f"http://localhost:8080{path.replace('{video_id}', VIDEO).replace('{user_id}', '7')}"))
    lines = [" ".join(words)]
    if "security" in operation:
        lines.append("-H 'Authorization: Bearer ACCESS_TOKEN'")
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        if kind == "application/json":
            body = json.dumps(content["example"], ensure_ascii=False)
            lines += ["-H 'Content-Type: application/json'", f"-d {shlex.quote(body)}"]
        else:
            lines += [f"-F {shlex.quote(f'{name}={_part(name, inner)}')}" for name, inner in _fields(content).items()]
    return " \\\n  ".join(lines)


def _fields(content: Json) -> Json:
    fields: Json = content["schema"].get("properties", {})
    return fields


def _part(name: str, schema: Json) -> str:
    if schema.get("format") == "binary":
        return "@final.mp4"
    value = _FIELDS.get(name, "text")
    return json.dumps(value) if isinstance(value, bool) else str(value)
