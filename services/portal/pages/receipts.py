"""The page about how a video was processed: first in sentences, then with all numbers."""

from __future__ import annotations

from fractions import Fraction
from uuid import UUID

from flask import Blueprint, Flask, render_template
from flask_babel import format_decimal, gettext

from services.portal.accounts.identity import require_caller
from services.portal.videos_service import find_own_receipt
from services.videos.receipts import Receipt, SourceProperties

pages = Blueprint("receipts", __name__, url_prefix="/my-videos")

_VIDEO = "video"
# Tolerance between the container's duration and the kept duration.
_SAME_SECONDS = 0.1


def register(app: Flask) -> None:
    """Register the receipt pages."""
    app.register_blueprint(pages)


@pages.get("/<uuid:video_id>/receipt")
def show(video_id: UUID) -> str:
    """Show how one of the player's own videos was processed."""
    video, dated = find_own_receipt(require_caller(), video_id)
    summary = _summarize(dated.receipt) if dated else []
    return render_template("pages/receipt.html", video=video, dated=dated, summary=summary)


def _summarize(receipt: Receipt) -> list[str]:
    """Describe the received file and the processed video in sentences."""
    found, made = receipt.found, receipt.made
    sentences = [_describe_file(found)] if found else []
    if found is None or made is None:
        return sentences
    if found.seconds and made.kept_seconds and found.seconds - made.kept_seconds > _SAME_SECONDS:
        sentences.append(gettext("We kept the first %(seconds)s seconds.", seconds=_number(made.kept_seconds)))
    else:
        sentences.append(gettext("We kept all of it."))
    sentences.append(
        gettext(
            "Now it is %(width)s × %(height)s, at %(rate)s pictures a second, with the mark of ANB.",
            width=made.width,
            height=made.height,
            rate=_number(float(Fraction(made.frame_rate))),
        )
    )
    width, height = _displayed_size(found)
    shape = width * made.height - height * made.width
    # Less than a hundredth of the frame is rounding and cannot be seen.
    if abs(shape) > 0.01 * max(width * made.height, height * made.width):
        sentences.append(
            gettext("Its shape is wider than the frame, so there is black above and below.")
            if shape > 0
            else gettext("Its shape is narrower than the frame, so there is black on both sides.")
        )
    if found.sound:
        sentences.append(gettext("We left the sound out, as in all videos here."))
    sentences.append(gettext("We removed the place and the device of the recording, if the file contained them."))
    video = receipt.files.get(_VIDEO)
    if receipt.original and video:
        before, after = (_number(file.bytes / 1e6) for file in (receipt.original, video))
        sentences.append(gettext("The file went from %(before)s MB to %(after)s MB.", before=before, after=after))
    return sentences


def _describe_file(found: SourceProperties) -> str:
    if not found.codec:
        return str(gettext("Your file has sound but no picture.") if found.sound else gettext("No picture was found."))
    width, height = _displayed_size(found)
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


def _displayed_size(found: SourceProperties) -> tuple[int, int]:
    """Return width and height as displayed: rotated, with square pixels."""
    width = round((found.width or 0) * Fraction(found.pixel_shape or 1))
    height = found.height or 0
    return (height, width) if (found.rotation or 0) % 180 else (width, height)


def _number(value: float) -> str:
    return str(format_decimal(value, "#,##0.##" if value < 10 else "#,##0.#"))
