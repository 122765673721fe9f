CREATE TABLE platform.database_metrics (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    database_id uuid NOT NULL,
    organization_id uuid NOT NULL,
    metric_type text NOT NULL CHECK (platform.is_clean_text(metric_type, 100)),
    value double precision NOT NULL,
    "timestamp" timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (database_id, "timestamp", id),
    CONSTRAINT database_metrics_database_fkey FOREIGN KEY (database_id, organization_id)
        REFERENCES platform.databases (id, organization_id) ON DELETE CASCADE ON UPDATE CASCADE
) PARTITION BY RANGE ("timestamp");

-- Covering, like that of project_metrics.
CREATE INDEX database_metrics_series_idx ON platform.database_metrics (database_id, metric_type, "timestamp" DESC)
    INCLUDE (organization_id, value, id);
CREATE INDEX database_metrics_timestamp_idx ON platform.database_metrics ("timestamp" DESC);

COMMENT ON TABLE platform.database_metrics IS 'What was measured in a registered database, one figure a row';

SELECT platform_private.ensure_partitions(13, 3);

-- The database decides the project, the project the organization.
CREATE TABLE platform.database_connection_logs (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    database_id uuid NOT NULL,
    project_id uuid NOT NULL,
    organization_id uuid NOT NULL,
    event_type text NOT NULL CHECK (event_type IN ('connected', 'failed', 'health_check', 'revealed', 'rotated')),
    message text CHECK (char_length(message) <= 2000),
    latency_ms int CHECK (latency_ms >= 0),
    user_id uuid REFERENCES platform.users (id) ON DELETE SET NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT database_connection_logs_database_fkey FOREIGN KEY (database_id, project_id, organization_id)
        REFERENCES platform.databases (id, project_id, organization_id) ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT database_connection_logs_project_fkey FOREIGN KEY (project_id, organization_id)
        REFERENCES platform.projects (id, organization_id) ON DELETE CASCADE ON UPDATE CASCADE
);

CREATE INDEX database_connection_logs_database_idx
    ON platform.database_connection_logs (database_id, project_id, organization_id);
CREATE INDEX database_connection_logs_organization_id_project_id_idx
    ON platform.database_connection_logs (organization_id, project_id);
CREATE INDEX database_connection_logs_database_id_created_at_idx
    ON platform.database_connection_logs (database_id, created_at DESC);
CREATE INDEX database_connection_logs_project_id_created_at_idx
    ON platform.database_connection_logs (project_id, created_at DESC);
CREATE INDEX database_connection_logs_event_type_idx ON platform.database_connection_logs (event_type);
CREATE INDEX database_connection_logs_user_id_idx ON platform.database_connection_logs (user_id);

COMMENT ON TABLE platform.database_connection_logs IS 'Connections to registered databases: made, failed, checked, revealed, rotated';
