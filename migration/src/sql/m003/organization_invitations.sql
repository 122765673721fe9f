CREATE TABLE platform.organization_invitations (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id uuid NOT NULL REFERENCES platform.organizations (id) ON DELETE CASCADE,
    invited_email text NOT NULL CHECK (platform.is_email(invited_email)),
    invited_by uuid NOT NULL REFERENCES platform.users (id) ON DELETE CASCADE,
    role text NOT NULL CHECK (role IN ('owner', 'admin', 'developer', 'billing_admin', 'member')),
    token_hash text NOT NULL UNIQUE CHECK (platform.is_digest(token_hash)),
    expires_at timestamptz NOT NULL,
    accepted_at timestamptz,
    accepted_by uuid REFERENCES platform.users (id) ON DELETE SET NULL,
    declined_at timestamptz,
    revoked_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT organization_invitations_outcome_check CHECK (num_nonnulls(accepted_at, declined_at, revoked_at) <= 1)
);

CREATE INDEX organization_invitations_organization_id_created_at_idx
    ON platform.organization_invitations (organization_id, created_at DESC);
CREATE INDEX organization_invitations_invited_email_idx ON platform.organization_invitations (lower(invited_email));
CREATE INDEX organization_invitations_invited_by_idx ON platform.organization_invitations (invited_by);
CREATE INDEX organization_invitations_accepted_by_idx ON platform.organization_invitations (accepted_by);
-- Open means undecided, expired or not (an index cannot know the time): inviting again renews the row.
CREATE UNIQUE INDEX organization_invitations_one_open_key
    ON platform.organization_invitations (organization_id, lower(invited_email))
    WHERE accepted_at IS NULL AND declined_at IS NULL AND revoked_at IS NULL;

CREATE TRIGGER set_updated_at BEFORE UPDATE ON platform.organization_invitations
    FOR EACH ROW EXECUTE FUNCTION platform.set_updated_at();

COMMENT ON TABLE platform.organization_invitations IS 'E-mail addresses asked to join an organization';
