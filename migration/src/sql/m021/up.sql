-- As in 007, and besides: under `shadow` the policy that lets everything through stands aside where app.shadow is on,
-- which a server sets for the second run of a read; a mode that is set again keeps its time; servers are told.
CREATE OR REPLACE FUNCTION platform_private.set_rls_mode(wanted text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    closed regclass;
    passes text := CASE wanted
        WHEN 'shadow' THEN '(SELECT coalesce(current_setting(''app.shadow'', true), '''') <> ''on'')'
        ELSE 'true' END;
BEGIN
    INSERT INTO platform_private.rls_mode AS m (mode) VALUES (wanted)
        ON CONFLICT (singleton) DO UPDATE SET mode = excluded.mode, changed_at = now() WHERE m.mode <> excluded.mode;
    FOR closed IN
        SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = 'platform' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
         ORDER BY c.relname
    LOOP
        EXECUTE format('DROP POLICY IF EXISTS permissive_all ON %s', closed);
        IF wanted <> 'restrictive' THEN
            EXECUTE format('CREATE POLICY permissive_all ON %s FOR ALL TO ogelbase_app USING (%s) WITH CHECK (true)',
                           closed, passes);
        END IF;
    END LOOP;
    PERFORM pg_notify('ogelbase_rls_mode', wanted);
END $$;

-- The operator's way: the switch with its record.
CREATE FUNCTION platform_private.switch_rls_mode(wanted text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    former text;
BEGIN
    SELECT m.mode INTO former FROM platform_private.rls_mode m FOR UPDATE;
    PERFORM platform_private.set_rls_mode(wanted);
    PERFORM platform_private.record_audit(
        organization_id => NULL, project_id => NULL, event_type => 'rls.mode_changed', resource_type => 'rls_mode',
        resource_id => NULL, action => 'update', actor_label => 'operator',
        metadata => jsonb_build_object('before', jsonb_build_object('mode', former),
                                       'after', jsonb_build_object('mode', wanted)),
        severity => CASE wanted WHEN 'restrictive' THEN 'info' ELSE 'warning' END);
END $$;
COMMENT ON FUNCTION platform_private.switch_rls_mode(text) IS 'Switches the mode of row-level security and puts that on record';

-- Servers ask under the application role.
CREATE FUNCTION platform_private.current_rls_mode() RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT m.mode FROM platform_private.rls_mode m);
END $$;
COMMENT ON FUNCTION platform_private.current_rls_mode() IS 'The mode of row-level security';
GRANT EXECUTE ON FUNCTION platform_private.current_rls_mode() TO ogelbase_app;

SELECT platform_private.set_rls_mode(mode) FROM platform_private.rls_mode;
