"""The tables, as the migrations build them (a test compares the two). All live in the schema `toldonce`.

In:      envelope (its rest in envelope_part) -> statement, submission, quarantine -> due; gp_pull;
         pds_trace; left_behind, refused
People:  source_patient, block, linkage, person
Record:  label, resource, resource_history, directory_statement, directory_resource, labelling
Teams:   caseload_document, caseload_refresh, caseload_member; export_job, export_person, export_part, huddle
Told:    event -> notification <- subscription, subscription_endpoint
Rules:   facts, opt_out_clearance, agreement_document, client, token_use, officer_account -> officer_session,
         officer_emergency
Audit:   audit_unsealed -> audit_event, audit_leaf, audit_node, audit_checkpoint, audit_cosignature; alert, alert_step;
         watch, user_day, looked

Roles, and what each may touch, are in docs/database.md and the migration `0001`.
"""

from integration.store.tables import audit, exports, inbox, people, record, rules, subscriptions, teams
from integration.store.tables.base import SCHEMA, Table

__all__ = ["PARTS", "SCHEMA", "Table"]
PARTS = (inbox, people, record, rules, teams, subscriptions, exports, audit)
