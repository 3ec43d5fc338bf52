"""The columnar extract: which tables it has, which columns, of what type, and from where in a resource each value is.

One Parquet file for each table, `<table>.parquet`, ready for DuckDB or Spark; docs/bulk-export.md shows them all. No
table holds a name, an address, an identifier or free text, and every id is a pseudonym.

- The first column of every table is `person`, the key of the table `person`. The same person has the same one in every
  extract for one organisation and purpose.
- A moment is a timestamp in UTC. A date without a time is its first instant in Europe/London; `<name>_precision` says
  how exactly the source told it: `second`, `day`, `month` or `year`.
- For purposes beyond care (rule 9) moments are months, and what the API does not show there either is null: `feed`,
  `recorded`, `practice`, `died`, words of codes, and what FHIR keeps in extensions.
- What is not said is null.
"""

from integration.teams.export.care_tables import CARE
from integration.teams.export.clinical_tables import CLINICAL
from integration.teams.export.contact_tables import CONTACTS
from integration.teams.export.person_tables import MEMBERSHIP, PERSON

TABLES = (PERSON, MEMBERSHIP, *CONTACTS, *CLINICAL, *CARE)
"""Every table, in the order of the docs."""
