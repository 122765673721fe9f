CREATE TABLE platform.disk_config (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    project_id uuid NOT NULL UNIQUE,
    organization_id uuid NOT NULL,
    type text NOT NULL DEFAULT 'gp3' CHECK (type IN ('gp3', 'io2')),
    size_gb int NOT NULL DEFAULT 8 CHECK (size_gb BETWEEN 1 AND 65536),
    io_budget int NOT NULL DEFAULT 3000 CHECK (io_budget > 0),
    throughput_mbps int CHECK (throughput_mbps > 0),
    autoscale_enabled boolean NOT NULL DEFAULT false,
    autoscale_growth_percent int CHECK (autoscale_growth_percent BETWEEN 10 AND 100),
    autoscale_min_increment_gb int CHECK (autoscale_min_increment_gb > 0),
    autoscale_max_size_gb int,
    last_modified_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT disk_config_autoscale_max_size_gb_check CHECK (autoscale_max_size_gb >= size_gb),
    CONSTRAINT disk_config_project_fkey FOREIGN KEY (project_id, organization_id)
        REFERENCES platform.projects (id, organization_id) ON DELETE CASCADE ON UPDATE CASCADE
);

CREATE INDEX disk_config_organization_id_project_id_idx ON platform.disk_config (organization_id, project_id);

CREATE TRIGGER set_updated_at BEFORE UPDATE ON platform.disk_config
    FOR EACH ROW EXECUTE FUNCTION platform.set_updated_at();

COMMENT ON TABLE platform.disk_config IS 'A project''s disk: kind, size, IOPS and how it grows';

CREATE TABLE platform.compute_config (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    project_id uuid NOT NULL UNIQUE,
    organization_id uuid NOT NULL,
    instance_size text NOT NULL DEFAULT 'nano' CHECK (instance_size IN (
        'nano', 'micro', 'small', 'medium', 'large', 'xlarge', '2xlarge', '4xlarge', '8xlarge', '12xlarge', '16xlarge')),
    cpu_cores numeric(5,2) NOT NULL CHECK (cpu_cores > 0),
    memory_gb numeric(7,2) NOT NULL CHECK (memory_gb > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT compute_config_project_fkey FOREIGN KEY (project_id, organization_id)
        REFERENCES platform.projects (id, organization_id) ON DELETE CASCADE ON UPDATE CASCADE
);

CREATE INDEX compute_config_organization_id_project_id_idx ON platform.compute_config (organization_id, project_id);
CREATE INDEX compute_config_instance_size_idx ON platform.compute_config (instance_size);

CREATE TRIGGER set_updated_at BEFORE UPDATE ON platform.compute_config
    FOR EACH ROW EXECUTE FUNCTION platform.set_updated_at();

COMMENT ON TABLE platform.compute_config IS 'A project''s machine: its size, cores and memory';
