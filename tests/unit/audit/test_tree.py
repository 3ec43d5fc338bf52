"""The tree against RFC 6962: known answers, the definition of section 2.1 word for word, and the checks of RFC 9162."""

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integration.audit import tree
from integration.audit.tree import EMPTY, Edge, Span, leaf_hash
from integration.audit.verify.hashing import Mountains
from integration.errors import NotPossible

INPUTS = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
"""Root of the first 0 to 8 inputs: the reference values that Certificate Transparency logs are tested with."""
ENOUGH = 70_000
"""Leaves of the largest tree here: it has stored hashes of levels 8 and 16."""


def mth(leaves: list[bytes]) -> bytes:
    """RFC 6962, 2.1, over leaf hashes."""
    if not leaves:
        return sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


class Store:
    """A tree and everything that would be stored of it."""

    def __init__(self, size: int) -> None:
        self.leaves = [sha256(b"%d" % number).digest() for number in range(size)]
        self.nodes: dict[tuple[int, int], bytes] = {}
        self.roots = [EMPTY]
        edge = Edge()
        for leaf in self.leaves:
            self.nodes |= {(node.level, node.index): node.hash for node in edge.append(leaf)}
            self.roots.append(edge.root() if edge.size < 1200 else b"")

    def read(self, span: Span) -> list[bytes]:
        if span.level == 0:
            return self.leaves[span.first : span.first + span.count]
        return [self.nodes[span.level, index] for index in range(span.first, span.first + span.count)]

    def hash(self, leaves: tuple[int, int]) -> bytes:
        return tree.hash_of([self.read(span) for span in tree.stored(leaves)])

    def root(self, size: int) -> bytes:
        return Edge(size, [self.read(span) for span in Edge.spans(size)]).root()


@pytest.fixture(scope="module")
def store() -> Store:
    return Store(ENOUGH)


def test_roots_are_the_known_answers():
    edge, mountains = Edge(), Mountains()
    assert (edge.root().hex(), mountains.root().hex()) == (ROOTS[0], ROOTS[0])
    for data, root in zip(INPUTS, ROOTS[1:], strict=True):
        leaf = leaf_hash(b"", bytes.fromhex(data))
        edge.append(leaf)
        mountains.add(leaf)
        assert (edge.root().hex(), mountains.root().hex()) == (root, root)


def test_salt_and_content_are_one_entry():
    assert leaf_hash(b"\x20", b"\x21") == leaf_hash(b"", b"\x20\x21") == sha256(b"\x00\x20\x21").digest()


@given(size=st.integers(0, 1100))
def test_a_growing_tree_has_the_root_of_the_definition(store: Store, size: int):
    assert store.roots[size] == mth(store.leaves[:size])


@settings(max_examples=20)
@given(size=st.integers(0, ENOUGH))
def test_what_is_stored_is_enough_to_go_on_from(store: Store, size: int):
    assert store.root(size) == (mth(store.leaves[:size]) if size < 3000 else _mountains(store, size))


def _mountains(store: Store, size: int) -> bytes:
    """The checker's own tree, which is another implementation."""
    mountains = Mountains()
    for leaf in store.leaves[:size]:
        mountains.add(leaf)
    return mountains.root()


def test_writer_and_checker_store_the_same_hashes(store: Store):
    mountains = Mountains()
    found = {(level, index): hash_ for leaf in store.leaves for level, index, hash_ in mountains.add(leaf)}
    assert found == store.nodes
    assert {level for level, _ in found} == {8, 16}


sizes = st.one_of(st.integers(1, 600), st.integers(1, ENOUGH))


@given(st.tuples(sizes, sizes).map(sorted))
def test_an_audit_path_leads_to_the_root(store: Store, pair: list[int]):
    """RFC 9162, 2.1.3.2."""
    index, size = pair[0] - 1, pair[1]
    path = [store.hash(leaves) for leaves in tree.inclusion(index, size)]
    fn, sn, found = index, size - 1, store.leaves[index]
    for step in path:
        assert sn > 0
        if fn & 1 or fn == sn:
            found = sha256(b"\x01" + step + found).digest()
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            found = sha256(b"\x01" + found + step).digest()
        fn, sn = fn >> 1, sn >> 1
    assert (sn, found) == (0, store.root(size))


@given(st.tuples(sizes, sizes).map(sorted))
def test_a_consistency_proof_leads_to_both_roots(store: Store, pair: list[int]):
    """RFC 9162, 2.1.4.2."""
    first, second = pair
    proof = [store.hash(leaves) for leaves in tree.consistency(first, second)]
    if first == second:
        assert proof == []
        return
    if first & (first - 1) == 0:
        proof.insert(0, store.root(first))
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    old = new = proof[0]
    for step in proof[1:]:
        assert sn > 0
        if fn & 1 or fn == sn:
            old, new = sha256(b"\x01" + step + old).digest(), sha256(b"\x01" + step + new).digest()
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            new = sha256(b"\x01" + new + step).digest()
        fn, sn = fn >> 1, sn >> 1
    assert (sn, old, new) == (0, store.root(first), store.root(second))


@given(sizes)
def test_a_proof_reads_little_however_large_the_tree(size: int):
    read = sum(span.count for leaves in tree.inclusion(size // 2, size) for span in tree.stored(leaves))
    assert read <= 3 * tree.SPAN


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 5)])
def test_there_is_no_path_of_an_event_that_is_not_there(index: int, size: int):
    with pytest.raises(NotPossible):
        tree.inclusion(index, size)


@pytest.mark.parametrize(("first", "second"), [(0, 5), (6, 5)])
def test_there_is_no_proof_that_a_log_shrank(first: int, second: int):
    with pytest.raises(NotPossible):
        tree.consistency(first, second)
