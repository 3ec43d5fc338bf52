"""The walk along the log: each leaf once, in order, and every signed root on the way. Memory does not grow with the
log.

The tree is grown from the leaves as they are right (`leaves`), and held against each stored hash as it is completed
(`nodes`), and against each checkpoint when it has that checkpoint's size (`signed`).
"""

from collections.abc import Sequence

from integration.audit.verify import hashing
from integration.audit.verify.kept import Kept
from integration.audit.verify.leaves import Leaves
from integration.audit.verify.nodes import Nodes
from integration.audit.verify.notes import Key
from integration.audit.verify.report import Finding, Report
from integration.audit.verify.signed import Signed
from integration.audit.verify.source import Source


async def verify(source: Source, keys: Sequence[Key], kept: Kept) -> Report:
    """Recompute everything, against what was kept elsewhere. `keys` are the log's verifier keys."""
    report = Report()
    leaves = Leaves(keys, kept.copy, report)
    nodes = Nodes(source.nodes(), report)
    signed = Signed(source.checkpoints(), keys, kept.by_size, report)
    await signed.hold(leaves)
    async for leaf in source.leaves():
        for completed in leaves.take(leaf):
            await nodes.compare(completed)
        if leaves.place >= signed.due:
            await signed.hold(leaves)
    if not leaves.broken:
        await nodes.end()
    leaves.end()
    await signed.end(leaves)
    await _strays(source, report)
    return report


async def _strays(source: Source, report: Report) -> None:
    """Events without a place: those that wait to be sealed are counted and hashed; there may be no others."""
    async for stray in source.strays():
        if stray.hash is None:
            text = f"event {stray.event} has no place in the log, and does not wait for one: it was put there later"
            report.add(Finding("inserted", text, None, stray.event))
        elif stray.salt is None or stray.content is None:
            report.add(Finding("missing", f"event {stray.event} waits to be sealed, and is gone", None, stray.event))
        else:
            report.unsealed += 1
            report.oldest_unsealed = min(filter(None, (report.oldest_unsealed, stray.recorded)), default=None)
            if hashing.leaf(stray.salt, stray.content) != stray.hash:
                text = f"event {stray.event}, which waits to be sealed, is not what was recorded"
                report.add(Finding("altered", text, None, stray.event))
