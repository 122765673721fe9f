CREATE TABLE platform.databases (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    project_id uuid NOT NULL,
    organization_id uuid NOT NULL,
    name text NOT NULL CHECK (platform.is_clean_text(name, 63)),
    type text NOT NULL CHECK (type IN ('postgres', 'mongodb', 'redis')),
    connection_string_sealed text NOT NULL CHECK (platform.is_sealed(connection_string_sealed)),
    host text NOT NULL CHECK (platform.is_clean_text(host, 255)),
    port int NOT NULL CHECK (port BETWEEN 1 AND 65535),
    config jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(config) = 'object'),
    status text NOT NULL DEFAULT 'pending' CHECK (status IN (
        'pending', 'healthy', 'unhealthy', 'unreachable', 'disabled')),
    is_primary boolean NOT NULL DEFAULT false,
    last_health_check_at timestamptz,
    health_check_latency_ms int CHECK (health_check_latency_ms >= 0),
    health_check_error text CHECK (char_length(health_check_error) <= 2000),
    created_by uuid REFERENCES platform.users (id) ON DELETE SET NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT databases_project_id_name_key UNIQUE (project_id, name),
    -- What metrics and logs point at.
    CONSTRAINT databases_id_organization_id_key UNIQUE (id, organization_id),
    CONSTRAINT databases_id_project_id_organization_id_key UNIQUE (id, project_id, organization_id),
    CONSTRAINT databases_project_fkey FOREIGN KEY (project_id, organization_id)
        REFERENCES platform.projects (id, organization_id) ON DELETE CASCADE ON UPDATE CASCADE
);

CREATE INDEX databases_organization_id_project_id_idx ON platform.databases (organization_id, project_id);
CREATE INDEX databases_type_idx ON platform.databases (type);
CREATE INDEX databases_status_idx ON platform.databases (status);
CREATE INDEX databases_last_health_check_at_idx ON platform.databases (last_health_check_at);
CREATE INDEX databases_created_by_idx ON platform.databases (created_by);
CREATE UNIQUE INDEX databases_one_primary_key ON platform.databases (project_id) WHERE is_primary;

CREATE TRIGGER set_updated_at BEFORE UPDATE ON platform.databases
    FOR EACH ROW EXECUTE FUNCTION platform.set_updated_at();

COMMENT ON TABLE platform.databases IS 'Databases a project registered: PostgreSQL, MongoDB, Redis';

CREATE VIEW platform.databases_safe WITH (security_invoker = true) AS
SELECT id, project_id, organization_id, name, type, host, port, config, status, is_primary, last_health_check_at,
       health_check_latency_ms, health_check_error, created_by, created_at, updated_at
FROM platform.databases;

COMMENT ON VIEW platform.databases_safe IS 'Databases without their secret';

CREATE VIEW platform.databases_with_connection_strings WITH (security_invoker = true) AS
SELECT id, project_id, organization_id, name, type, connection_string_sealed, host, port, status, is_primary
FROM platform.databases;

COMMENT ON VIEW platform.databases_with_connection_strings IS 'Databases with their sealed connection string, for the service role alone';

GRANT SELECT ON platform.databases_safe TO ogelbase_app;
