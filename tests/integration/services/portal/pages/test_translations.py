"""Every text has a Spanish translation, and the compiled catalogue matches its source."""

from __future__ import annotations

import gettext
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po
from flask import Flask

from services import portal
from services.portal.api.operation import operation_of
from services.portal.api.responses import refusals

PORTAL = Path(portal.__file__).parent
CATALOGUE = PORTAL / "translations/es/LC_MESSAGES/messages.po"
KEYWORDS = {"_": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}


@pytest.fixture(scope="module")
def catalogue() -> Catalog:
    with CATALOGUE.open("rb") as file:
        return read_po(file)


@pytest.fixture
def texts(app: Flask) -> set[str | tuple[str, ...]]:
    """All texts of the templates and modules, and all errors that routes declare."""
    with (PORTAL / "translations/babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    extracted = extract_from_dir(str(PORTAL), methods, options, keywords=KEYWORDS)  # type: ignore[arg-type]
    return {message for _, _, message, _, _ in extracted} | declared_errors(app)


def declared_errors(app: Flask) -> set[str]:
    operations = [operation_of(view) for view in app.view_functions.values()]
    declared = [refusals(operation) for operation in operations if operation is not None]
    return {text for by_status in declared for texts in by_status.values() for text in texts}


def translated_messages(catalogue: Catalog) -> list[Message]:
    return [message for message in catalogue if message.id]


def test_every_text_is_in_the_catalogue(catalogue: Catalog, texts: set[str | tuple[str, ...]]) -> None:
    assert len(texts) > 100
    known = {
        message.id if isinstance(message.id, str) else tuple(message.id) for message in translated_messages(catalogue)
    }
    assert texts - known == set()


def test_catalogue_has_no_unused_texts(catalogue: Catalog, texts: set[str | tuple[str, ...]]) -> None:
    known = {
        message.id if isinstance(message.id, str) else tuple(message.id) for message in translated_messages(catalogue)
    }
    assert known - texts == set()


def test_every_message_is_translated_and_not_fuzzy(catalogue: Catalog) -> None:
    for message in translated_messages(catalogue):
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(strings), message.id
        assert not message.fuzzy, message.id


def test_translations_use_the_same_placeholders(catalogue: Catalog) -> None:
    for message in translated_messages(catalogue):
        assert message.check(catalogue) is None or list(message.check(catalogue)) == [], message.id


def test_compiled_catalogue_is_up_to_date(catalogue: Catalog) -> None:
    with CATALOGUE.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for message in translated_messages(catalogue):
        if isinstance(message.id, str):
            assert compiled.gettext(message.id) == message.string
        else:
            forms = tuple(compiled.ngettext(*message.id, count) for count in (1, 2))
            assert forms == message.string
    assert len([key for key in compiled._catalog if key]) == sum(  # type: ignore[attr-defined]
        len(message.string) if isinstance(message.string, tuple) else 1 for message in translated_messages(catalogue)
    )
