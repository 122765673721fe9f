CREATE TABLE platform.addon_catalog (
    addon_id text NOT NULL CHECK (addon_id ~ '^[a-z][a-z0-9_]{0,59}$'),
    variant text NOT NULL CHECK (variant ~ '^[a-z][a-z0-9_]{0,59}$'),
    name text NOT NULL CHECK (platform.is_clean_text(name, 120)),
    description text CHECK (platform.is_clean_text(description, 1000)),
    price numeric(12,2) NOT NULL CHECK (price >= 0),
    "interval" text NOT NULL CHECK ("interval" IN ('hour', 'month', 'year')),
    metadata jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata) = 'object'),
    active boolean NOT NULL DEFAULT true,
    sort_order int NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (addon_id, variant)
);

CREATE INDEX addon_catalog_active_idx ON platform.addon_catalog (active, sort_order);

CREATE TRIGGER set_updated_at BEFORE UPDATE ON platform.addon_catalog
    FOR EACH ROW EXECUTE FUNCTION platform.set_updated_at();

COMMENT ON TABLE platform.addon_catalog IS 'What can be added to a project, and its price';

INSERT INTO platform.addon_catalog (addon_id, variant, name, description, price, "interval", metadata, sort_order) VALUES
    ('compute_instance', 'ci_nano', 'Nano', 'Shared CPU, 0.5 GB memory', 0, 'month', '{"instance_size": "nano", "cpu_cores": 0.5, "cpu_shared": true, "memory_gb": 0.5}', 10),
    ('compute_instance', 'ci_micro', 'Micro', '2 cores, 1 GB memory', 10, 'month', '{"instance_size": "micro", "cpu_cores": 2, "memory_gb": 1}', 20),
    ('compute_instance', 'ci_small', 'Small', '2 cores, 2 GB memory', 15, 'month', '{"instance_size": "small", "cpu_cores": 2, "memory_gb": 2}', 30),
    ('compute_instance', 'ci_medium', 'Medium', '2 cores, 4 GB memory', 60, 'month', '{"instance_size": "medium", "cpu_cores": 2, "memory_gb": 4}', 40),
    ('compute_instance', 'ci_large', 'Large', '2 cores, 8 GB memory', 110, 'month', '{"instance_size": "large", "cpu_cores": 2, "memory_gb": 8}', 50),
    ('compute_instance', 'ci_xlarge', 'XL', '4 cores, 16 GB memory', 210, 'month', '{"instance_size": "xlarge", "cpu_cores": 4, "memory_gb": 16}', 60),
    ('compute_instance', 'ci_2xlarge', '2XL', '8 cores, 32 GB memory', 410, 'month', '{"instance_size": "2xlarge", "cpu_cores": 8, "memory_gb": 32}', 70),
    ('compute_instance', 'ci_4xlarge', '4XL', '16 cores, 64 GB memory', 960, 'month', '{"instance_size": "4xlarge", "cpu_cores": 16, "memory_gb": 64}', 80),
    ('compute_instance', 'ci_8xlarge', '8XL', '32 cores, 128 GB memory', 1870, 'month', '{"instance_size": "8xlarge", "cpu_cores": 32, "memory_gb": 128}', 90),
    ('compute_instance', 'ci_12xlarge', '12XL', '48 cores, 192 GB memory', 2800, 'month', '{"instance_size": "12xlarge", "cpu_cores": 48, "memory_gb": 192}', 100),
    ('compute_instance', 'ci_16xlarge', '16XL', '64 cores, 256 GB memory', 3730, 'month', '{"instance_size": "16xlarge", "cpu_cores": 64, "memory_gb": 256}', 110),
    ('pitr', 'pitr_7', 'Point-in-time recovery, 7 days', 'Restore to any moment of the last 7 days', 100, 'month', '{"retention_days": 7}', 210),
    ('pitr', 'pitr_14', 'Point-in-time recovery, 14 days', 'Restore to any moment of the last 14 days', 200, 'month', '{"retention_days": 14}', 220),
    ('pitr', 'pitr_28', 'Point-in-time recovery, 28 days', 'Restore to any moment of the last 28 days', 400, 'month', '{"retention_days": 28}', 230),
    ('custom_domain', 'cd_default', 'Custom domain', 'The project under a domain of your own', 10, 'month', '{}', 310),
    ('ipv4', 'ipv4_default', 'Dedicated IPv4 address', 'Direct connections over IPv4', 4, 'month', '{}', 410),
    ('log_drain', 'log_drain_default', 'Log drain', 'Logs sent to a destination of yours, per drain', 60, 'month', '{}', 510);
