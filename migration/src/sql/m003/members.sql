CREATE TABLE platform.organization_members (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id uuid NOT NULL REFERENCES platform.organizations (id) ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES platform.users (id) ON DELETE CASCADE,
    role text NOT NULL CHECK (role IN ('owner', 'admin', 'developer', 'billing_admin', 'member')),
    invited_at timestamptz,
    invited_by uuid REFERENCES platform.users (id) ON DELETE SET NULL,
    joined_at timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT organization_members_organization_id_user_id_key UNIQUE (organization_id, user_id)
);

CREATE INDEX organization_members_user_id_idx ON platform.organization_members (user_id);
CREATE INDEX organization_members_role_idx ON platform.organization_members (role);
CREATE INDEX organization_members_invited_by_idx ON platform.organization_members (invited_by);
CREATE INDEX organization_members_owners_idx ON platform.organization_members (organization_id) WHERE role = 'owner';

CREATE TRIGGER set_updated_at BEFORE UPDATE ON platform.organization_members
    FOR EACH ROW EXECUTE FUNCTION platform.set_updated_at();

COMMENT ON TABLE platform.organization_members IS 'Who belongs to an organization, in which role';

-- Who is in a project is in its organization too, and goes with that membership.
CREATE TABLE platform.project_members (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    project_id uuid NOT NULL,
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    role text NOT NULL CHECK (role IN ('owner', 'admin', 'developer', 'read_only')),
    added_by uuid REFERENCES platform.users (id) ON DELETE SET NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT project_members_project_id_user_id_key UNIQUE (project_id, user_id),
    CONSTRAINT project_members_project_fkey FOREIGN KEY (project_id, organization_id)
        REFERENCES platform.projects (id, organization_id) ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT project_members_membership_fkey FOREIGN KEY (organization_id, user_id)
        REFERENCES platform.organization_members (organization_id, user_id) ON DELETE CASCADE
);

CREATE INDEX project_members_organization_id_project_id_idx
    ON platform.project_members (organization_id, project_id);
CREATE INDEX project_members_organization_id_user_id_idx ON platform.project_members (organization_id, user_id);
CREATE INDEX project_members_user_id_idx ON platform.project_members (user_id);
CREATE INDEX project_members_role_idx ON platform.project_members (role);
CREATE INDEX project_members_added_by_idx ON platform.project_members (added_by);

CREATE TRIGGER set_updated_at BEFORE UPDATE ON platform.project_members
    FOR EACH ROW EXECUTE FUNCTION platform.set_updated_at();

COMMENT ON TABLE platform.project_members IS 'Who has access to a project beside the owners and admins of its organization';
