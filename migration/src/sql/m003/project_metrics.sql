CREATE TABLE platform.project_metrics (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    project_id uuid NOT NULL,
    organization_id uuid NOT NULL,
    "timestamp" timestamptz NOT NULL DEFAULT now(),
    cpu_usage numeric(5,2) CHECK (cpu_usage BETWEEN 0 AND 100),
    memory_usage numeric(5,2) CHECK (memory_usage BETWEEN 0 AND 100),
    disk_io_budget numeric(10,2) CHECK (disk_io_budget >= 0),
    disk_usage_gb numeric(10,2) CHECK (disk_usage_gb >= 0),
    network_in_bytes bigint CHECK (network_in_bytes >= 0),
    network_out_bytes bigint CHECK (network_out_bytes >= 0),
    active_connections int CHECK (active_connections >= 0),
    query_count int CHECK (query_count >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (project_id, "timestamp", id),
    CONSTRAINT project_metrics_project_fkey FOREIGN KEY (project_id, organization_id)
        REFERENCES platform.projects (id, organization_id) ON DELETE CASCADE ON UPDATE CASCADE
) PARTITION BY RANGE ("timestamp");

-- Covers the series queries and their policies: they read this index alone. It serves the project's key as well
-- (the project decides the organization).
CREATE INDEX project_metrics_series_idx ON platform.project_metrics (project_id, "timestamp" DESC)
    INCLUDE (organization_id, cpu_usage, memory_usage, disk_io_budget, disk_usage_gb,
             network_in_bytes, network_out_bytes, active_connections, query_count, id);
CREATE INDEX project_metrics_timestamp_idx ON platform.project_metrics ("timestamp" DESC);

COMMENT ON TABLE platform.project_metrics IS 'How a project''s machine was doing, moment by moment';

SELECT platform_private.ensure_partitions(13, 3);
