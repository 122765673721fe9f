DROP FUNCTION platform_private.current_rls_mode();
DROP FUNCTION platform_private.switch_rls_mode(text);

CREATE OR REPLACE FUNCTION platform_private.set_rls_mode(wanted text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    closed regclass;
BEGIN
    INSERT INTO platform_private.rls_mode (mode) VALUES (wanted)
        ON CONFLICT (singleton) DO UPDATE SET mode = excluded.mode, changed_at = now();
    FOR closed IN
        SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = 'platform' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
         ORDER BY c.relname
    LOOP
        EXECUTE format('DROP POLICY IF EXISTS permissive_all ON %s', closed);
        IF wanted <> 'restrictive' THEN
            EXECUTE format('CREATE POLICY permissive_all ON %s FOR ALL TO ogelbase_app USING (true) WITH CHECK (true)', closed);
        END IF;
    END LOOP;
END $$;

SELECT platform_private.set_rls_mode(mode) FROM platform_private.rls_mode;
