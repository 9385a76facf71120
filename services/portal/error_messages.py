"""Translated sentences for error codes and for the error texts of the API contract."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import LazyString, gettext, lazy_gettext

from services.videos.failures import FailureReason

# Sentences for the worker's failure reasons.
FAILURES: Mapping[str, LazyString] = {
    FailureReason.FILE_MISSING: lazy_gettext("The file is no longer there. Upload the video again."),
    FailureReason.NOT_A_VIDEO: lazy_gettext(
        "This file is not a video. Export it from your phone or camera as MP4 and try again."
    ),
    FailureReason.UNSUPPORTED_FORMAT: lazy_gettext(
        "We cannot read this kind of video. Save it as MP4 (H.264) and try again."
    ),
    FailureReason.TOO_LARGE_PICTURE: lazy_gettext(
        "The picture is too large. Save the video in 4K or smaller and try again."
    ),
    FailureReason.TOO_SHORT: lazy_gettext("The video is too short. Upload one that lasts half a second or more."),
    FailureReason.WRONG_LENGTH: lazy_gettext(
        "The video is shorter than 20 seconds or longer than 60. Upload one that lasts between 20 and 60 seconds."
    ),
    FailureReason.BELOW_1080P: lazy_gettext(
        "The picture is too small. Film in Full HD (1080p) or better and upload the original file."
    ),
    FailureReason.DAMAGED: lazy_gettext("The file is damaged or incomplete. Upload the original file again."),
    FailureReason.TOOK_TOO_LONG: lazy_gettext(
        "The video took too long to prepare. Save it smaller or shorter and try again."
    ),
    FailureReason.GIVEN_UP: lazy_gettext(
        "Preparing this video broke off several times. Delete it and upload it again."
    ),
}
_OTHER_FAILURE = lazy_gettext("We could not prepare this video. Delete it and upload it again.")

# Sentences for the rules of request models.
_RULES: Mapping[str, LazyString] = {
    "required": lazy_gettext("Fill in this field."),
    "min": lazy_gettext("This is too short."),
    "max": lazy_gettext("This is too long."),
    "email": lazy_gettext("Write an email address such as name@example.com."),
}
_OTHER_RULE = lazy_gettext("This cannot be used.")

# Sentences for the API's error texts.
_REFUSALS: Mapping[str, LazyString] = {
    "Passwords do not match": lazy_gettext("The two passwords are not the same."),
    "Email already registered": lazy_gettext("This email has an account already. Sign in with it."),
    "Password is too common, choose another one": lazy_gettext(
        "Too many people use this password. Choose another one."
    ),
    "Current password is not correct": lazy_gettext("This is not your current password."),
    "This account is disabled": lazy_gettext("This account was closed by the organisers."),
    "Too many requests, try again later": lazy_gettext(
        "That was tried too often in a short time. Wait a minute and try again."
    ),
    "Invalid credentials": lazy_gettext("The email or the password is not right."),
}
_OTHER_REFUSAL = lazy_gettext("That did not work. Check what you wrote and try again.")


# Sentences for the actions in the moderation log.
ACTIONS: Mapping[str, LazyString] = {
    "hide video": lazy_gettext("Hid the video"),
    "show video": lazy_gettext("Showed the video again"),
    "set votes aside": lazy_gettext("Set votes aside"),
    "give votes back": lazy_gettext("Gave votes back"),
    "close account": lazy_gettext("Closed the account"),
    "open account": lazy_gettext("Opened the account again"),
    "set voting period": lazy_gettext("Set the voting period"),
}


def failure_sentence(code: str | None) -> str:
    """Explain why a video failed.

    Args:
        code: The worker's failure reason; an unknown one gives a general sentence.
    """
    return str(FAILURES.get(code or "", _OTHER_FAILURE))


def action_sentence(action: str) -> str:
    """Describe a moderator's action.

    Args:
        action: Action from the log; an unknown one, of a later release, is returned unchanged.
    """
    return str(ACTIONS.get(action, action))


def rule_sentence(field: str, rule: str) -> str:
    """Explain which rule a field breaks.

    Args:
        field: Name of the field in the request model.
        rule: Broken rule: required, min, max or email.
    """
    if rule == "min" and field.startswith("password"):
        return str(gettext("Use at least 8 characters."))
    return str(_RULES.get(rule, _OTHER_RULE))


def refusal_sentence(text: str) -> str:
    """Translate an error text of the API for a page.

    Args:
        text: Error text in English.
    """
    return str(_REFUSALS.get(text, _OTHER_REFUSAL))
