"""The audit's checker. It shares no code with the writer: it has its own hashing, its own reading of events and notes,
and nothing of ours but these files (an import contract keeps it so). Both follow docs/audit.md, which says what is
hashed.

    database or archive -> walk: leaf by leaf, against the checkpoints stored, and those kept elsewhere -> report
"""
