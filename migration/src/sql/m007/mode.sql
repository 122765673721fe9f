-- The operator's switch. The restrictive policies always stand; `permissive` and `shadow` put one beside them that
-- lets everything through, and PostgreSQL joins policies with OR.
CREATE TABLE platform_private.rls_mode (
    singleton bool PRIMARY KEY DEFAULT true CONSTRAINT rls_mode_singleton_check CHECK (singleton),
    mode text NOT NULL CONSTRAINT rls_mode_mode_check CHECK (mode IN ('permissive', 'shadow', 'restrictive')),
    changed_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE platform_private.rls_mode IS 'The mode of row-level security; one row';

CREATE FUNCTION platform_private.set_rls_mode(wanted text) RETURNS void
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
COMMENT ON FUNCTION platform_private.set_rls_mode(text) IS 'Switches row-level security between permissive, shadow and restrictive';
