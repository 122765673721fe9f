DROP INDEX platform.audit_logs_id_idx;

DROP INDEX platform.database_connection_logs_database_id_created_at_idx;
CREATE INDEX database_connection_logs_database_id_created_at_idx
    ON platform.database_connection_logs (database_id, created_at DESC);

DROP INDEX platform.projects_organization_id_status_idx;
CREATE INDEX projects_organization_id_status_idx ON platform.projects (organization_id, status);
DROP INDEX platform.projects_organization_id_name_idx;
DROP INDEX platform.projects_organization_id_created_at_idx;
CREATE INDEX projects_organization_id_created_at_idx ON platform.projects (organization_id, created_at DESC, id);

CREATE INDEX organization_members_owners_idx ON platform.organization_members (organization_id) WHERE role = 'owner';
DROP INDEX platform.organization_members_organization_id_role_idx;
DROP INDEX platform.organization_members_organization_id_joined_at_idx;
