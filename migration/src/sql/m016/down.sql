DROP FUNCTION platform.current_membership_ids();
-- As in 009.
CREATE OR REPLACE FUNCTION platform_private.memberships_of(
    session uuid, me uuid, narrowed uuid,
    OUT outcome text, OUT user_id uuid, OUT session_id uuid, OUT organization_id uuid,
    OUT organization_ids uuid[], OUT organization_roles text[], OUT project_ids uuid[], OUT project_roles text[])
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    outcome := 'ok';
    user_id := me;
    session_id := session;
    organization_id := narrowed;
    SELECT coalesce(array_agg(m.organization_id), '{}'), coalesce(array_agg(m.role), '{}')
      INTO organization_ids, organization_roles
      FROM platform.organization_members m
     WHERE m.user_id = me AND (narrowed IS NULL OR m.organization_id = narrowed);
    SELECT coalesce(array_agg(p.project_id), '{}'), coalesce(array_agg(p.role), '{}')
      INTO project_ids, project_roles
      FROM platform.project_members p
     WHERE p.user_id = me AND (narrowed IS NULL OR p.organization_id = narrowed);
END $$;
DROP TRIGGER check_mfa_required ON platform.organizations;
DROP FUNCTION platform_private.check_mfa_required();
DROP INDEX platform.organizations_mfa_required_idx;

DROP TRIGGER end_second_factor_tickets ON platform.users;
DROP FUNCTION
    platform_private.end_second_factor_tickets(),
    platform_private.complete_sign_in(text, bigint, text, uuid, text, text, timestamptz, inet, text, text),
    platform_private.record_second_factor_failure(uuid, inet, text, text),
    platform_private.try_second_factor_ticket(text),
    platform_private.open_second_factor_ticket(uuid, text, text, timestamptz, inet, text, text),
    platform_private.replace_recovery_codes(text, bigint, text, text[]),
    platform_private.disable_second_factor(text, bigint, text),
    platform_private.confirm_second_factor(text, bigint, text[], uuid),
    platform_private.enrol_second_factor(text, text),
    platform_private.own_second_factor(),
    platform_private.spend_second_factor(uuid, bigint, text),
    platform_private.count_second_factor_try(uuid);
DROP TABLE platform_private.second_factor_tries;

DROP FUNCTION
    platform_private.touch_session(uuid),
    platform_private.revoke_sessions(uuid),
    platform_private.revoke_session(uuid),
    platform_private.end_reused_session(text, inet, text, text),
    platform_private.refresh_session(text, text, text, inet, text, text);
DROP INDEX platform.user_sessions_user_id_created_at_id_idx;
CREATE INDEX user_sessions_user_id_created_at_idx ON platform.user_sessions (user_id, created_at DESC);
GRANT EXECUTE ON FUNCTION
    platform_private.open_session(uuid, uuid, text, text, text, timestamptz, inet, text, text) TO ogelbase_app;
