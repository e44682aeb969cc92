"""Receipts come back as written, and their sums do not depend on who adds."""

import json
from collections import Counter
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.output.receipts import Receipt, Totals
from transforms.records import Counts, Sums

kinds = st.builds(Counter, st.dictionaries(st.text(max_size=5), st.integers(0, 2**40), max_size=3))
numbers = st.integers(0, 2**40)
counts = st.builds(
    Counts,
    **{field.name: numbers for field in fields(Counts) if field.name != "rows"},
    rows=st.builds(Counter, st.dictionaries(st.sampled_from(["sentences", "links"]), numbers)),
)

receipts = st.builds(
    Receipt,
    chunk_id=st.text(max_size=8),
    options=st.text(max_size=4),
    planned=st.integers(0, 500),
    sums=st.builds(Sums, counts=counts, types=kinds, sections=kinds, reasons=kinds, notes=kinds),
    duplicates=st.dictionaries(st.text(max_size=4), st.text(max_size=4), max_size=2),
    files=st.dictionaries(
        st.text(max_size=4),
        st.fixed_dictionaries({"bytes": st.integers(0), "sha256": st.text(max_size=4)}),
        max_size=2,
    ),
)


@given(receipts)
def test_receipt_comes_back_as_written(receipt):
    """The same receipt gives the same bytes, however its counts came together."""
    assert Receipt.from_bytes(receipt.to_bytes()) == receipt
    types = Counter(dict(reversed(receipt.sums.types.items())))
    shuffled = replace(receipt, sums=replace(receipt.sums, types=types))
    assert shuffled.to_bytes() == receipt.to_bytes()


@given(receipts, st.data())
def test_receipt_cut_short_is_none(receipt, data):
    """What a full disk or a killed copy leaves."""
    whole = receipt.to_bytes().rstrip()
    with pytest.raises(ValueError, match=r"."):
        Receipt.from_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b"null", b"3", b"\xff", b'{"chunk_id": "a", "more": 1}']
)
def test_what_is_no_receipt_is_refused(data):
    """Whatever JSON it is."""
    with pytest.raises(ValueError, match=r"."):
        Receipt.from_bytes(data)


@given(st.lists(receipts, max_size=5, unique_by=lambda receipt: receipt.chunk_id), st.data())
def test_totals_do_not_depend_on_who_added_what_when(given_receipts, data):
    """Workers add up in any order and grouping."""
    whole = Totals()
    for receipt in given_receipts:
        whole.add_receipt(receipt)
    parts = [Totals(), Totals()]
    for receipt in data.draw(st.permutations(given_receipts)):
        parts[data.draw(st.integers(0, 1))].add_receipt(receipt)
    parts[0].merge(parts[1])
    assert parts[0] == whole
    assert parts[0].receipts_sha256() == whole.receipts_sha256()
    assert whole.planned == sum(receipt.planned for receipt in given_receipts)


def test_receipt_is_read_by_people(tmp_path):
    """JSON with sorted names, one a line."""
    receipt = Receipt(
        chunk_id="c",
        options="o",
        planned=1,
        sums=Sums(Counts(articles=2, rows=Counter(annotations=1))),
        duplicates={},
        files={},
    )
    path = tmp_path / "r.json"
    path.write_bytes(receipt.to_bytes())
    content = json.loads(path.read_text(encoding="utf-8"))
    assert list(content) == sorted(content)
    assert list(content["counts"]) == sorted(content["counts"])
    assert (content["counts"]["articles"], content["counts"]["annotations"]) == (2, 1)


@pytest.mark.parametrize(
    "damage",
    [
        {"counts": {"articles": "1"}},
        {"counts": []},
        {"files": []},
        {"files": {"a": {}}},
        {"files": {"a": {"bytes": "1"}}},
    ],
)
def test_receipt_of_wrong_shape_is_none(damage):
    """JSON alone makes no receipt: its chunk is done again."""
    empty = {key: {} for key in ("counts", "types", "sections", "reasons", "notes", "duplicates")}
    receipt = {"chunk_id": "a", "options": "", "planned": 1, **empty, **damage}
    with pytest.raises(ValueError, match=r"."):
        Receipt.from_bytes(json.dumps(receipt).encode())
