-- Lists are read from an index in their order: parent, what is sorted by, id. Forwards and backwards is one index, but
-- only if all its columns after the parent run the same way; those before here had `created_at DESC, id`, which fits
-- neither, or no id, and then a page of a large parent was its whole list, sorted.

-- Organization.members by joinedAt and by role. The second serves the check for a last owner too.
CREATE INDEX organization_members_organization_id_joined_at_idx
    ON platform.organization_members (organization_id, joined_at, id);
CREATE INDEX organization_members_organization_id_role_idx
    ON platform.organization_members (organization_id, role, id);
DROP INDEX platform.organization_members_owners_idx;

-- Organization.projects by createdAt, name and status.
DROP INDEX platform.projects_organization_id_created_at_idx;
CREATE INDEX projects_organization_id_created_at_idx ON platform.projects (organization_id, created_at, id);
CREATE INDEX projects_organization_id_name_idx ON platform.projects (organization_id, name, id);
DROP INDEX platform.projects_organization_id_status_idx;
CREATE INDEX projects_organization_id_status_idx ON platform.projects (organization_id, status, id);

-- Database.connectionLogs.
DROP INDEX platform.database_connection_logs_database_id_created_at_idx;
CREATE INDEX database_connection_logs_database_id_created_at_idx
    ON platform.database_connection_logs (database_id, created_at, id);

-- node(id:) of a record whose id does not say when it was made.
CREATE INDEX audit_logs_id_idx ON platform.audit_logs (id);
