"""/api/videos/uploads: videos that go from the browser straight to the bucket, in parts."""

from __future__ import annotations

from dataclasses import asdict
from uuid import UUID

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from services.portal.accounts.identity import Caller
from services.portal.api.operation import Operation, operation
from services.portal.api.parameters import parse_uuid
from services.portal.api.schemas.videos import Accepted, Deleted, PartLinks, UnfinishedUpload, unfinished_upload
from services.portal.api.videos import RECEIVED
from services.portal.http import limits
from services.portal.http.errors import NotFound
from services.portal.request_models import DirectUpload, WantedParts
from services.portal.uploads import direct_uploads, form_uploads

blueprint = Blueprint("direct_uploads", __name__, url_prefix="/api/videos/uploads")

_MISSING = {404: (direct_uploads.UNKNOWN,)}


@blueprint.post("")
@operation(
    Operation(
        answers={201: UnfinishedUpload},
        refuses={
            400: (form_uploads.TOO_LARGE, direct_uploads.ONLY_MP4_OR_MOV),
            409: (direct_uploads.NO_ROOM,),
            429: (limits.TOO_MANY,),
        },
        body=DirectUpload,
        signed_in=True,
    )
)
def begin(caller: Caller, form: DirectUpload) -> ResponseReturnValue:
    """Begin an upload that goes straight to the bucket, in parts."""
    limits.count_upload(caller.user_id)
    return jsonify(unfinished_upload(direct_uploads.begin(caller, form))), 201


@blueprint.get("")
@operation(Operation(answers={200: list[UnfinishedUpload]}, signed_in=True))
def waiting(caller: Caller) -> ResponseReturnValue:
    """The caller's unfinished uploads, the oldest first."""
    return jsonify([unfinished_upload(progress) for progress in direct_uploads.waiting(caller)])


@blueprint.get("/<video_id>")
@operation(Operation(answers={200: UnfinishedUpload}, refuses=_MISSING, signed_in=True))
def show(caller: Caller, video_id: str) -> ResponseReturnValue:
    """One of the caller's unfinished uploads, and the parts it misses."""
    return jsonify(unfinished_upload(direct_uploads.progress(caller, _known(video_id))))


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
    """Links to which the parts of an upload are put; they may be asked for again."""
    links = direct_uploads.part_links(caller, _known(video_id), form.numbers)
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
    """Let an upload whose parts have all arrived become a video; doing it twice does no harm."""
    known = _known(video_id)
    direct_uploads.complete(caller, known)
    return jsonify(message=RECEIVED, task_id=str(known)), 201


@blueprint.delete("/<video_id>")
@operation(Operation(answers={200: Deleted}, refuses=_MISSING, signed_in=True))
def discard(caller: Caller, video_id: str) -> ResponseReturnValue:
    """Give an unfinished upload up."""
    known = _known(video_id)
    direct_uploads.discard(caller, known)
    return jsonify(message="La subida ha sido descartada.", video_id=str(known))


def _known(video_id: str) -> UUID:
    known = parse_uuid(video_id)
    if known is None:
        raise NotFound(direct_uploads.UNKNOWN)
    return known
