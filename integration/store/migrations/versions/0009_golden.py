"""Looking somebody up by demographics: a role that finds who shares a block, and reads hashes and person ids alone."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

MATCHER = "toldonce_matcher"
PRIVILEGES = (
    f"grant {MATCHER} to toldonce_api",
    f"grant usage on schema toldonce to {MATCHER}",
    f"grant select (block, source_patient) on toldonce.block to {MATCHER}",
    f"grant select (key, person) on toldonce.source_patient to {MATCHER}",
)


def upgrade() -> None:
    op.execute(  # roles belong to the server, so another database of it may have made it already
        f"do $$ begin create role {MATCHER} nologin; exception when duplicate_object then null; when unique_violation "
        f"then null; end $$"
    )
    for privilege in PRIVILEGES:
        op.execute(privilege)


def downgrade() -> None:
    op.execute(f"drop owned by {MATCHER}")
    op.execute(f"drop role {MATCHER}")
