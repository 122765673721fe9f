DO $$
DECLARE
    policy record;
BEGIN
    PERFORM platform_private.set_rls_mode('permissive');
    FOR policy IN
        SELECT schemaname, tablename, policyname FROM pg_policies
         WHERE schemaname = 'platform' AND policyname <> 'permissive_all'
    LOOP
        EXECUTE format('DROP POLICY %I ON %I.%I', policy.policyname, policy.schemaname, policy.tablename);
    END LOOP;
END $$;

DROP TRIGGER notify_change ON platform.audit_logs;
DROP TRIGGER notify_change ON platform.databases;
DROP TRIGGER notify_change ON platform.projects;
DROP TRIGGER notify_change ON platform.organizations;
DROP FUNCTION platform_private.notify_change();
DROP FUNCTION platform_private.set_rls_mode(text);
DROP TABLE platform_private.rls_mode;
DROP FUNCTION platform.current_database_ids_with(text);
DROP FUNCTION platform.current_project_ids_with(text);
DROP FUNCTION platform.current_org_ids_with(text);
DROP FUNCTION platform.current_org_ids();
DROP FUNCTION platform.current_active_user_id();
DROP FUNCTION platform.get_current_org_id();
DROP FUNCTION platform.get_current_user_id();
DROP TABLE platform_private.role_permissions;
