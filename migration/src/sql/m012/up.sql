-- Whoever is subscribed to a plan goes on seeing it when it is no longer offered: its limits still hold.
CREATE FUNCTION platform.current_plan_ids() RETURNS text[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN coalesce((
        SELECT array_agg(s.plan_id) FROM platform.subscriptions s
         WHERE s.organization_id = ANY ((SELECT platform.current_org_ids())::uuid[])), '{}'::text[]);
END $$;
COMMENT ON FUNCTION platform.current_plan_ids() IS 'Plans that organizations of this transaction''s user are subscribed to';
GRANT EXECUTE ON FUNCTION platform.current_plan_ids() TO ogelbase_app;

DROP POLICY billing_plans_select ON platform.billing_plans;
