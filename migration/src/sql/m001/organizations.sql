CREATE TABLE platform.organizations (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL CHECK (platform.is_clean_text(name, 120)),
    slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9-]{3,40}$'),
    billing_email text CHECK (platform.is_email(billing_email)),
    mfa_required boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX organizations_created_at_idx ON platform.organizations (created_at);

CREATE TRIGGER set_updated_at BEFORE UPDATE ON platform.organizations
    FOR EACH ROW EXECUTE FUNCTION platform.set_updated_at();

COMMENT ON TABLE platform.organizations IS 'Tenants: who owns projects, has members and pays';
