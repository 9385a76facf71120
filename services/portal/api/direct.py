"""/api/videos/uploads: uploads in parts from the browser straight to the bucket."""

from __future__ import annotations

from dataclasses import asdict
from uuid import UUID

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from services.portal.accounts.identity import Caller
from services.portal.api.operation import Operation, operation
from services.portal.api.parameters import parse_video_id
from services.portal.api.schemas.videos import Accepted, Deleted, PartLinks, UnfinishedUpload, unfinished_upload
from services.portal.http import limits
from services.portal.http.errors import NotFound
from services.portal.request_models import DirectUpload, WantedParts
from services.portal.uploads import direct_uploads
from services.portal.uploads.common import RECEIVED, TOO_LARGE

blueprint = Blueprint("direct_uploads", __name__, url_prefix="/api/videos/uploads")

_MISSING = {404: (direct_uploads.UNKNOWN,)}


@blueprint.post("")
@operation(
    Operation(
        answers={201: UnfinishedUpload},
        refuses={
            400: (TOO_LARGE, direct_uploads.ONLY_MP4_OR_MOV),
            409: (direct_uploads.NO_ROOM,),
            429: (limits.TOO_MANY,),
        },
        body=DirectUpload,
        signed_in=True,
    )
)
def begin(caller: Caller, form: DirectUpload) -> ResponseReturnValue:
    """Start an upload straight to the bucket, in parts."""
    limits.count_upload(caller.user_id)
    return jsonify(unfinished_upload(direct_uploads.begin(caller, form))), 201


@blueprint.get("")
@operation(Operation(answers={200: list[UnfinishedUpload]}, signed_in=True))
def waiting(caller: Caller) -> ResponseReturnValue:
    """List the caller's unfinished uploads, the oldest first."""
    return jsonify([unfinished_upload(progress) for progress in direct_uploads.waiting(caller)])


@blueprint.get("/<video_id>")
@operation(Operation(answers={200: UnfinishedUpload}, refuses=_MISSING, signed_in=True))
def show(caller: Caller, video_id: str) -> ResponseReturnValue:
    """Show one of the caller's unfinished uploads and its missing parts."""
    return jsonify(unfinished_upload(direct_uploads.progress(caller, _upload_id(video_id))))


@blueprint.post("/<video_id>/parts")
@operation(
    Operation(
        answers={200: PartLinks},
        refuses={400: (direct_uploads.NO_SUCH_PART,), **_MISSING},
        body=WantedParts,
        signed_in=True,
    )
)
def sign_parts(caller: Caller, form: WantedParts, video_id: str) -> ResponseReturnValue:
    """Sign the URLs for parts of an upload; the same part can be signed again."""
    links = direct_uploads.part_links(caller, _upload_id(video_id), form.numbers)
    return jsonify(parts=[asdict(link) for link in links], expires_in=direct_uploads.LINK_SECONDS)


@blueprint.post("/<video_id>/complete")
@operation(
    Operation(
        answers={201: Accepted},
        refuses={
            400: (direct_uploads.UNFINISHED, direct_uploads.WRONG_SIZE, direct_uploads.ONLY_MP4_OR_MOV),
            **_MISSING,
        },
        signed_in=True,
    )
)
def complete(caller: Caller, video_id: str) -> ResponseReturnValue:
    """Turn an upload whose parts have all arrived into a video; the request can be repeated."""
    upload_id = _upload_id(video_id)
    direct_uploads.complete(caller, upload_id)
    return jsonify(message=RECEIVED, task_id=str(upload_id)), 201


@blueprint.delete("/<video_id>")
@operation(Operation(answers={200: Deleted}, refuses=_MISSING, signed_in=True))
def discard(caller: Caller, video_id: str) -> ResponseReturnValue:
    """Discard an unfinished upload."""
    upload_id = _upload_id(video_id)
    direct_uploads.discard(caller, upload_id)
    return jsonify(message="La subida ha sido descartada.", video_id=str(upload_id))


def _upload_id(video_id: str) -> UUID:
    return parse_video_id(video_id, NotFound(direct_uploads.UNKNOWN))
