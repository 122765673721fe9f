CREATE TABLE platform.credentials (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    project_id uuid NOT NULL UNIQUE,
    organization_id uuid NOT NULL,
    anon_key_sealed text NOT NULL CHECK (platform.is_sealed(anon_key_sealed)),
    service_role_key_sealed text NOT NULL CHECK (platform.is_sealed(service_role_key_sealed)),
    jwt_secret_sealed text NOT NULL CHECK (platform.is_sealed(jwt_secret_sealed)),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT credentials_project_fkey FOREIGN KEY (project_id, organization_id)
        REFERENCES platform.projects (id, organization_id) ON DELETE CASCADE ON UPDATE CASCADE
);

CREATE INDEX credentials_organization_id_project_id_idx ON platform.credentials (organization_id, project_id);

CREATE TRIGGER set_updated_at BEFORE UPDATE ON platform.credentials
    FOR EACH ROW EXECUTE FUNCTION platform.set_updated_at();

COMMENT ON TABLE platform.credentials IS 'A project''s two API keys and the secret that signs them, all sealed';
