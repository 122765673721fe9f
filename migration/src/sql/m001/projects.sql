CREATE TABLE platform.projects (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id uuid NOT NULL REFERENCES platform.organizations (id) ON DELETE CASCADE,
    name text NOT NULL CHECK (platform.is_clean_text(name, 120)),
    ref text NOT NULL UNIQUE CHECK (ref ~ '^[a-z0-9-]{3,40}$'),
    slug text NOT NULL CHECK (slug ~ '^[a-z0-9-]{1,63}$'),
    status text NOT NULL DEFAULT 'coming_up' CHECK (status IN (
        'coming_up', 'active_healthy', 'active_unhealthy', 'going_down', 'inactive', 'init_failed',
        'paused', 'pausing', 'pause_failed', 'removed', 'resizing', 'restarting', 'restoring',
        'restore_failed', 'upgrading', 'unknown')),
    region text NOT NULL DEFAULT 'local' CHECK (platform.is_clean_text(region, 40)),
    database_host text CHECK (platform.is_clean_text(database_host, 255)),
    database_port int CHECK (database_port BETWEEN 1 AND 65535),
    database_name text CHECK (platform.is_clean_text(database_name, 63)),
    database_user text CHECK (platform.is_clean_text(database_user, 63)),
    database_password_sealed text CHECK (platform.is_sealed(database_password_sealed)),
    postgres_meta_url text CHECK (platform.is_url(postgres_meta_url)),
    supabase_url text CHECK (platform.is_url(supabase_url)),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT projects_organization_id_slug_key UNIQUE (organization_id, slug),
    -- What the composite keys of all project tables point at: a wrong (project, organization) pair cannot be stored.
    CONSTRAINT projects_id_organization_id_key UNIQUE (id, organization_id)
);

CREATE INDEX projects_status_idx ON platform.projects (status);
CREATE INDEX projects_organization_id_status_idx ON platform.projects (organization_id, status);
CREATE INDEX projects_organization_id_created_at_idx ON platform.projects (organization_id, created_at DESC, id);

CREATE TRIGGER set_updated_at BEFORE UPDATE ON platform.projects
    FOR EACH ROW EXECUTE FUNCTION platform.set_updated_at();

COMMENT ON TABLE platform.projects IS 'What an organization runs: a Supabase-like project with its own database';
