"""Every text of the pages is in Spanish, and the compiled catalogue is the one that people edit."""

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
    """Every text in the templates and the modules of the pages, and every error that a route declares."""
    with (PORTAL / "translations/babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    found = extract_from_dir(str(PORTAL), methods, options, keywords=KEYWORDS)  # type: ignore[arg-type]
    return {message for _, _, message, _, _ in found} | declared_errors(app)


def declared_errors(app: Flask) -> set[str]:
    operations = [operation_of(view) for view in app.view_functions.values()]
    declared = [refusals(operation) for operation in operations if operation is not None]
    return {text for by_status in declared for texts in by_status.values() for text in texts}


def written(catalogue: Catalog) -> list[Message]:
    return [message for message in catalogue if message.id]


def test_no_text_lacks_its_spanish(catalogue: Catalog, texts: set[str | tuple[str, ...]]) -> None:
    assert len(texts) > 100
    known = {message.id if isinstance(message.id, str) else tuple(message.id) for message in written(catalogue)}
    assert texts - known == set()


def test_no_spanish_lacks_its_text(catalogue: Catalog, texts: set[str | tuple[str, ...]]) -> None:
    known = {message.id if isinstance(message.id, str) else tuple(message.id) for message in written(catalogue)}
    assert known - texts == set()


def test_every_text_is_translated_and_none_is_in_doubt(catalogue: Catalog) -> None:
    for message in written(catalogue):
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(strings), message.id
        assert not message.fuzzy, message.id


def test_the_values_of_a_text_are_those_of_its_translation(catalogue: Catalog) -> None:
    for message in written(catalogue):
        assert message.check(catalogue) is None or list(message.check(catalogue)) == [], message.id


def test_the_compiled_catalogue_is_that_of_the_texts(catalogue: Catalog) -> None:
    with CATALOGUE.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for message in written(catalogue):
        if isinstance(message.id, str):
            assert compiled.gettext(message.id) == message.string
        else:
            forms = tuple(compiled.ngettext(*message.id, count) for count in (1, 2))
            assert forms == message.string
    assert len([key for key in compiled._catalog if key]) == sum(  # type: ignore[attr-defined]
        len(message.string) if isinstance(message.string, tuple) else 1 for message in written(catalogue)
    )
