"""The page on how a video was made: in plain words first, with the numbers for who wants to check."""

from __future__ import annotations

from fractions import Fraction
from uuid import UUID

from flask import Blueprint, Flask, render_template
from flask_babel import format_decimal, gettext

from services.portal.accounts.identity import require_caller
from services.portal.videos_service import own_receipt
from services.videos.receipts import Receipt, SourceProperties

pages = Blueprint("receipts", __name__, url_prefix="/my-videos")

_VIDEO = "video"
# A container's clock and a camera's differ by less.
_SAME_SECONDS = 0.1


def register(app: Flask) -> None:
    """Give an application the pages of its receipts."""
    app.register_blueprint(pages)


@pages.get("/<uuid:video_id>/receipt")
def show(video_id: UUID) -> str:
    """What was done with one of the player's own videos."""
    video, dated = own_receipt(require_caller(), video_id)
    story = _story(dated.receipt) if dated else []
    return render_template("pages/receipt.html", video=video, dated=dated, story=story)


def _story(receipt: Receipt) -> list[str]:
    """What came in and what was made of it, in sentences."""
    found, made = receipt.found, receipt.made
    told = [_found(found)] if found else []
    if found is None or made is None:
        return told
    if found.seconds and made.kept_seconds and found.seconds - made.kept_seconds > _SAME_SECONDS:
        told.append(gettext("We kept the first %(seconds)s seconds.", seconds=_number(made.kept_seconds)))
    else:
        told.append(gettext("We kept all of it."))
    told.append(
        gettext(
            "Now it is %(width)s × %(height)s, at %(rate)s pictures a second, with the mark of ANB.",
            width=made.width,
            height=made.height,
            rate=_number(float(Fraction(made.frame_rate))),
        )
    )
    width, height = _seen_size(found)
    shape = width * made.height - height * made.width
    # Less than a hundredth of the frame is a matter of rounding, and nobody sees it.
    if abs(shape) > 0.01 * max(width * made.height, height * made.width):
        told.append(
            gettext("Its shape is wider than the frame, so there is black above and below.")
            if shape > 0
            else gettext("Its shape is narrower than the frame, so there is black on both sides.")
        )
    if found.sound:
        told.append(gettext("We left the sound out, as in all videos here."))
    told.append(gettext("We left out where and with what it was filmed, if the file told so."))
    video = receipt.files.get(_VIDEO)
    if receipt.original and video:
        before, after = (_number(file.bytes / 1e6) for file in (receipt.original, video))
        told.append(gettext("The file went from %(before)s MB to %(after)s MB.", before=before, after=after))
    return told


def _found(found: SourceProperties) -> str:
    if not found.codec:
        return str(gettext("Your file has sound but no picture.") if found.sound else gettext("No picture was found."))
    width, height = _seen_size(found)
    if found.seconds is None:
        return str(gettext("Your clip was %(width)s × %(height)s.", width=width, height=height))
    return str(
        gettext(
            "Your clip was %(width)s × %(height)s and lasted %(seconds)s seconds.",
            width=width,
            height=height,
            seconds=_number(found.seconds),
        )
    )


def _seen_size(found: SourceProperties) -> tuple[int, int]:
    """Width and height as people see the clip: turned, with square pixels."""
    width = round((found.width or 0) * Fraction(found.pixel_shape or 1))
    height = found.height or 0
    return (height, width) if (found.rotation or 0) % 180 else (width, height)


def _number(value: float) -> str:
    return str(format_decimal(value, "#,##0.##" if value < 10 else "#,##0.#"))
