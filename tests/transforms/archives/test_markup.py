"""Promises about markup: tags, comments and DOCTYPEs, closed or not, end where they end."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transforms.archives.sources import article, bulk, told
from transforms.archives.markup import TAG


@pytest.mark.parametrize("opening", [b"<!-- never closed", b"<![CDATA[ x", b"<?pi"])
def test_markup_never_closed(scan_bytes, opening):
    """What is never closed does not swallow the next articles."""
    closed = b"<!-- c --><![CDATA[d]]><?e?>"
    parts = [article(1), article(2, opening), article(3, closed), article(4)]
    assert told(scan_bytes(bulk(*parts))) == ["PMC1", "PMC2", "PMC3", "PMC4"]
    assert told(scan_bytes(bulk(article(1), opening, article(3, closed)))) == [
        "PMC1",
        "stray-content",
        "PMC3",
    ]


def test_entity_declarations(scan_bytes):
    """A file that declares entities is refused: nothing of it is expanded or fetched."""
    laughs = b'<!ENTITY a "ha"><!ENTITY b "&a;&a;">'
    data = b"<!DOCTYPE articles [ " + laughs + b" ]>" + bulk(article(1), article(2))
    found = scan_bytes(data)
    assert told(found) == ["entity-declarations"] * 2
    assert [each.article_id for each in found] == ["PMC1", "PMC2"]
    external = b'<!DOCTYPE article [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + article(1)
    assert told(scan_bytes(external)) == ["entity-declarations"]


def test_declared_pictures_do_no_harm(scan_bytes):
    """Nothing is put in the place of an entity that is not XML."""
    pictures = b"""<!ENTITY gr1 SYSTEM "gr1" NDATA IMAGE>
        <!ENTITY gr2 PUBLIC "-//X//2" 'gr2.jpg' NDATA IMAGE >"""
    head = b"<!DOCTYPE article [<!NOTATION IMAGE SYSTEM 'x'>" + pictures + b"%b]>" + article(1)
    assert told(scan_bytes(head.replace(b"%b", b""))) == ["PMC1"]
    own = head.replace(b"%b", b"<!ENTITY x 'y'>")
    assert told(scan_bytes(own)) == ["entity-declarations"]


@pytest.mark.parametrize("wrap", [bulk, lambda *parts: b"\n".join(parts)])
def test_entity_declarations_of_one_article(scan_bytes, wrap):
    """Its own DOCTYPE costs the article behind it, and no neighbour."""
    own = b"<!DOCTYPE article [<!ENTITY x 'y'>]>" + article(2)
    assert told(scan_bytes(wrap(article(1), own, article(3)))) == [
        *("PMC1", "entity-declarations", "PMC3")
    ]


def test_long_tags_without_an_end_are_read_in_one_go(scan_bytes):
    """Trying each part of a name, or each attribute, again would take forever."""
    for tag in (b"<" + b"b" * 60_000, b"<b" + b" a='b'" * 10_000, b"<b" + b" a" * 30_000 + b"'"):
        assert told(scan_bytes(bulk(tag * 50, article(1)))) == ["stray-content", "PMC1"]


@given(st.lists(st.sampled_from([*"<</>>\"'=!?& \nab:", "a='b'", 'c="<d"', "é"]), max_size=20))
@settings(max_examples=500)
def test_tags_are_names_attributes_and_an_end(parts):
    """The same with the name cut anywhere and the rest tried as attributes."""
    text = "<" + "".join(parts)
    simple = re.compile(rb"<(/?)([^\s<>/!?=\"'&]+)((?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*)>")
    data = text.encode()
    assert [found.groups() for found in TAG.finditer(data)] == [
        found.groups() for found in simple.finditer(data)
    ]
