-- An organization that asks its members for a second factor: who has none sees the organization and that they belong to
-- it, and their role grants nothing there. Both walls say so: the roles that the server's guards see, and the sets that
-- the policies compare with. Few organizations ask for it, so they are told by a small index; who has a factor is not
-- looked up in it at all.
CREATE INDEX organizations_mfa_required_idx ON platform.organizations (id) WHERE mfa_required;

-- Whoever switches it on must have it; else they would lock themselves out, and could ask of others what they do not do.
CREATE FUNCTION platform_private.check_mfa_required() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF current_setting('role') = 'ogelbase_app' AND NOT EXISTS (
        SELECT FROM platform.users u WHERE u.id = platform.current_active_user_id() AND u.mfa_enabled)
    THEN
        RAISE EXCEPTION 'a second factor is asked of others by who has one'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'organizations_mfa_required_by_enrolled';
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION platform_private.check_mfa_required() IS 'Lets only who has a second factor ask it of an organization''s members';
CREATE TRIGGER check_mfa_required BEFORE UPDATE OF mfa_required ON platform.organizations
    FOR EACH ROW WHEN (NEW.mfa_required AND NOT OLD.mfa_required)
    EXECUTE FUNCTION platform_private.check_mfa_required();

-- A role that is null grants nothing.
CREATE OR REPLACE FUNCTION platform_private.memberships_of(
    session uuid, me uuid, narrowed uuid,
    OUT outcome text, OUT user_id uuid, OUT session_id uuid, OUT organization_id uuid,
    OUT organization_ids uuid[], OUT organization_roles text[], OUT project_ids uuid[], OUT project_roles text[])
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    withheld uuid[] := '{}';
BEGIN
    outcome := 'ok';
    user_id := me;
    session_id := session;
    organization_id := narrowed;
    IF NOT (SELECT u.mfa_enabled FROM platform.users u WHERE u.id = me) THEN
        withheld := ARRAY(
            SELECT o.id FROM platform.organization_members m
              JOIN platform.organizations o ON o.id = m.organization_id AND o.mfa_required
             WHERE m.user_id = me);
    END IF;
    SELECT coalesce(array_agg(m.organization_id), '{}'),
           coalesce(array_agg(CASE WHEN m.organization_id <> ALL (withheld) THEN m.role END), '{}')
      INTO organization_ids, organization_roles
      FROM platform.organization_members m
     WHERE m.user_id = me AND (narrowed IS NULL OR m.organization_id = narrowed);
    SELECT coalesce(array_agg(p.project_id), '{}'), coalesce(array_agg(p.role), '{}')
      INTO project_ids, project_roles
      FROM platform.project_members p
     WHERE p.user_id = me AND (narrowed IS NULL OR p.organization_id = narrowed)
       AND p.organization_id <> ALL (withheld);
END $$;

-- All that one belongs to, also where one's role grants nothing for the moment.
CREATE FUNCTION platform.current_membership_ids() RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me uuid := platform.current_active_user_id();
    narrowed uuid := nullif(current_setting('app.current_org_id', true), '')::uuid;
BEGIN
    RETURN ARRAY(
        SELECT m.organization_id FROM platform.organization_members m
         WHERE m.user_id = me AND (narrowed IS NULL OR m.organization_id = narrowed));
END $$;
COMMENT ON FUNCTION platform.current_membership_ids()
    IS 'Organizations that the user of this transaction belongs to, those included that want a second factor first';
GRANT EXECUTE ON FUNCTION platform.current_membership_ids() TO ogelbase_app;
